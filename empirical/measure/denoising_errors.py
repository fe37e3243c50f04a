"""Denoising errors of a model, and of two models against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray, as_number, as_positive
from convergen.theory.denoisers.protocol import Denoiser

# An error within this share of all the noise is that of the identity.
_IDENTITY = 0.1


def denoising_error(
    denoiser: Denoiser, points: NDArray[Any], sigma: float, rng: np.random.Generator
) -> float:
    """Mean squared error of denoised points, per point.

    Parameters
    ----------
    denoiser : Denoiser
        D(x, σ).
    points : ndarray, shape (count, *shape)
        Clean points.
    sigma : float
        Noise level, > 0.
    rng : numpy.random.Generator
        Source of the noise; equal streams give two models the same noise.

    Returns
    -------
    float
        E|x − D(x + σε, σ)|², summed over coordinates.
    """
    noisy, level = _noisy(points, sigma, rng)
    return _mean_square(denoiser(noisy, level) - points)


def disagreement(
    first: Denoiser,
    second: Denoiser,
    points: NDArray[Any],
    sigma: float,
    rng: np.random.Generator,
) -> float:
    """Mean squared distance of what two models make of the same noisy points.

    Parameters
    ----------
    first, second : Denoiser
        Trained on disjoint data.
    points : ndarray, shape (count, *shape)
        Clean points that neither has seen.
    sigma : float
        Noise level, > 0.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    float
        E|D_a − D_b|², summed over coordinates: twice the variance of a model over training sets.
        The test error less that of the true model, less half of it, is the squared bias
        (Kadkhodaie et al., arXiv:2310.02557, equation 7).
    """
    noisy, level = _noisy(points, sigma, rng)
    return _mean_square(first(noisy, level) - second(noisy, level))


def peak_signal_to_noise(error: ArrayLike, dim: int, peak: float) -> FloatArray:
    """Denoising errors in decibels.

    Parameters
    ----------
    error : array_like
        Mean squared errors, summed over coordinates.
    dim : int
        Number of coordinates.
    peak : float
        Range of a coordinate, largest minus smallest possible value, data units.

    Returns
    -------
    ndarray, shape of `error`
        10 log₁₀(peak²/mean squared error of a coordinate); infinite where there is no error.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(peak**2 * dim / np.asarray(error, np.float64)))


def stayed_identity(
    error: ArrayLike, true_error: ArrayLike, identity_error: ArrayLike
) -> NDArray[np.bool_]:
    """Which networks left all noise in, as they did before training.

    Parameters
    ----------
    error : array_like, shape (..., levels)
        Denoising errors on unseen points.
    true_error, identity_error : array_like, shape (levels,)
        Those of the true law, and of the identity: σ²d, or what the same noise adds up to.

    Returns
    -------
    ndarray of bool, shape (...)
        Whether the error is that of the identity to a tenth at every level at which the truth
        removes half of the noise; never if there is no such level.
    """
    noise = np.asarray(identity_error, np.float64)
    telling = np.asarray(true_error) < 0.5 * noise
    left = np.asarray(error)[..., telling] / noise[telling]
    return np.asarray(telling.any() & (np.abs(left - 1.0) < _IDENTITY).all(axis=-1))


def _noisy(
    points: NDArray[Any], sigma: float, rng: np.random.Generator
) -> tuple[NDArray[Any], float]:
    level = as_number(as_positive(sigma, "sigma"), "sigma")
    noise = rng.standard_normal(points.shape).astype(points.dtype, copy=False)
    return points + points.dtype.type(level) * noise, level


def _mean_square(difference: NDArray[Any]) -> float:
    rows = np.asarray(difference, np.float64).reshape(len(difference), -1)
    return float(np.einsum("ij,ij->", rows, rows) / len(rows))
