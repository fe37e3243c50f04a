"""Curves that fall with n: where they pass a target for the last time, and their ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray
from convergen.theory.pilot.interval import Interval

_GRID = 128
# Parts into which an interval is divided.
_BETWEEN = 8


def sample_grid(size: float) -> FloatArray:
    """Sample sizes at which curves are inverted.

    Parameters
    ----------
    size : float
        The larger of points and dimension.

    Returns
    -------
    ndarray, shape (128,)
        From 1 to 10⁴ times the size, where all curves fall like 1/n.
    """
    return np.geomspace(1.0, 1e4 * size, _GRID)


def last_crossing(n: FloatArray, curve: FloatArray, targets: ArrayLike) -> FloatArray:
    """Sample sizes from which a curve stays below each target.

    Parameters
    ----------
    n : ndarray, shape (m,)
        Ascending, at least three.
    curve : ndarray, shape (m,)
        Positive; beyond the last n it falls like 1/n.
    targets : array_like, shape (k,)
        Not negative.

    Returns
    -------
    ndarray, shape (k,)
        By cubic interpolation of the logarithms; n[0] where it is below from the start, infinite
        for a target of zero.
    """
    places, values = _smooth(np.log(n), np.log(curve))
    # The largest value from each n on: it never rises.
    ceiling = np.maximum.accumulate(values[::-1])[::-1]
    with np.errstate(divide="ignore"):
        wanted = np.log(np.asarray(targets, np.float64))
    found = np.interp(-wanted, -ceiling, places)
    return np.asarray(np.exp(found + np.maximum(ceiling[-1] - wanted, 0.0)))


def never_rising(found: Interval, n: FloatArray, grid: int) -> Interval:
    """Intervals of a curve that cannot rise, at each n.

    Parameters
    ----------
    found : Interval, shape (m,)
        Of each number by itself.
    n : ndarray, shape (m,)
        Sample sizes; the last `grid` of them ascend, and all others are held against those alone,
        so that an answer does not depend on what else was asked for.
    grid : int
        Numbers on the grid.

    Returns
    -------
    Interval
        What lies above the high end at a smaller n, or below the low end at a larger one, is left
        out.
    """
    high = np.minimum.accumulate(found.high[-grid:])
    low = np.maximum.accumulate(found.low[: -grid - 1 : -1])[::-1]
    places = n[-grid:]
    # High ends at this n or a smaller one, low ends at this n or a larger one.
    ends_high = np.append(np.inf, high)[np.searchsorted(places, n, side="right")]
    ends_low = np.append(low, -np.inf)[np.searchsorted(places, n, side="left")]
    return replace(
        found,
        low=np.minimum(np.maximum(found.low, ends_low), found.value),
        high=np.maximum(np.minimum(found.high, ends_high), found.value),
    )


def _smooth(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A curve with each interval divided, by cubics that meet with the same slope."""
    step, slope = np.diff(x)[:, None], np.gradient(y, x, edge_order=2)
    t = np.arange(_BETWEEN) / _BETWEEN
    left = (1.0 + 2.0 * t) * (1.0 - t) ** 2 * y[:-1, None] + t**2 * (3.0 - 2.0 * t) * y[1:, None]
    left += step * t * (1.0 - t) * ((1.0 - t) * slope[:-1, None] - t * slope[1:, None])
    return np.append((x[:-1, None] + step * t).ravel(), x[-1]), np.append(left.ravel(), y[-1])
