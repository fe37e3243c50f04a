"""Experiments whose results come with the package, so that figures are drawn at once.

``python -m convergen.empirical.validate.shipped_results RUN…`` puts the results of finished runs
beside their TOML files. With ``--add QUANTITY`` only that quantity is added to the result that is
there: what was not measured when its networks were trained is measured on networks trained again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run

_FOLDER = Path(str(resources.files("convergen.empirical") / "results"))
# Pictures of one seed are enough to look at.
_PICTURES = ("generated", "nearest_training")
# Rounding differs between processors and versions, and training makes the most of it: the same
# networks trained again agree to so much at their first snapshot, and in convergence at the end.
_FIRST, _END = 1e-5, 0.02


def shipped_names() -> list[str]:
    """Experiments that have a result.

    Returns
    -------
    list of str
    """
    return sorted(path.stem for path in _FOLDER.glob("*.nc"))


def shipped_result(name: str) -> xr.Dataset:
    """Result of an experiment that comes with the package.

    Parameters
    ----------
    name : str
        One of `shipped_names`, ``DATA-MODEL``.

    Returns
    -------
    xarray.Dataset
        As that of `convergen.empirical.experiment.run.Run`, with pictures of the first seed only.

    Raises
    ------
    InputError
        If there is none of that name, or it is damaged.
    """
    if name not in shipped_names():
        raise InputError(
            f"no result of {name!r} comes with the package{suggestion(name, shipped_names())}: "
            f"choose from {', '.join(shipped_names())}."
        )
    path = _FOLDER / f"{name}.nc"
    return _read(path, path.stat().st_mtime_ns).copy(deep=True)


@cache
def _read(path: Path, changed: int) -> xr.Dataset:
    """A result, kept: reading takes a tenth of a second, and figures ask several times."""
    from convergen.theory.files.netcdf_files import load_dataset

    return load_dataset(path, must_be_sealed=True)


def shipped_run(name: str) -> Run:
    """The run behind a result; its data and splits are verified when they are used.

    Parameters
    ----------
    name : str
        One of `shipped_names`.

    Returns
    -------
    Run
    """
    from convergen.empirical.experiment.run import Run

    return Run.behind(shipped_result(name), name)


def ship(path: Path) -> Path:
    """Keep a result with the package, as small as the figures allow.

    Parameters
    ----------
    path : Path
        Folder of a finished run.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    InputError
        If the run has no result, it is damaged, or a cell of it is missing.
    """
    run, result = _finished(path)
    for key, values in result.items():
        if "draw" in values.dims or key in _PICTURES:
            result[key] = values.astype("float32")
        if key in _PICTURES:
            result[key] = result[key].isel(seed=0)
    return _keep(result, run.experiment.name)


def add(path: Path, quantity: str) -> Path:
    """Add what was not measured to a result that comes with the package; all else stays as it is.

    Parameters
    ----------
    path : Path
        Folder of a finished run of the same experiment, trained again.
    quantity : str
        Variable of its result that the one of the package lacks.

    Returns
    -------
    Path
        What was written. Its attribute ``added`` tells commit and versions of the second training,
        and by how much its convergence differs.

    Raises
    ------
    InputError
        As `ship`; if the result has the quantity, or the run lacks it; or if the run is of another
        experiment, or differs from the first training by more than rounding: at the first snapshot
        or, where none were taken, in convergence.
    """
    run, again = _finished(path)
    name = run.experiment.name
    result, first = shipped_result(name), shipped_run(name)
    if quantity in result:
        raise InputError(f"the result {name!r} has {quantity} already: name one that it lacks.")
    if quantity not in again:
        raise InputError(f"the run {path} has no {quantity}: name what was measured there.")
    same = run.experiment == first.experiment and run.plan.splits == first.plan.splits
    if not same or run.plan.data["fingerprint"] != first.plan.data["fingerprint"]:
        raise InputError(
            f"{path} is of other settings, data or splits than the result {name!r}: train that "
            "experiment again."
        )
    gap, allowed, where = _apart(again, result)
    if not gap <= allowed:
        raise InputError(
            f"{path} differs by {gap:.2g} from the result {name!r} in {where}, which is more than "
            "rounding: ship the new run as a whole."
        )
    result[quantity] = again[quantity]
    added = json.loads(result.attrs.get("added", "{}"))
    added[quantity] = {
        "commit": again.attrs["commit"], "versions": json.loads(again.attrs["versions"]),
        "convergence_difference": float(abs(again["convergence"] - result["convergence"]).max()),
    }  # fmt: skip
    result.attrs["added"] = json.dumps(added)
    return _keep(result, name)


def _apart(again: xr.Dataset, first: xr.Dataset) -> tuple[float, float, str]:
    """Largest difference of two trainings, what rounding may make of it, and of what it is."""
    errors = "history_test_error"
    if errors in again and errors in first:
        one, other = (result[errors].isel(images=0) for result in (again, first))
        return float(abs(one / other - 1.0).max()), _FIRST, "test errors of the first snapshot"
    gap = float(abs(again["convergence"] - first["convergence"]).max())
    return gap, _END, "convergence"


def _finished(path: Path) -> tuple[Run, xr.Dataset]:
    """A run and its result, of which nothing may be missing."""
    from convergen.empirical.experiment.run import Run

    run = Run.open(path)
    result = run.result()
    missing = json.loads(result.attrs["missing_cells"])
    if missing:
        raise InputError(f"{path} lacks the cells {', '.join(missing)}: finish it first.")
    return run, result


def _keep(result: xr.Dataset, name: str) -> Path:
    """Write a result of the package."""
    from convergen.theory.files.netcdf_files import save_dataset

    target = _FOLDER / f"{name}.nc"
    packed = {key: {"zlib": True, "shuffle": True} for key in result}
    for key, encoding in packed.items():
        result[key].encoding = encoding
    save_dataset(result, target)
    return target


def main(arguments: Sequence[str] | None = None) -> None:
    """Keep the results of some runs, or a quantity of them.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.
    """
    import argparse
    import sys

    parser = argparse.ArgumentParser(description="Keep results with the package.")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--add", metavar="QUANTITY", help="add this alone to the result")
    given = parser.parse_args(arguments)
    try:
        for folder in given.runs:
            print(ship(folder) if given.add is None else add(folder, given.add))
    except InputError as error:
        sys.exit(f"convergen: error: {error}")


if __name__ == "__main__":
    main()
