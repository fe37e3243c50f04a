"""The sub-command `plan`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.cli.options import flags
from convergen.theory.cli.options.source_flags import Given, SourceArgument, takes_source_options
from convergen.theory.cli.options.targets import Draw, Html, Out, Plot, Targets
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.forecast.planning.plan import PlanAnswer
    from convergen.theory.forecast.planning.request import PlanRequest
    from convergen.theory.pilot.population import Population
    from convergen.theory.quantities.labelled import Labelled
    from convergen.theory.spectra.spectrum import Spectrum


# Makes a plan and its curves into HTML.
Page = Callable[["PlanRequest", "Labelled", "PlanAnswer", "xr.Dataset"], str]


def register(app: typer.Typer, draw: Draw, page: Page) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    draw : callable
        Draws and saves a figure; handed in, since theory knows nothing of pictures.
    page : callable
        Returns a plan as HTML.
    """

    @app.command()
    @takes_source_options()
    def plan(
        source: SourceArgument,
        given: Given,
        have: Annotated[
            float | None,
            typer.Option(help="Samples at hand  [default: all points of the data]"),
        ] = None,
        budget: Annotated[
            float | None,
            typer.Option(help="What further samples may cost; without a cost, how many."),
        ] = None,
        cost_per_sample: Annotated[
            float | None, typer.Option(help="Cost of each further sample  [default: 1]")
        ] = None,
        want: Annotated[
            list[str] | None,
            typer.Option(
                metavar="NAME=LEVEL",
                help="convergence=0.95, convergence-to-truth=0.9, factor=5 or test-error=1.05 "
                "(times its limit); repeat for more.",
            ),
        ] = None,
        sigma: Annotated[
            float | None,
            typer.Option(
                help="Noise level of the test error, data units  [default: the root mean square "
                "of a coordinate]"
            ),
        ] = None,
        factors: Annotated[
            int, typer.Option(help="Leading latent factors to follow, as far as they show.", min=1)
        ] = 10,
        seed: flags.Seed = 0,
        json: flags.Json = False,
        out: Out = None,
        plot: Plot = None,
        html: Html = None,
    ) -> None:
        """Say what further samples would gain, and how many a wish takes."""
        files = Targets(out, plot, html)
        from convergen.theory.cli.options.remarks import say_remarks
        from convergen.theory.cli.reports import plan_report
        from convergen.theory.forecast.planning import plan as planning
        from convergen.theory.forecast.planning.request import PlanRequest
        from convergen.theory.forecast.planning.wishes import parse_wishes
        from convergen.theory.sources.naming import open_source

        wishes = [wish.name for wish in parse_wishes(want or ())]
        if cost_per_sample is not None and budget is None and not wishes:
            raise InputError(
                "--cost-per-sample prices a --budget or a --want: give one of them, or leave it "
                "out."
            )
        found = open_source(source, given)
        say_remarks([found.record])
        if found.data is None:
            if have is None:
                raise InputError(
                    f"the law of {source!r} is known and has no sample to start from: give the "
                    "samples at hand as --have."
                )
            law: Spectrum | Population = found.spectrum
        else:
            from convergen.theory.forecast.pilot import estimate

            law = estimate(found.data, found.label, seed)
        cost = 1.0 if cost_per_sample is None else cost_per_sample
        request = PlanRequest.of(
            law, have=have, budget=budget, cost_per_sample=cost, wishes=wishes, sigma=sigma,
            factors=factors,
        )  # fmt: skip
        result, answer = planning.planned(request)
        files.save(result.dataset)
        if plot or html:
            curves = planning.smooth_curves(request).dataset()
            files.draw(lambda path: draw(curves, result.dataset(), path))
            files.write_page(lambda: page(request, result, answer, curves))
        if json:
            print(json_format.dumps(plan_report.plan_json(source, request, result)))
        else:
            print(plan_report.plan_text(request, result, answer))
        files.say(json=json)
