"""The sub-command `forecast`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
        from convergen.theory.cli.targets import check_targets, say_written

        check_targets(out, plot)
        from convergen.empirical.cli.validate import run_and_result
        from convergen.empirical.forecast.report import forecast_json, forecast_text
        from convergen.empirical.forecast.requests import forecast_run
        from convergen.theory.files.netcdf_files import save_dataset

        source, result = run_and_result(run)
        n = None if samples is None else whole_numbers(samples, "--samples")
        found = forecast_run(source, result, calibrate_at=calibrate_at, samples=n, images=images)
        files = [save_dataset(found, out)] if out else []
        if plot:
            files.append(draw(found, plot))
        if json:
            print(json_format.dumps(forecast_json(found)))
        else:
            model, data = source.experiment.model["name"], source.experiment.data["kind"]
            print(forecast_text(f"{Path(model).name} on {data}, forecast", found))
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
