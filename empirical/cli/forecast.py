"""The sub-command `forecast`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convergen.empirical.cli.validate import Draw
from convergen.theory.cli.options.flags import Json
from convergen.theory.cli.options.targets import Html, Out, Plot, Targets
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr

# Makes a forecast and its title into HTML; handed in like what draws.
Page = Callable[[str, "xr.Dataset"], str]


def register(app: typer.Typer, draw: Draw, page: Page) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    draw : callable
        Draws and saves a figure.
    page : callable
        Makes HTML.
    """

    @app.command()
    def forecast(
        run: Annotated[
            Path,
            typer.Argument(metavar="RUN", help="Folder of a run, or its result.nc."),
        ],
        samples: Annotated[
            str | None,
            typer.Option(
                help="n of the forecast, such as 64,256.  [default: powers of 4]",
            ),
        ] = None,
        calibrate_at: Annotated[
            int | None,
            typer.Option(help="n of the pair that it rests on.  [default: 16]"),
        ] = None,
        images: Annotated[
            int | None,
            typer.Option(help="Another training: images that each network sees.", min=1),
        ] = None,
        json: Json = False,
        out: Out = None,
        plot: Plot = None,
        html: Html = None,
    ) -> None:
        """Forecast a network at larger n from one trained pair."""
        files = Targets(out, plot, html)
        from convergen.empirical.cli.validate import run_and_result
        from convergen.empirical.forecast.requests import forecast_run

        source, result = run_and_result(run)
        n = None if samples is None else whole_numbers(samples, "--samples")
        found = forecast_run(source, result, calibrate_at=calibrate_at, samples=n, images=images)
        model, data = source.experiment.model["name"], source.experiment.data["kind"]
        _say(f"{Path(model).name} on {data}, forecast", found, draw, page, json, files)


def say_untrained(
    draw: Draw,
    page: Page,
    data: Mapping[str, Any],
    network: str,
    images: int | None,
    samples: str | None,
    seed: int,
    json: bool,
    files: Targets,
) -> None:
    """Forecast a network that was not trained on the data, and print it.

    Parameters
    ----------
    draw : callable
        Draws and saves a figure.
    page : callable
        Makes HTML.
    data : mapping
        ``kind`` and options of the data.
    network : str
        Name of a network.
    images : int or None
        Budget of its training.
    samples : str or None
        List of n.
    seed : int
        Of the splits.
    json : bool
        Print JSON.
    files : Targets
        What is written.
    """
    from convergen.empirical.forecast.requests import forecast_untrained

    n = None if samples is None else whole_numbers(samples, "--samples")
    found = forecast_untrained(data, network, images=images, samples=n, seed=seed)
    _say(f"{network} on {data['kind']}, forecast without training", found, draw, page, json, files)


def _say(title: str, found: xr.Dataset, draw: Draw, page: Page, json: bool, files: Targets) -> None:
    """Print a forecast and write the files that were asked for."""
    from convergen.empirical.forecast.report import forecast_json, forecast_text

    files.save(lambda: found)
    files.draw(lambda path: draw(found, path))
    files.write_page(lambda: page(title, found))
    print(json_format.dumps(forecast_json(found)) if json else forecast_text(title, found))
    files.say(json=json)


def whole_numbers(text: str, name: str) -> list[int]:
    """Numbers of a list like 4,16,64.

    Parameters
    ----------
    text : str
        The list.
    name : str
        Of the option.

    Returns
    -------
    list of int

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"cannot read {name} {text!r}: write whole numbers like 4,16,64."
        ) from None
