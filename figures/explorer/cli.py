"""The sub-command `explore`."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from convergen.theory.cli.options.source_flags import Given, source_words, takes_source_options
from convergen.theory.messages.optional_packages import package_missing


def register(app: typer.Typer) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    """

    @app.command()
    @takes_source_options()
    def explore(
        given: Given,
        source: Annotated[
            str, typer.Argument(metavar="SOURCE", help=source_words(), show_default=False)
        ] = "spiked",
        ridge: Annotated[float, typer.Option(help="Ridge added to the sample covariance.")] = 0.0,
        population: Annotated[
            bool,
            typer.Option("--population", help="The data are all there is, not a sample of more."),
        ] = False,
        port: Annotated[
            int, typer.Option(help="Port of the page; 0: any free one.", min=0, max=65535)
        ] = 5006,
        browser: Annotated[
            bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
        ] = True,
    ) -> None:
        """Open a local page: move sliders and spikes, see the curves move."""
        try:
            import bokeh  # noqa: F401
        except ModuleNotFoundError as error:
            raise package_missing("explore", "bokeh", "explore") from error
        from convergen.figures.explorer.answers.state import State
        from convergen.figures.explorer.serving.server import HOST, make_server

        state = State.of(source, given, ridge=ridge, population=population)
        state.open()
        server = make_server(port)
        address = f"http://{HOST}:{server.port}/?{state.query()}"
        print(f"{address}\nShown on this computer only; end with Ctrl-C.", flush=True)
        server.start()
        if browser:
            import webbrowser

            server.io_loop.call_later(0.0, webbrowser.open, address)
        try:
            with contextlib.suppress(KeyboardInterrupt):  # the way to end it
                server.io_loop.start()
        finally:
            server.stop()
