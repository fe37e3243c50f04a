"""The sub-command `forecast`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.files.atomic_files import Written

# Draws a forecast into a file; handed in, since this package knows nothing of pictures.
Draw = Callable[["xr.Dataset", Path], "Written"]


def register(app: typer.Typer, draw: Draw) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    draw : callable
        Draws and saves a figure.
    """

    @app.command()
    def forecast(
        run: Annotated[
            Path,
            typer.Argument(
                metavar="RUN", help="Folder of a run, or its result.nc.", show_default=False
            ),
        ],
        samples: Annotated[
            str | None,
            typer.Option(help="n, 64,256  [default: powers of 4]", show_default=False),
        ] = None,
        calibrate_at: Annotated[
            int | None,
            typer.Option(help="n of the trained pair  [default: 16]", show_default=False),
        ] = None,
        images: Annotated[
            int | None,
            typer.Option(help="Another budget of training, images.", min=1, show_default=False),
        ] = None,
        json: Annotated[
            bool, typer.Option("--json", help="Print one JSON object instead of a table.")
        ] = False,
        out: Annotated[
            Path | None, typer.Option(help="Save as netCDF (.nc).", show_default=False)
        ] = None,
        plot: Annotated[
            Path | None, typer.Option(help="Draw a figure (.pdf, .png, .svg).", show_default=False)
        ] = None,
    ) -> None:
        """Forecast a trained network at larger n, from one pair trained at small n."""
        from convergen.theory.cli.targets import check_targets

        check_targets(out, plot)
        from convergen.empirical.cli.validate import run_and_result
        from convergen.empirical.forecast.requests import forecast_run

        source, result = run_and_result(run)
        n = None if samples is None else whole_numbers(samples, "--samples")
        found = forecast_run(source, result, calibrate_at=calibrate_at, samples=n, images=images)
        model, data = source.experiment.model["name"], source.experiment.data["kind"]
        _say(f"{Path(model).name} on {data}, forecast", found, draw, json, out, plot)


def say_untrained(
    draw: Draw,
    data: Mapping[str, Any],
    network: str,
    images: int | None,
    samples: str | None,
    seed: int,
    json: bool,
    out: Path | None,
    plot: Path | None,
) -> None:
    """Forecast a network that was not trained on the data, and print it.

    Parameters
    ----------
    draw : callable
        Draws and saves a figure.
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
    out, plot : Path or None
        Files.
    """
    from convergen.empirical.forecast.requests import forecast_untrained

    n = None if samples is None else whole_numbers(samples, "--samples")
    found = forecast_untrained(data, network, images=images, samples=n, seed=seed)
    _say(f"{network} on {data['kind']}, forecast without training", found, draw, json, out, plot)


def _say(
    title: str, found: xr.Dataset, draw: Draw, json: bool, out: Path | None, plot: Path | None
) -> None:
    """Print a forecast and write the files that were asked for."""
    from convergen.empirical.forecast.report import forecast_json, forecast_text
    from convergen.theory.cli.targets import say_written
    from convergen.theory.files.netcdf_files import save_dataset

    files = [save_dataset(found, out)] if out else []
    if plot:
        files.append(draw(found, plot))
    print(json_format.dumps(forecast_json(found)) if json else forecast_text(title, found))
    say_written(files, json=json)


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
