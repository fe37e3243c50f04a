"""The command line: a thin front door to the sub-commands of the packages.

Everything heavy is imported inside the commands, so that ``convergen --help`` is immediate.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from convergen.theory.messages.terminal import one_line, prepare_streams

if TYPE_CHECKING:
    import typer
    import xarray as xr

    from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
    from convergen.empirical.diagnose.verdict.diagnose import Diagnosis
    from convergen.empirical.experiment.declaration import Experiment
    from convergen.theory.cli.report import Findings
    from convergen.theory.files.atomic_files import Written

REFUSED, INTERRUPTED, READER_GONE = 2, 128 + signal.SIGINT, 141


def main() -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0, the work is done; 1, some of it is unfinished, as the messages say; 2, it cannot
    be done as asked or the system refused (one line on standard error); 130 and 143, interrupted;
    141, the reader of standard output went away. An error of our own is shown whole, with code 1.
    """
    prepare_streams()
    try:
        before = signal.signal(signal.SIGINT, _interrupt)
        code = _run(sys.argv[1:] or ["--help"])
        sys.stdout.flush()
        # No further interrupt may disturb the end of a process that was interrupted.
        signal.signal(signal.SIGINT, signal.SIG_IGN if code >= INTERRUPTED else before)
    except KeyboardInterrupt:
        # The interpreter puts a handler of ours back to the default while it ends, but not this.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _say("interrupted")
        code = INTERRUPTED
    except OSError as error:
        code = _refused_by_the_system(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run one command and say what is wrong with what was asked for."""
    import typer

    from convergen.theory.cli.source_flags import spelling
    from convergen.theory.common.checks import InputError
    from convergen.theory.messages.option_errors import OptionError

    try:
        command = typer.main.get_command(build())
        if "_CONVERGEN_COMPLETE" in os.environ:  # a shell asks what may follow
            return int(command.main(arguments, "convergen", standalone_mode=False) or 0)
        with command.make_context("convergen", arguments) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except OptionError as error:
        _say(f"error: {error.spelt(spelling)}")
    except InputError as error:
        _say(f"error: {error}")
    except MemoryError as error:
        _say(f"error: not enough memory ({error}): use fewer dimensions or samples.")
    except typer.TyperException as error:
        _say(f"error: {' '.join(error.format_message().split())}")
        return getattr(error, "exit_code", REFUSED)
    else:
        return 0
    return REFUSED


def build() -> typer.Typer:
    """Assemble the application.

    Returns
    -------
    typer.Typer
    """
    import typer

    from convergen import doctor
    from convergen.empirical.cli import forecast, measure, options, train, validate
    from convergen.figures.explorer import cli as explorer
    from convergen.figures.making import cli as figures
    from convergen.theory.cli import collapse, plan, predict_and_simulate

    app = typer.Typer(
        name="convergen",
        help="How much data until a generative model stops memorising, converges and has learnt "
        "the latent factors.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def about(
        version: bool = typer.Option(
            False, "--version", help="Print the version.", callback=_version, is_eager=True
        ),
    ) -> None:
        pass

    untrained = partial(forecast.say_untrained, _draw_forecast, _forecast_page)
    predict_and_simulate.register(app, _draw, _prediction_page, untrained)
    plan.register(app, _draw_plan)
    collapse.register(app, _draw_collapse)
    train.register(app)
    validate.register(app, _draw_validation, _validation_page)
    forecast.register(app, _draw_forecast, _forecast_page)
    options.register(app)
    measure.register(app, _diagnosis_page, _draw_checkpoints)
    figures.register(app)
    explorer.register(app)
    doctor.register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        import typer

        from convergen import __version__

        print(f"convergen {__version__}")
        raise typer.Exit


def _draw(curves: xr.Dataset, points: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.curves import draw

    return save(draw(curves, points), path)


def _draw_collapse(curves: xr.Dataset, _: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.collapse import draw

    return save(draw(curves), path)


def _draw_plan(curves: xr.Dataset, rows: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.plan import draw

    assert rows is not None
    return save(draw(rows, curves), path)


def _draw_validation(found: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.validation import draw

    return save(draw(found), path)


def _draw_forecast(found: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.forecast import draw

    return save(draw(found), path)


def _draw_checkpoints(curves: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.checkpoints import draw

    return save(draw(curves), path)


def _diagnosis_page(found: Diagnosis, checkpoints: Checkpoints | None) -> str:
    from convergen.figures.pages.diagnosis import page

    return page(found, _typed(), checkpoints)


def _prediction_page(found: Findings, curves: xr.Dataset) -> str:
    from convergen.figures.pages.prediction import page

    return page(found, curves, _typed())


def _forecast_page(title: str, found: xr.Dataset) -> str:
    from convergen.figures.pages.forecast import page

    return page(title, found, _typed())


def _validation_page(experiment: Experiment, found: xr.Dataset, onsets: xr.Dataset | None) -> str:
    from convergen.figures.pages.validation import page

    return page(experiment, found, onsets, _typed())


def _typed() -> str:
    """What the user typed, for the pages that say how they were made."""
    return shlex.join(["convergen", *sys.argv[1:]])


def _say(message: str) -> None:
    """One line on standard error, if anybody can still read it."""
    try:
        print(f"convergen: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:
        _silence("stderr")


def _refused_by_the_system(error: OSError) -> int:
    """Say what the system refused; nothing where it is that nobody reads our output any more."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence("stdout")
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    _say(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    return REFUSED


def _silence(name: str) -> None:
    """Point a stream that cannot be written to at nothing, or the end of Python complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), getattr(sys, name).fileno())


def _interrupt(number: int, frame: object) -> NoReturn:
    """End the command in order; an interrupt more than a second later ends the process at once."""
    first = time.monotonic()

    def again(number: int, frame: object) -> None:
        if time.monotonic() > first + 1.0:
            os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, again)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
