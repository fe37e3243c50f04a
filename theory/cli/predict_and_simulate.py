"""The sub-commands `predict` and `simulate`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.cli.options.flags import (
    Factors,
    Json,
    Levels,
    NetworkImages,
    Ridge,
    Samples,
    Seed,
    check_budget,
)
from convergen.theory.cli.options.source_flags import (
    Given,
    SourceArgument,
    takes_source_options,
)
from convergen.theory.cli.options.targets import Draw, Html, Out, Plot, Targets
from convergen.theory.common.checks import InputError
from convergen.theory.messages.optional_packages import package_missing

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.cli.reports.report import Findings

# Prints the forecast of a trained network: data, network, images, samples, seed, json, targets.
NetworkForecast = Callable[..., None]
# Makes a prediction and its smooth curves into HTML; handed in like everything that draws.
Page = Callable[["Findings", "xr.Dataset"], str]


def register(app: typer.Typer, draw: Draw, page: Page, network_forecast: NetworkForecast) -> None:
    """Add the commands to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    draw : callable
        Draws and saves a figure; handed in, since theory knows nothing of pictures.
    page : callable
        Makes the page of a prediction, likewise.
    network_forecast : callable
        Forecasts a trained network; handed in, since theory knows nothing of networks.
    """

    @app.command()
    @takes_source_options()
    def predict(
        source: SourceArgument,
        given: Given,
        samples: Samples = None,
        factors: Factors = 3,
        ridge: Ridge = 0.0,
        level: Levels = None,
        seed: Seed = 0,
        population: Annotated[
            bool,
            typer.Option("--population", help="The data are all there is, not a sample of more."),
        ] = False,
        network: Annotated[
            str | None,
            typer.Option(help="Forecast a network of the package, such as unet."),
        ] = None,
        images: NetworkImages = None,
        json: Json = False,
        out: Annotated[
            Path | None,
            typer.Option(help="Compute and save all quantities (.nc)."),
        ] = None,
        plot: Plot = None,
        html: Html = None,
    ) -> None:
        """Predict memorisation, convergence and recovery of factors."""
        files = Targets(out, plot, html)
        if network is not None:
            from convergen.theory.sources.naming import meaning

            data = {**meaning(source), **given}
            network_forecast(data, network, images, samples, seed, json, files)
            return
        check_budget(images, network)
        from convergen.theory.cli.options.grids import default_samples, parse_samples
        from convergen.theory.cli.options.remarks import say_remarks
        from convergen.theory.cli.reports import report
        from convergen.theory.forecast import predict as prediction
        from convergen.theory.forecast.subject import Subject
        from convergen.theory.sources.naming import open_source

        found = open_source(source, given)
        say_remarks([found.record])
        n = default_samples(found, simulation=False) if samples is None else parse_samples(samples)
        subject = Subject.of(found, population=population, seed=seed)
        levels = tuple(level or prediction.LEVELS)
        request = subject.request(n, factors=factors, ridge=ridge, levels=levels, seed=seed)
        main = prediction.main_names()
        # The table has the law of the data alone, files the Gaussian one beside it.
        kept = bool(out or plot or html or json)
        result, answer = subject.forecast(request, None if out else main, gaussian=kept)
        files.save(result.dataset)
        if plot or html:
            smooth = replace(request, samples=prediction.dense_grid(n))
            lines, _ = subject.forecast(smooth, main, gaussian=False)
            curves = lines.dataset()
            files.draw(lambda path: draw(curves, None, path))
            findings = report.Findings(source, subject.spectrum, result, answer)
            files.write_page(lambda: page(findings, curves))
        if json:
            print(json_format.dumps(report.prediction_json(source, subject.spectrum, result)))
        else:
            print(report.prediction_text(subject.spectrum, result, answer))
        files.say(json=json)

    @app.command()
    @takes_source_options()
    def simulate(
        source: SourceArgument,
        given: Given,
        samples: Samples = None,
        factors: Factors = 3,
        ridge: Ridge = 0.0,
        repeats: Annotated[int, typer.Option(help="Pairs of training sets for each n.")] = 20,
        seed: Seed = 0,
        workers: Annotated[int, typer.Option(help="Threads.")] = 1,
        scheduler: Annotated[
            str | None,
            typer.Option(help="Address of a Dask scheduler to use instead."),
        ] = None,
        full: Annotated[
            bool, typer.Option("--full", help="Leading-factor distances and denoisers too; slower.")
        ] = False,
        json: Json = False,
        out: Out = None,
        plot: Plot = None,
    ) -> None:
        """Measure finite models and hold them against the prediction.

        Training sets drawn from an analytic source, disjoint subsets of a data set.
        """
        files = Targets(out, plot)
        from convergen.theory.cli.options.grids import default_samples, parse_samples
        from convergen.theory.cli.options.remarks import say_remarks
        from convergen.theory.cli.reports import simulation_report
        from convergen.theory.finite_size import simulate as simulation
        from convergen.theory.finite_size.predict_subsets import forecast_subsets
        from convergen.theory.forecast import predict as prediction
        from convergen.theory.sources.naming import open_source

        found = open_source(source, given)
        say_remarks([found.record])
        n = default_samples(found, simulation=True) if samples is None else parse_samples(samples)
        result = simulation.simulated(
            found.law,
            n,
            factors=factors,
            ridge=ridge,
            quantities=simulation.measurable(slow=full, by_noise=full),
            repeats=repeats,
            seed=seed,
            workers=workers,
            executor=_dask(scheduler) if scheduler else None,
            source=found.spectrum.source,
        )
        files.save(result.dataset)
        if plot:
            smooth = prediction.Request.of(
                found.spectrum, prediction.dense_grid(n), factors=factors, ridge=ridge, seed=seed
            )
            total, tau = None, None
            if found.data is not None:
                from convergen.theory.pilot.amplitudes import amplitudes_of

                total, tau = len(found.data), amplitudes_of(found.data, found.spectrum)
            curves = forecast_subsets(smooth, total, prediction.main_names(), tau)
            files.draw(lambda path: draw(curves.dataset(), result.dataset(), path))
        if json:
            print(json_format.dumps(simulation_report.simulation_json(source, result)))
        else:
            print(simulation_report.simulation_text(found.spectrum, result))
        files.say(json=json)


def _dask(address: str):  # type: ignore[no-untyped-def]
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise package_missing("--scheduler", "distributed", "cluster") from error
    try:
        return Client(address, timeout="10s").get_executor()
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address!r}: check the address.") from error
