"""How the numbers of a point are ordered: the order in which neighbouring pixels agree.

An image of C channels and W columns is stored channel by channel, where the pixel below lies W
numbers further, or pixel by pixel, where it lies W · C further. Only in the true order do the two
agree best. Rows are compared, not columns: in the wrong order the numbers of one grey pixel lie
side by side, and would agree too well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import spread_rows

FIRST, LAST = "first", "last"
LAYOUTS = (FIRST, LAST)
# Numbers, and points, that are looked at.
_LOOKED_AT, _MOST = 2**22, 64
# Student's t above which an order is taken for found: about one error in 10⁵.
_CERTAIN = 1e-5
# Squared difference, in units of the variance, below which parts of a point are flat.
_FLAT = 1e-3
_TINY = float(np.finfo(np.float64).tiny)
# Agreement that unnamed images must show.
_IMAGE, _PEAK = 0.3, 0.03

Shape = tuple[int, int, int]


def found_layout(rows: NDArray[Any], shape: Sequence[int]) -> str | None:
    """Tell in which order of their numbers neighbouring pixels agree.

    Parameters
    ----------
    rows : ndarray, shape (N, …)
        Points of channels · height · width numbers each, in either order.
    shape : sequence of int
        (channels, height, width).

    Returns
    -------
    {'first', 'last'} or None
        None where it cannot be told: noise, few or flat images.
    """
    if shape[0] == 1:
        return FIRST
    if not _neighbours(shape):
        return None
    sample = _sample(rows)
    better, _ = _compare(sample, *_steps(FIRST, shape))
    found = {1: FIRST, -1: LAST}.get(better)
    if found is None or _agreement(sample, _steps(found, shape)[0]).mean() < 0.1:
        return None
    return found


def likely_image(rows: NDArray[Any]) -> tuple[Shape, str] | None:
    """Tell whether flat rows are square images, grey, RGB or RGBA.

    Parameters
    ----------
    rows : ndarray, shape (N, d)
        Vectors.

    Returns
    -------
    tuple of (channels, height, width) and {'first', 'last'}, or None
        None unless the number below agrees clearly better than its neighbours do, as in pictures
        alone.
    """
    dim = math.prod(rows.shape[1:])
    sample = _sample(rows)
    if len(sample) < 8:
        return None
    sample = sample - sample.mean(axis=0)
    best: tuple[float, Shape, str] | None = None
    for channels in (1, 3, 4):
        side = math.isqrt(dim // channels)
        if side < 8 or channels * side**2 != dim:
            continue
        for layout in LAYOUTS:
            apart = channels if layout == LAST else 1
            below = side * apart
            score = float(_agreement(sample, below).mean())
            beside = max(
                float(_agreement(sample, below + 2 * sign * apart).mean()) for sign in (-1, 1)
            )
            pictured = score > _IMAGE and score - beside > _PEAK
            if pictured and (best is None or score > best[0]):
                best = score, (channels, side, side), layout
    return None if best is None else best[1:]


def better_order(rows: NDArray[Any], order: str, shape: Sequence[int]) -> tuple[int, float]:
    """Compare how well neighbouring pixels agree in an order and in the other one.

    Parameters
    ----------
    rows : ndarray, shape (N, …)
        Points of channels · height · width numbers each.
    order : {'first', 'last'}
        The order.
    shape : sequence of int
        (channels, height, width).

    Returns
    -------
    sign : int
        1 where they agree better in this order, −1 where in the other one, 0 if unsure or if both
        are the same.
    margin : float
        Difference of the two mean agreements.
    """
    return _compare(_sample(rows), *_steps(order, shape)) if _neighbours(shape) else (0, 0.0)


def _neighbours(shape: Sequence[int]) -> bool:
    """Whether there are two orders, and pixels below and beside others."""
    return min(shape) > 1


def _steps(order: str, shape: Sequence[int]) -> tuple[int, int]:
    """How far the pixel below lies in an order, and in the other one."""
    steps = shape[2], shape[2] * shape[0]
    return steps if order == FIRST else steps[::-1]


def _sample(rows: NDArray[Any]) -> FloatArray:
    """Some points, evenly spread, finite and not flat, each of mean 0 and variance 1."""
    dim = math.prod(rows.shape[1:])
    count = int(np.clip(_LOOKED_AT // dim, 2, _MOST))
    chosen = spread_rows(len(rows), count)
    sample = np.asarray(rows[chosen], dtype=np.float64).reshape(len(chosen), dim)
    sample = sample[np.isfinite(sample).all(axis=1)]
    # Before anything is squared: numbers near the end of their range would leave it.
    sample = sample / np.maximum(np.abs(sample).max(axis=1, keepdims=True), _TINY)
    sample -= sample.mean(axis=1, keepdims=True)
    scale = sample.std(axis=1, keepdims=True)
    kept = scale[:, 0] > 0.0
    return np.asarray(sample[kept] / scale[kept])


def _agreement(sample: FloatArray, step: int) -> FloatArray:
    """Correlation of numbers that are `step` apart; several parts of each of few points.

    1 − ⟨(x_i − x_{i+step})²⟩/2, whose units are those of the point.
    """
    squares = (sample[:, step:] - sample[:, :-step]) ** 2
    parts = max(1, min(8, 32 // len(sample), squares.shape[1] // 32))
    pieces = np.array_split(squares, parts, axis=1)
    return np.concatenate([1.0 - 0.5 * piece.mean(axis=1) for piece in pieces])


def _compare(sample: FloatArray, one: int, other: int) -> tuple[int, float]:
    """1 where numbers `one` apart agree better, −1 where the `other`, 0 if unsure; the margin."""
    from scipy.special import stdtrit

    if len(sample) == 0:
        return 0, 0.0
    first, second = _agreement(sample, one), _agreement(sample, other)
    size = min(first.size, second.size)
    if size < 2:
        return 0, 0.0
    # Ratios of squared differences are alike in all images, differences of agreements are not.
    ratio = np.log((1.0 - second[:size] + _FLAT) / (1.0 - first[:size] + _FLAT))
    spread = float(ratio.std(ddof=1)) / math.sqrt(size)
    sure = abs(ratio.mean()) > spread * float(stdtrit(size - 1, 1.0 - _CERTAIN))
    margin = abs(float((first[:size] - second[:size]).mean()))
    return (int(np.sign(ratio.mean())) if sure else 0), margin
