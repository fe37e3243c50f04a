"""The sub-command `validate`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.cli.options.flags import Json
from convergen.theory.cli.options.targets import Html, Targets
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.declared.declaration import Experiment
    from convergen.empirical.experiment.run import Run
    from convergen.theory.files.atomic_files import Written

# Draws a result into a file; handed in, since this package knows nothing of pictures.
Draw = Callable[["xr.Dataset", Path], "Written"]
# Makes a validation into HTML: what was trained, what was found, onsets of memorisation.
Page = Callable[["Experiment", "xr.Dataset", "xr.Dataset | None"], str]


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
    def validate(
        run: Annotated[
            Path,
            typer.Argument(metavar="RUN", help="Folder of a run, or its result.nc."),
        ],
        json: Json = False,
        out: Annotated[
            Path | None,
            typer.Option(help="Save as netCDF  [default: RUN/validation.nc]"),
        ] = None,
        plot: Annotated[
            Path | None,
            typer.Option(help="Draw a figure  [default: RUN/validation.pdf]"),
        ] = None,
        html: Html = None,
    ) -> None:
        """Hold trained models against every theory that applies."""
        home = _home(run)
        files = Targets(out or home / "validation.nc", plot or home / "validation.pdf", html)
        from convergen.empirical.validate import memorisation_report as onsets
        from convergen.empirical.validate.report import validation_json, validation_text
        from convergen.empirical.validate.requests import validate_run

        source, result = run_and_result(run)
        found = validate_run(source, result)
        times, refusal = onsets.onsets(source, result)
        files.save(lambda: found)
        files.draw(lambda path: draw(found, path))
        files.write_page(lambda: page(source.experiment, found, times))
        if json:
            numbers = validation_json(source.experiment, found) | onsets.onsets_json(times)
            print(json_format.dumps(numbers))
        else:
            print(validation_text(source.experiment, found) + onsets.onsets_text(times, refusal))
        files.say(json=json)


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
