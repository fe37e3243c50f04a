"""Where measured curves pass one half."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def crossing(x: np.ndarray, value: np.ndarray, stderr: np.ndarray) -> tuple[float, float]:
    """Place at which a monotone curve passes ½.

    Parameters
    ----------
    x : ndarray, shape (m,)
        Places, ascending.
    value, stderr : ndarray, shape (m,)
        The curve there, and its standard error.

    Returns
    -------
    tuple of float
        Root of value = ½ on the first chord that crosses it, or else on the line through the chord
        nearest to it, and its standard error.
    """
    signs = np.flatnonzero(np.diff(np.sign(value - 0.5)))
    i = int(signs[0]) if signs.size else int(np.argmin(np.abs(value - 0.5)[:-1]))
    slope = (value[i + 1] - value[i]) / (x[i + 1] - x[i])
    root = x[i] + (0.5 - value[i]) / slope
    # Neighbours come from the same training sets, so that their errors do not average out.
    return float(root), float(max(stderr[i], stderr[i + 1]) / abs(slope))


def half_samples(
    measure: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], near: float
) -> tuple[float, float]:
    """Samples n at which a measured agreement passes ½.

    Parameters
    ----------
    measure : callable
        Agreement and its standard error for an array of whole n.
    near : float
        Where it should; it is measured 30 % below and above, or one sample apart.

    Returns
    -------
    tuple of float
        n, between whole numbers by interpolation in log n, and its standard error.
    """
    low = max(1.0, min(np.floor(near), np.round(near / 1.3)))
    n = np.array([low, max(np.ceil(near), low + 1.0, np.round(near * 1.3))])
    log_n, error = crossing(np.log(n), *measure(n))
    return float(np.exp(log_n)), float(error * np.exp(log_n))
