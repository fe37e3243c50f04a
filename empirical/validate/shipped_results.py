"""Experiments whose results come with the package, so that figures are drawn at once.

``python -m convergen.empirical.validate.shipped_results RUN…`` puts the results of finished runs
beside their TOML files.
"""

from __future__ import annotations

import json
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
    from convergen.theory.files.netcdf_files import load_dataset

    if name not in shipped_names():
        raise InputError(
            f"no result of {name!r} comes with the package{suggestion(name, shipped_names())}: "
            f"choose from {', '.join(shipped_names())}."
        )
    return load_dataset(_FOLDER / f"{name}.nc", must_be_sealed=True)


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
    from convergen.empirical.experiment.run import Run
    from convergen.theory.files.netcdf_files import save_dataset

    run = Run.open(path)
    result = run.result()
    missing = json.loads(result.attrs["missing_cells"])
    if missing:
        raise InputError(f"{path} lacks the cells {', '.join(missing)}: finish it first.")
    for key, values in result.items():
        if "draw" in values.dims or key in _PICTURES:
            result[key] = values.astype("float32")
        if key in _PICTURES:
            result[key] = result[key].isel(seed=0)
    target = _FOLDER / f"{run.experiment.name}.nc"
    packed = {key: {"zlib": True, "shuffle": True} for key in result}
    for key, encoding in packed.items():
        result[key].encoding = encoding
    save_dataset(result, target)
    return target


if __name__ == "__main__":
    import sys

    try:
        for folder in sys.argv[1:]:
            print(ship(Path(folder)))
    except InputError as error:
        sys.exit(f"convergen: error: {error}")
