"""Arrays that may exceed memory, a few rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray

_BLOCK_BYTES = 2**25


def as_float_rows(block: ArrayLike, dim: int) -> FloatArray:
    """Rows of one block as float64.

    Parameters
    ----------
    block : array_like, shape (rows, …)
        Real numbers.
    dim : int
        Coordinates of one row.

    Returns
    -------
    ndarray of float64, shape (rows, dim)
    """
    return np.asarray(block, dtype=np.float64).reshape(-1, dim)


def mean_row(array: NDArray[Any]) -> FloatArray:
    """Mean over the rows of an array, block by block.

    Parameters
    ----------
    array : ndarray or memmap, shape (N, …)
        Real numbers.

    Returns
    -------
    ndarray, shape (d,)
    """
    dim = math.prod(array.shape[1:])
    total = np.zeros(dim)
    for block in row_blocks(array):
        total += as_float_rows(block, dim).sum(axis=0)
    return total / len(array)


def spread_rows(count: int, most: int) -> NDArray[np.int64]:
    """Rows spread evenly over all, so that points in order of class are all met.

    Parameters
    ----------
    count : int
        Rows that there are.
    most : int
        Rows that are wanted.

    Returns
    -------
    ndarray of int64
        Ascending; all of them where there are no more.
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def row_blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Views of successive rows, each small enough to be copied; one at a time.

    Parameters
    ----------
    array : ndarray or memmap, shape (N, …)
        Any array, or what makes its rows when they are asked for.

    Yields
    ------
    ndarray
    """
    rows = max(1, _BLOCK_BYTES // max(1, 8 * math.prod(array.shape[1:])))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
