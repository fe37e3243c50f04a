"""Shares of samples, their exact intervals, and how often chance gives as many."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv

from convergen.empirical.measure.intervals import LEVEL, Estimate


def share_of(count: int, total: int) -> Estimate:
    """A share and its exact (Clopper–Pearson) interval.

    Parameters
    ----------
    count, total : int
        Hits and tries.

    Returns
    -------
    Estimate
        Inside [0, 1].
    """
    value, misses, tail = count / total, total - count, 0.5 * (1.0 - LEVEL)
    low = float(betaincinv(count, misses + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, misses, 1.0 - tail)) if misses else 1.0
    return Estimate(value, low, high, float(np.sqrt(value * (1.0 - value) / total)))


def at_least(count: int, total: int, rate: float) -> float:
    """Chance of so many hits or more.

    Parameters
    ----------
    count, total : int
        Hits and tries.
    rate : float
        Chance of each.

    Returns
    -------
    float
    """
    return float(betainc(count, total - count + 1, rate)) if count else 1.0
