"""HDF5 files of arrays."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import check_expansion, choose
from convergen.theory.data.contents import Array
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register

_LABELS = ("label", "labels", "y")
_DAMAGE = (OSError, ValueError, TypeError, RuntimeError, KeyError, MemoryError)


def open_hdf5(path: Path, key: str | None = None) -> Array:
    """Read one data set; links to other files are not followed.

    Parameters
    ----------
    path : Path
        The file.
    key : str, optional
        Path of the data set in the file, if several of two or more dimensions are there.

    Returns
    -------
    Array
        Mapped into memory where it is stored in one piece.

    Raises
    ------
    InputError
        If it is damaged, declares too much, keeps its numbers elsewhere, or the key is missing or
        unknown.
    """
    import h5py

    name = printable(path)
    regular_file(path)
    try:
        with h5py.File(path, "r") as file:
            found: dict[str, Any] = {}

            def look(where: str, item: Any) -> None:
                if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf":
                    found[where] = item

            file.visititems(look)
            points = [where for where, item in found.items() if item.ndim >= 2]
            chosen = choose(points, None if key is None else key.strip("/"), name, "data set")
            values = _read(found[chosen], path, name, chosen)
            return Array(values, _labels(found, chosen, len(values)))
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as an HDF5 file of numbers ({reason(error)}): write it again, "
            "or save the array with numpy.save."
        ) from error


def _read(item: Any, path: Path, name: str, where: str) -> NDArray[Any]:
    """Numbers of a data set whose size is bearable."""
    if item.external or item.is_virtual:
        raise InputError(
            f"{printable(where)} of {name} keeps its numbers in other files: save the array with "
            "numpy.save."
        )
    if item.size == 0:
        raise InputError(f"{name} holds an array of shape {item.shape}: give one with data.")
    place = item.id.get_offset()
    if place is not None and item.chunks is None:
        return np.memmap(path, item.dtype, "r", place, item.shape)
    stored = item.id.get_storage_size()
    check_expansion(item.nbytes, stored, name, where)
    # A data set that may grow can declare chunks that are larger than itself.
    check_expansion(math.prod(item.chunks or ()) * item.dtype.itemsize, stored, name, where)
    return np.asarray(item[()])


def _labels(found: dict[str, Any], chosen: str, count: int) -> tuple[str, ...] | None:
    """Classes that lie beside the points."""
    beside = chosen.rpartition("/")[0]
    for word in _LABELS:
        item = found.get(f"{beside}/{word}" if beside else word)
        if item is not None and item.shape == (count,) and item.dtype.kind in "iu":
            return tuple(map(str, item[()].tolist()))
    return None


register(Format("hdf5", (".h5", ".hdf5"), "one of its data sets", open_hdf5, key="a data set"))
