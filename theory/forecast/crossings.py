"""Where falling curves pass a target for the last time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray

_GRID = 128


def sample_grid(size: float) -> FloatArray:
    """Sample sizes at which curves are inverted.

    Parameters
    ----------
    size : float
        The larger of points and dimension.

    Returns
    -------
    ndarray
        From 1 to 10⁴ times the size, where all curves fall like 1/n.
    """
    return np.geomspace(1.0, 1e4 * size, _GRID)


def last_crossing(n: FloatArray, curve: FloatArray, targets: ArrayLike) -> FloatArray:
    """Sample sizes from which a curve stays below each target.

    Parameters
    ----------
    n : ndarray, shape (m,)
        Ascending.
    curve : ndarray, shape (m,)
        Positive; beyond the last n it falls like 1/n.
    targets : array_like, shape (k,)
        Not negative.

    Returns
    -------
    ndarray, shape (k,)
        By interpolation of the logarithms; n[0] where it is below from the start, infinite for a
        target of zero.
    """
    # The largest value from each n on: it never rises.
    ceiling = np.log(np.maximum.accumulate(curve[::-1])[::-1])
    with np.errstate(divide="ignore"):
        wanted = np.log(np.asarray(targets, np.float64))
    found = np.interp(-wanted, -ceiling, np.log(n))
    beyond = np.log(n[-1]) + np.maximum(ceiling[-1] - wanted, 0.0)
    return np.asarray(np.exp(np.maximum(found, np.where(wanted < ceiling[-1], beyond, found))))
