"""The exponent p with which the share of the memoriser grows, from the history of one pair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray

# Exponents that are tried, and the fewest snapshots behind which one is looked for.
_POWERS = np.linspace(0.4, 3.0, 53)
_FEWEST = 4
# Of χ² with one degree of freedom, 90 %.
_RISE = 2.7055
UNKNOWN = (float("nan"),) * 3


def exponent(
    along: Callable[[NDArray[np.float64]], FloatArray],
    ratios: FloatArray,
    target: FloatArray,
    power: float,
) -> tuple[float, float, float]:
    """Exponent p of the share 1 − exp(−(N/n)^p) that is copied, constant c fitted beside it.

    Parameters
    ----------
    along : callable
        Order parameters, shape (…, 2), at values of N/n of the theory, any shape.
    ratios : ndarray, shape (constants, T)
        N/n at each snapshot for each c that is tried.
    target : ndarray, shape (T, 2)
        What was measured.
    power : float
        Exponent of the theory itself.

    Returns
    -------
    tuple of float
        p and the ends of its 90 % interval, from the rise of the squared misfit; NaN where there
        are fewer than four snapshots or where the interval reaches the end of the exponents tried.
    """
    count = len(target)
    if count < _FEWEST:
        return UNKNOWN
    # (N/n)^p is what the theory has at (N/n)^{p/power}.
    losses = np.array([
        np.min(np.sum((along(ratios ** (p / power)) - target) ** 2, axis=(1, 2))) for p in _POWERS
    ])  # fmt: skip
    best = int(np.argmin(losses))
    scale = losses[best] / (2 * count - 2)
    allowed = np.flatnonzero(losses <= losses[best] + _RISE * scale)
    if allowed[0] == 0 or allowed[-1] == len(_POWERS) - 1:
        return UNKNOWN
    return float(_POWERS[best]), float(_POWERS[allowed[0]]), float(_POWERS[allowed[-1]])
