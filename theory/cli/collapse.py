"""The sub-command `collapse`."""

from __future__ import annotations

import json as json_format
from typing import Annotated

import typer

from convergen.theory.cli.options import flags
from convergen.theory.cli.options.source_flags import Given, SourceArgument, takes_source_options
from convergen.theory.cli.options.targets import Draw, Out, Plot, Targets


def register(app: typer.Typer, draw: Draw) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    draw : callable
        Draws and saves a figure; handed in, since theory knows nothing of pictures.
    """

    @app.command()
    @takes_source_options()
    def collapse(
        source: SourceArgument = "digits",
        *,
        given: Given,
        samples: flags.Samples = None,
        sigma: Annotated[
            str | None,
            typer.Option(help="Noise levels, 0.1,1 or START:STOP:COUNT."),
        ] = None,
        agreement: Annotated[
            bool,
            typer.Option(
                "--agreement",
                help="Also from which n two empirical scores agree (up to half a minute).",
            ),
        ] = False,
        seed: flags.Seed = 0,
        json: flags.Json = False,
        out: Out = None,
        plot: Plot = None,
    ) -> None:
        """Say below which noise the empirical score repeats its data.

        Beside it, what the linear model needs at the same noise.
        """
        files = Targets(out, plot)
        from convergen.theory.cli.options.grids import (
            collapse_samples,
            collapse_sigmas,
            parse_levels,
            parse_samples,
        )
        from convergen.theory.cli.options.remarks import say_remarks
        from convergen.theory.cli.reports import collapse_report
        from convergen.theory.forecast.predict_collapse import forecast_collapse
        from convergen.theory.sources.naming import open_source

        found = open_source(source, given)
        say_remarks([found.record])
        n = collapse_samples(found) if samples is None else parse_samples(samples)
        levels = collapse_sigmas(found) if sigma is None else parse_levels(sigma, "--sigma")
        result = forecast_collapse(
            found.law, found.spectrum, n, levels, seed=seed, agreement=agreement
        )
        files.save(result.dataset)
        files.draw(lambda path: draw(result.dataset(), None, path))
        if json:
            print(json_format.dumps(collapse_report.collapse_json(source, result)))
        else:
            print(collapse_report.collapse_text(found.spectrum, result))
        files.say(json=json)
