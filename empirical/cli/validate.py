"""The sub-command `validate`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run
    from convergen.theory.files.atomic_files import Written

# Draws a validation into a file; handed in, since this package knows nothing of pictures.
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
    def validate(
        run: Annotated[
            Path,
            typer.Argument(
                metavar="RUN", help="Folder of a run, or its result.nc.", show_default=False
            ),
        ],
        json: Annotated[
            bool, typer.Option("--json", help="Print one JSON object instead of a table.")
        ] = False,
        out: Annotated[
            Path | None,
            typer.Option(help="Save as netCDF  [default: RUN/validation.nc]", show_default=False),
        ] = None,
        plot: Annotated[
            Path | None,
            typer.Option(help="Draw a figure  [default: RUN/validation.pdf]", show_default=False),
        ] = None,
    ) -> None:
        """Hold trained models against every theory that applies, for each n."""
        from convergen.theory.cli.targets import check_targets, say_written
        from convergen.theory.files.netcdf_files import save_dataset

        home = _home(run)
        data_path = out or home / "validation.nc"
        picture = plot or home / "validation.pdf"
        check_targets(data_path, picture)
        from convergen.empirical.validate.memorisation_report import (
            training_time_json,
            training_time_text,
        )
        from convergen.empirical.validate.report import validation_json, validation_text
        from convergen.empirical.validate.requests import validate_run

        source, result = run_and_result(run)
        found = validate_run(source, result)
        files = [save_dataset(found, data_path), draw(found, picture)]
        if json:
            numbers = validation_json(source.experiment, found) | training_time_json(source, result)
            print(json_format.dumps(numbers))
        else:
            print(validation_text(source.experiment, found) + training_time_text(source, result))
        say_written(files, json=json)


def _home(path: Path) -> Path:
    """Folder of a run or of a result."""
    try:
        if not path.exists():
            raise InputError(f"there is no {path}: give the folder of a finished convergen train.")
        return path if path.is_dir() else path.parent
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}.") from error


def run_and_result(path: Path) -> tuple[Run, xr.Dataset]:
    """Open the run and the result of a folder, or of a result that lies anywhere.

    Parameters
    ----------
    path : Path
        Folder of a run, or a result.

    Returns
    -------
    tuple of Run and xarray.Dataset
        Both are verified.
    """
    from convergen.empirical.experiment.run import Run
    from convergen.theory.files.netcdf_files import load_dataset

    if path.is_dir():
        run = Run.open(path)
        return run, run.result()
    result = load_dataset(path)
    return Run.behind(result, str(path)), result
