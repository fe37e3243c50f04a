"""From raw points to standard units: mean subtracted, mean variance of a coordinate 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.common.row_blocks import as_float_rows, row_blocks

_CENTRED = {"data": True, "none": False}


def standardised(
    source: NDArray[Any],
    shape: Sequence[int],
    *,
    name: str,
    center: str = "data",
    groups: NDArray[np.int64] | None = None,
    out: NDArray[np.float32] | None = None,
) -> DataSet:
    """Subtract the mean and divide by the scale, block by block.

    Parameters
    ----------
    source : ndarray or memmap, shape (N, …)
        Raw points, real numbers.
    shape : sequence of int
        Shape of one point; rows of `source` are reshaped to it.
    name : str
        What tables and figures call the data.
    center : {'data', 'none'}
        Whether the mean over all points is subtracted.
    groups : ndarray of int64, shape (N,), optional
        Points that stay together.
    out : ndarray of float32, shape (N, *shape), optional
        Where the points go; may be `source` itself. Default: new memory.

    Returns
    -------
    DataSet

    Raises
    ------
    InputError
        If a value is not finite, the points do not vary, or `center` is unknown.
    """
    if center not in _CENTRED:
        raise InputError(f"center must be 'data' or 'none', not {center!r}.")
    dim = math.prod(shape)
    centred = _CENTRED[center]
    first, rest, scale = _moments(source, dim, name, centred)
    points = np.empty((len(source), *shape), dtype=np.float32) if out is None else out
    start = 0
    for block in row_blocks(source):
        rows = (as_float_rows(block, dim) - first - rest) / scale
        points[start : start + len(block)] = rows.reshape(len(block), *shape)
        start += len(block)
    mean: FloatArray | float = (first + rest).reshape(shape) if centred else 0.0
    return DataSet(points, name, mean, scale, None, groups)


def _moments(
    source: NDArray[Any], dim: int, name: str, centred: bool
) -> tuple[FloatArray, FloatArray, float]:
    """Mean in two parts and scale of raw points."""
    # About the first row, so that a large common offset costs no digits.
    first = as_float_rows(source[:1], dim) if centred else np.zeros(dim)
    rest, square = np.zeros(dim), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        if centred:
            for block in row_blocks(source):
                rest += (_finite(block, dim, name) - first).sum(axis=0) / len(source)
        for block in row_blocks(source):
            rows = _finite(block, dim, name) - first - rest
            square += float(np.sum(rows**2)) / len(source)
    scale = math.sqrt(square / dim)
    if not (scale and math.isfinite(scale)):
        raise InputError(
            f"the points of {name} {'are too large' if scale else 'do not vary'}: give other data."
        )
    return first, rest, scale


def _finite(block: NDArray[Any], dim: int, name: str) -> FloatArray:
    rows = as_float_rows(block, dim)
    if not np.all(np.isfinite(rows)):
        raise InputError(f"{name} holds NaN or infinite values: remove or replace them.")
    return rows
