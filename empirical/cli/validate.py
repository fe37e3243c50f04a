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

    from convergen.theory.common.atomic_files import Written

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
        from convergen.theory.common.atomic_files import save_dataset

        result_path = run / "result.nc" if run.is_dir() or not run.exists() else run
        home = result_path.parent
        data_path = out or home / "validation.nc"
        picture = plot or home / "validation.pdf"
        if not result_path.is_file():
            raise InputError(
                f"{run} holds no result.nc: give the folder of a finished `convergen train`."
            )
        check_targets(data_path, picture)
        from convergen.empirical.experiment.declaration import Experiment
        from convergen.empirical.storage.netcdf import load_netcdf
        from convergen.empirical.validate.report import validation_json, validation_text
        from convergen.empirical.validate.validate import validate as compare

        result = load_netcdf(result_path)
        if "experiment" not in result.attrs:
            raise InputError(f"{result_path} is not the result of an experiment: give another.")
        experiment = Experiment.from_config(json_format.loads(result.attrs["experiment"]))
        found = compare(experiment, result)
        files = [save_dataset(found, data_path), draw(found, picture)]
        if json:
            print(json_format.dumps(validation_json(experiment, found)))
        else:
            print(validation_text(experiment, found))
        say_written(files, json=json)
