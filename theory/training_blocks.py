"""A training set as a stream of row blocks: in memory, in a file, or from an iterable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from theory.checks import InputError

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


class ArrayBlocks:
    """Row blocks of an array or of a memory map.

    Parameters
    ----------
    data : ndarray or memmap, shape (n, *shape)
        Training points; integers are converted block by block.
    block_rows : int, optional
        Rows of a block; default about 16 MiB.
    """

    def __init__(self, data: Array, block_rows: int | None = None) -> None:
        self.shape = data.shape[1:]
        self.dtype = np.dtype(np.float32 if data.dtype == np.float32 else np.float64)
        self._data = data
        row_bytes = max(int(np.prod(self.shape)) * self.dtype.itemsize, 1)
        self._rows = block_rows or max(_BLOCK_BYTES // row_bytes, 64)

    def __iter__(self) -> Iterator[Array]:
        count = self._data.shape[0]
        for start in range(0, count, self._rows):
            block = self._window(start, min(start + self._rows, count))
            yield block.reshape(block.shape[0], -1).astype(self.dtype, copy=False)

    def take(self, indices: NDArray[np.int64]) -> Array:
        """Rows by index, shape (len(indices), dim)."""
        rows = self._data[indices]
        return rows.reshape(indices.size, -1).astype(self.dtype, copy=False)

    def _window(self, start: int, stop: int) -> Array:
        """Rows of the data; a memory map is mapped anew, so that old pages are let go."""
        data = self._data
        if not isinstance(data, np.memmap) or not data.flags.c_contiguous:
            return data[start:stop]
        row_bytes = data.dtype.itemsize * int(np.prod(data.shape[1:]))
        return np.memmap(
            str(data.filename), data.dtype, "r", data.offset + start * row_bytes,
            (stop - start, *data.shape[1:]),
        )  # fmt: skip


class IterableBlocks:
    """Row blocks from any iterable that can be passed over again and again.

    Parameters
    ----------
    source : iterable of ndarray, each of shape (rows, *shape)
        All of one dtype.

    Raises
    ------
    InputError
        If it is a one-shot iterator or empty.
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
        self.shape = np.shape(first)[1:]
        single = np.asarray(first).dtype == np.float32
        self.dtype = np.dtype(np.float32 if single else np.float64)

    def __iter__(self) -> Iterator[Array]:
        for block in self._source:
            array = np.asarray(block)
            if array.shape[1:] != self.shape:
                raise InputError(
                    f"a block holds points of shape {array.shape[1:]}, the first one of shape "
                    f"{self.shape}: make them equal."
                )
            yield array.reshape(array.shape[0], -1).astype(self.dtype, copy=False)

    def take(self, indices: NDArray[np.int64]) -> Array:
        """Rows by index, shape (len(indices), dim), in one pass over the blocks."""
        result = np.empty((indices.size, int(np.prod(self.shape))), dtype=self.dtype)
        start = 0
        for block in self:
            inside = (indices >= start) & (indices < start + block.shape[0])
            result[inside] = block[indices[inside] - start]
            start += block.shape[0]
        return result


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
        If there is no point, or the dtype is not real.
    """
    if not hasattr(data, "__array__") and not isinstance(data, (list, tuple)):
        if not isinstance(data, Iterable):
            raise InputError(f"data must be an array or blocks of rows, not {type(data).__name__}.")
        return IterableBlocks(data)
    if isinstance(data, (list, tuple)) and data and np.ndim(data[0]) > 1:
        return IterableBlocks(data)
    array = data if isinstance(data, np.ndarray) else np.asarray(data)
    if array.dtype.kind not in "biuf":
        raise InputError(f"data must hold real numbers, but has dtype {array.dtype}.")
    if array.ndim < 2 or array.shape[0] == 0 or 0 in array.shape:
        raise InputError(
            f"data has shape {array.shape}, but one point a row is needed: give shape (n, …)."
        )
    return ArrayBlocks(array, block_rows)
