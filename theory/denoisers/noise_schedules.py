"""Noise levels that a sampler steps through, from large to small (arXiv:2206.00364)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_noise_range,
    as_number,
    as_positive,
)


def karras_schedule(
    steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> FloatArray:
    """Noise levels that are equidistant in σ^{1/ρ}, then 0.

    Parameters
    ----------
    steps : int
        Number of steps N ≥ 1, the last one to 0.
    sigma_min, sigma_max : float
        Smallest and largest level, 0 < sigma_min < sigma_max; data units. One step goes from
        sigma_max to 0.
    rho : float
        ρ > 0: 1 is linear in σ, large values approach equal steps in log σ.

    Returns
    -------
    ndarray of float64, shape (steps + 1,)
        Strictly descending. Source: arXiv:2206.00364, equation 5.

    Raises
    ------
    InputError
        If the levels are not ordered, or a value is out of range.

    Examples
    --------
    >>> from convergen import theory
    >>> theory.karras_schedule(4, 0.1, 10.0).round(3)
    array([10.   ,  2.934,  0.663,  0.1  ,  0.   ])
    """
    count = as_count(steps, "steps")
    low, high = as_noise_range(sigma_min, sigma_max)
    power = as_number(as_positive(rho, "rho"), "rho")
    # Relative to σ_max, so that no power overflows.
    ramp = np.linspace(1.0, (low / high) ** (1.0 / power), count)
    levels = np.append(high * ramp**power, 0.0)
    levels[0] = high
    if count > 1:
        levels[-2] = low
    if np.any(np.diff(levels) >= 0.0):
        raise InputError(f"{count} steps leave no distance between levels: use fewer steps.")
    return levels


def checked_schedule(sigmas: ArrayLike) -> FloatArray:
    """Noise levels of the caller.

    Parameters
    ----------
    sigmas : array_like, shape (levels,)
        At least two levels ≥ 0, strictly descending; data units.

    Returns
    -------
    ndarray of float64, shape (levels,)

    Raises
    ------
    InputError
        If they are not.
    """
    levels = as_finite(sigmas, "sigmas")
    if levels.ndim != 1 or levels.size < 2 or levels[-1] < 0.0 or np.any(np.diff(levels) >= 0.0):
        raise InputError(
            "sigmas must be a list of at least two noise levels, strictly descending and not "
            "negative, such as karras_schedule(18)."
        )
    return levels
