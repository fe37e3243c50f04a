"""A training set as a stream of row blocks: in memory, in a file, or from an iterable."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError

Array = NDArray[Any]
_BLOCK_BYTES = 16 * 2**20


class TrainingBlocks(Protocol):
    """What the empirical score needs to know of its data."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __iter__(self) -> Iterator[Array]:
        """Yield blocks (rows, dim) of dtype float32 or float64, the same on each pass."""
        ...

    def take(self, indices: NDArray[np.int64]) -> Array:
        """Rows by index, shape (len(indices), dim)."""
        ...


def _working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float32 if that holds every value of the dtype, else float64."""
    if dtype.kind not in "biuf":
        raise InputError(f"data must hold real numbers, but has dtype {dtype}.")
    return np.dtype(np.float32 if np.can_cast(dtype, np.float32) else np.float64)


def _release(window: Array) -> None:
    """Let go of the pages of a memory map, which otherwise stay in memory once they were read.

    Where the file is changed in memory only, the pages must stay.
    """
    source: Any = window
    while isinstance(source, np.ndarray) and not isinstance(source.base, mmap.mmap):
        source = source.base
    if (
        not isinstance(source, np.memmap)
        or source.mode == "c"
        or not hasattr(mmap, "MADV_DONTNEED")
    ):
        return
    pages: Any = source.base
    low, high = np.lib.array_utils.byte_bounds(window)
    origin = np.frombuffer(pages, dtype=np.uint8).ctypes.data
    start = (low - origin) // mmap.PAGESIZE * mmap.PAGESIZE
    pages.madvise(mmap.MADV_DONTNEED, start, high - origin - start)


class ArrayBlocks:
    """Row blocks of an array or of a memory map.

    Parameters
    ----------
    data : ndarray or memmap, shape (n, *shape)
        Training points; other dtypes than float32 and float64 are converted block by block.
    block_rows : int, optional
        Rows of a block; default about 16 MiB.
    """

    def __init__(self, data: Array, block_rows: int | None = None) -> None:
        self.shape = data.shape[1:]
        self.dtype = _working_dtype(data.dtype)
        self._data = data
        row_bytes = max(int(np.prod(self.shape)) * self.dtype.itemsize, 1)
        self._rows = block_rows or max(_BLOCK_BYTES // row_bytes, 64)

    def __iter__(self) -> Iterator[Array]:
        for start in range(0, self._data.shape[0], self._rows):
            window = np.asarray(self._data[start : start + self._rows])
            yield _as_rows(window, self.dtype)
            _release(window)

    def take(self, indices: NDArray[np.int64]) -> Array:
        """Rows by index, shape (len(indices), dim)."""
        return _as_rows(np.asarray(self._data[indices]), self.dtype)


class IterableBlocks:
    """Row blocks from any iterable that can be passed over again and again.

    Parameters
    ----------
    source : iterable of ndarray, each of shape (rows, *shape)
        All of one dtype.

    Raises
    ------
    InputError
        If it is a one-shot iterator or empty, or its blocks do not match.
    """

    def __init__(self, source: Iterable[Array]) -> None:
        if iter(source) is source:
            raise InputError(
                "a generator can be read only once, but every call passes over the data: give an "
                "object whose __iter__ starts afresh, such as a list of blocks."
            )
        first = next(iter(source), None)
        if first is None:
            raise InputError("the iterable holds no blocks: give at least one point.")
        self._source = source
        block = _as_points(first)
        self._given, self.shape = block.dtype, block.shape[1:]
        self.dtype = _working_dtype(block.dtype)

    def __iter__(self) -> Iterator[Array]:
        for block in self._source:
            array = _as_points(block)
            if array.shape[1:] != self.shape or array.dtype != self._given:
                raise InputError(
                    f"a block holds points of shape {array.shape[1:]} and dtype {array.dtype}, the "
                    f"first one of shape {self.shape} and dtype {self._given}: make them equal."
                )
            yield _as_rows(array, self.dtype)

    def take(self, indices: NDArray[np.int64]) -> Array:
        """Rows by index, shape (len(indices), dim), in one pass over the blocks."""
        result = np.empty((indices.size, int(np.prod(self.shape))), dtype=self.dtype)
        start = 0
        for block in self:
            inside = (indices >= start) & (indices < start + block.shape[0])
            result[inside] = block[indices[inside] - start]
            start += block.shape[0]
        return result


def _as_rows(points: Array, dtype: np.dtype[Any]) -> Array:
    """Points as rows, no points as none."""
    size = int(np.prod(points.shape[1:]))
    return points.reshape(points.shape[0], size).astype(dtype, copy=False)


def _as_points(values: Any) -> Array:
    """Array of points, one a row."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError("data has rows of different lengths: make them equal.") from None
    if array.ndim < 2 or 0 in array.shape[1:]:
        raise InputError(
            f"data has shape {array.shape}, but one point a row is needed: give shape (n, …)."
        )
    return array


def as_blocks(data: Any, block_rows: int | None = None) -> TrainingBlocks:
    """Wrap a training set.

    Parameters
    ----------
    data : array_like, memmap or iterable of ndarray
        Points of shape (n, *shape), or blocks of them.
    block_rows : int, optional
        Rows of a block, for arrays.

    Returns
    -------
    TrainingBlocks

    Raises
    ------
    InputError
        If there is no point, or the dtype is not real, or rows differ in length.
    """
    if not hasattr(data, "__array__") and not isinstance(data, (list, tuple)):
        if not isinstance(data, Iterable):
            raise InputError(f"data must be an array or blocks of rows, not {type(data).__name__}.")
        return IterableBlocks(data)
    if isinstance(data, (list, tuple)) and data and hasattr(data[0], "ndim") and data[0].ndim > 1:
        return IterableBlocks(data)
    array = _as_points(data)
    if array.shape[0] == 0:
        raise InputError(f"data has shape {array.shape}: give at least one point.")
    return ArrayBlocks(array, block_rows)
