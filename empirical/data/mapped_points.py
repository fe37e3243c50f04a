"""Standardised points that do not fit in memory, as a memory map in the folder of a run."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.files.atomic_files import write_beside


def entry_key(files: Iterable[Path], options: Mapping[str, object]) -> str:
    """Name of an entry, by the files it is made of.

    Parameters
    ----------
    files : iterable of Path
        Their names, sizes and times of change count.
    options : mapping
        Anything else that the points depend on; JSON values.

    Returns
    -------
    str
        Hexadecimal.
    """
    found = hashlib.sha256(json.dumps(dict(options), sort_keys=True).encode())
    for file in files:
        about = file.stat()
        found.update(f"\0{file.name}\0{about.st_size}\0{about.st_mtime_ns}".encode())
    return found.hexdigest()[:32]


def mapped_points(
    folder: Path,
    key: str,
    name: str,
    shape: tuple[int, ...],
    center: str,
    read: Callable[[], NDArray[Any]],
) -> DataSet:
    """Open an entry, or make it.

    Parameters
    ----------
    folder : Path
        Where entries lie; made if there is none.
    key : str
        Of the entry; it must differ for other points or another `center`.
    name : str
        What tables and figures call the data.
    shape : tuple of int
        (N, *shape of one point).
    center : {'data', 'none'}
        Whether the mean over all points is subtracted.
    read : callable
        Gives the raw points, N rows; called only where there is no entry yet.

    Returns
    -------
    DataSet
        Its points are a read-only memory map.

    Raises
    ------
    InputError
        If the folder cannot be written to, or the points cannot be standardised.

    Notes
    -----
    The entry is one ``.npy`` file, with mean and scale in a ``.npz`` file beside it that is
    written later: an interrupted entry is made again. Two processes that make the same entry
    write the same files, each under a name of its own until it is complete.
    """
    points, moments = folder / f"points-{key}.npy", folder / f"points-{key}.npz"
    found = _open(points, moments, shape)
    if found is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the points of {name} exceed memory and cannot be kept in {folder} "
                f"({error.strerror}): give another folder."
            ) from error
        kept: dict[str, Any] = {}

        def make(file: Path) -> None:
            _write_raw(file, shape, row_blocks(read()))
            raw = np.lib.format.open_memmap(file, mode="r+")
            data = standardised(raw, shape[1:], name=name, center=center, out=raw)
            raw.flush()
            kept.update(mean=data.mean, scale=data.scale)

        write_beside(points, make)
        write_beside(moments, lambda file: np.savez(file, allow_pickle=False, **kept))
        found = _open(points, moments, shape)
        assert found is not None
    mean, scale, array = found
    return DataSet(array, name, mean, scale)


def _open(points: Path, moments: Path, shape: tuple[int, ...]) -> Any:
    """Mean, scale and points of an entry, or None if it is missing or incomplete."""
    try:
        # Opened here, because np.load leaves a damaged file open.
        with moments.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            mean, scale = np.asarray(archive["mean"]), float(archive["scale"])
        array = np.lib.format.open_memmap(points, mode="r")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    if array.shape != shape or array.dtype != np.float32:
        return None
    return (mean if mean.ndim else float(mean)), scale, array


def _write_raw(file: Path, shape: tuple[int, ...], blocks: Iterable[NDArray[Any]]) -> None:
    """Write raw points as float32, one block after the other."""
    # Not through a memory map, where a full disk would end the process instead of being reported.
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with file.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header)
        for block in blocks:
            rows = np.ascontiguousarray(block, dtype="<f4")
            handle.write(rows.reshape(len(rows), math.prod(shape[1:])).tobytes())
