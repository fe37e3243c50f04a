"""The linear model that knows that images are stationary: one variance per Fourier mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_finite, as_samples


def expected_root(degrees: ArrayLike) -> FloatArray:
    """Mean of (χ²_m/m)^{1/2}, the shrinkage of an estimated standard deviation.

    Parameters
    ----------
    degrees : array_like
        Degrees of freedom m ≥ 1.

    Returns
    -------
    ndarray, shape of `degrees`
        (2/m)^{1/2} Γ((m + 1)/2)/Γ(m/2), in (0, 1).
    """
    from scipy.special import poch

    half = 0.5 * np.asarray(degrees, dtype=np.float64)
    with np.errstate(over="ignore"):
        exact = poch(half, 0.5) / np.sqrt(half)
    # Beyond 1e8 the series is exact to rounding, and the ratio of Γ is not.
    return np.where(half < 1e8, exact, 1.0 - 1.0 / (8.0 * half))


def stationary_convergence(power: ArrayLike, samples: ArrayLike) -> FloatArray:
    """Convergence q of two stationary linear models of a stationary Gaussian field.

    Parameters
    ----------
    power : array_like, shape (height, width) or (channels, height, width)
        Variance of each Fourier mode in the order of `numpy.fft.fft2`, ≥ 0; channels are treated
        alike but apart.
    samples : array_like, shape (m,)
        Training images n ≥ 1 of each model.

    Returns
    -------
    ndarray, shape of `samples`
        Σ P g²/Σ P, where g is `expected_root` with 2n degrees of freedom for a mode that has
        a partner at −k and n for one that is its own. It needs n of order 1, not d: symmetry
        leaves one number to learn for each mode, seen in every image.

    Raises
    ------
    InputError
        If the power is not a non-negative array of 2 or 3 axes, or n < 1.
    """
    variances = as_finite(power, "power")
    if variances.ndim not in (2, 3) or np.any(variances < 0.0) or not np.any(variances > 0.0):
        raise InputError(
            f"power of shape {variances.shape} must be one non-negative variance per Fourier mode, "
            "of shape (height, width) or (channels, height, width), not all 0."
        )
    n = as_samples(samples)
    height, width = variances.shape[-2:]
    own = _own_partner(height)[:, None] & _own_partner(width)[None, :]
    single = float(np.sum(variances * own))
    paired = float(np.sum(variances)) - single
    total = single * expected_root(n) ** 2 + paired * expected_root(2.0 * n) ** 2
    return np.asarray(total / (single + paired))


def _own_partner(size: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the frequencies of one axis equal their negative."""
    k = np.arange(size)
    return np.asarray((2 * k) % size == 0)
