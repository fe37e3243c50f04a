"""The data file behind a figure: netCDF that says which figure it belongs to and how it arose."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.common.checks import InputError
from convergen.theory.common.versions import git_commit, package_version
from convergen.theory.files.atomic_files import Written
from convergen.theory.files.netcdf_files import load_dataset, save_dataset

if TYPE_CHECKING:
    import xarray as xr

SHIPPED = Path(__file__).parents[1] / "data"

_PACKAGES = ("convergen", "numpy", "scipy", "numba", "xarray")


def save_record(
    dataset: xr.Dataset, path: Path, *, figure: str, quality: str, seed: int
) -> Written:
    """Save the data of a figure with their origin.

    Parameters
    ----------
    dataset : xarray.Dataset
        What the figure computed.
    path : Path
        Target, ending in ``.nc``.
    figure : str
        Name of the figure.
    quality : str
        Quality at which it was computed.
    seed : int
        Seed of its random numbers.

    Returns
    -------
    Written
        The path, and whether a file was there before.
    """
    origin = {
        "figure": figure,
        "quality": quality,
        "seed": seed,
        "git_commit": git_commit(),
        "python_version": platform.python_version(),
        **{f"{name}_version": package_version(name) for name in _PACKAGES},
    }
    return save_dataset(dataset.assign_attrs(origin), path)


def load_record(path: Path, figure: str) -> xr.Dataset:
    """Read the data of a figure.

    Parameters
    ----------
    path : Path
        A netCDF file written by `save_record`.
    figure : str
        Name of the figure that is wanted.

    Returns
    -------
    xarray.Dataset
        In memory.

    Raises
    ------
    InputError
        If there is no such file, it is not netCDF, it is shipped and does not match its digest, or
        it belongs to another figure.
    """
    if not path.is_file():
        raise InputError(
            f"there is no data file {path}: give one that convergen figures make wrote."
        )
    dataset = load_dataset(path, must_be_sealed=path.parent == SHIPPED)
    check_figure(dataset, figure, str(path))
    return dataset


def check_figure(dataset: xr.Dataset, figure: str, words: str) -> None:
    """Refuse what are not the data of a figure.

    Parameters
    ----------
    dataset : xarray.Dataset
        What somebody wants to have drawn.
    figure : str
        Name of the figure that is wanted.
    words : str
        What to call the data in messages.

    Raises
    ------
    InputError
        If they belong to another figure, or to none.
    """
    found = dataset.attrs.get("figure")
    if found is None:
        raise InputError(
            f"{words} holds no data of a figure: give a file that convergen figures make wrote."
        )
    if found != figure:
        raise InputError(
            f"{words} holds the data of the figure {found!r}, not of {figure!r}: draw {found!r} "
            "with it, or give another file."
        )


def shipped(figure: str) -> Path | None:
    """Data that come along with the package.

    Parameters
    ----------
    figure : str
        Name of the figure.

    Returns
    -------
    Path or None
        The file, or None for a figure that is quick to compute.
    """
    path = SHIPPED / f"{figure}.nc"
    return path if path.is_file() else None
