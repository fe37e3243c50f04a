"""Standardised points that do not fit in memory, as a memory map in the folder of a run."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import unfinished, write_beside

_LOCK = ".convergen.lock"


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
    read: Callable[[], Iterable[NDArray[Any]]],
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
        Gives the raw points, N rows in blocks; called only where there is no entry yet.

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
    written later: an interrupted entry is made again. Who makes one holds a lock, so that others
    wait for it, and what a killed process left half written is removed.
    """
    points, moments = folder / f"points-{key}.npy", folder / f"points-{key}.npz"
    found = _open(points, moments, shape)
    if found is None:
        with _locked(folder, name):
            found = _open(points, moments, shape)
            if found is None:
                _make(points, moments, name, shape, center, read)
                found = _open(points, moments, shape)
        assert found is not None
    mean, scale, array = found
    return DataSet(array, name, mean, scale)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Make the folder, and wait until no other process writes there."""
    from filelock import FileLock

    lock = FileLock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        raise InputError(
            f"the points of {name} exceed memory and cannot be kept in {folder} "
            f"({getattr(error, 'strerror', None) or error}): give another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _make(
    points: Path,
    moments: Path,
    name: str,
    shape: tuple[int, ...],
    center: str,
    read: Callable[[], Iterable[NDArray[Any]]],
) -> None:
    """Write an entry."""
    kept: dict[str, Any] = {}

    def make(file: Path) -> None:
        _write_raw(file, shape, read())
        raw = np.lib.format.open_memmap(file, mode="r+")
        data = standardised(raw, shape[1:], name=name, center=center, out=raw)
        raw.flush()
        kept.update(mean=data.mean, scale=data.scale)

    for path in (*unfinished(points), *unfinished(moments)):
        path.unlink(missing_ok=True)
    write_beside(points, make)
    write_beside(moments, lambda file: np.savez(file, **kept))


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
