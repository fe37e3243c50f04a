"""Information density of data and noisy data: what decides between memory and generalisation.

i(x₀; x) = log p(x|x₀) − log p_σ(x) with x = x₀ + σz; its mean is the mutual information I(σ).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.collapse.data_laws import GaussianLaw, Law, as_law
from convergen.theory.common.checks import (
    FloatArray,
    as_count,
    as_noise,
    as_seed,
)
from convergen.theory.random_matrices.renormalised_noise import df1

DRAWS = 2048


@dataclass(frozen=True)
class Information:
    """Mutual information of data and noisy data, for each σ.

    Attributes
    ----------
    value : ndarray
        I(σ) in nats.
    stderr : ndarray
        Monte Carlo standard error; 0 for a Gaussian.
    spread : ndarray
        Standard deviation of the information density, which makes the collapse a crossover.
    reliable : ndarray of bool
        False where a data set is too small to resolve I(σ); the value is then too high.
    """

    value: FloatArray
    stderr: FloatArray
    spread: FloatArray
    reliable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def information(law: Any, sigma: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> Information:
    """Mutual information I(σ) of a point and its noisy version.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution; an array is a data set drawn from it.
    sigma : array_like, any shape
        Noise standard deviations, > 0.
    draws : int
        Monte Carlo draws where no closed form exists.
    seed : int
        Seed; the same draws serve every σ, so that I is smooth in σ.

    Returns
    -------
    Information

    Notes
    -----
    Gaussian: I = ½ Σ log(1 + λ/σ²), and the variance of i is Σ λ/(λ + σ²). Otherwise the
    average of i over draws; arXiv:2402.18491 uses it as an excess entropy.
    """
    noise = as_noise(sigma)
    known = as_law(law, seed)
    if isinstance(known, GaussianLaw):
        parts = known.spectrum.compression
        value = 0.5 * np.log1p(parts.nodes / noise[..., None] ** 2) @ parts.weights
        spread = np.sqrt(df1(known.spectrum, noise**2))
        exact = np.ones(noise.shape, dtype=np.bool_)
        return Information(np.asarray(value), np.zeros(noise.shape), spread, exact)
    sample = information_density(known, noise.ravel(), draws=draws, seed=seed)
    value, spread = sample.mean(axis=1), sample.std(axis=1, ddof=1)
    return Information(
        value.reshape(noise.shape),
        (spread / np.sqrt(sample.shape[1])).reshape(noise.shape),
        spread.reshape(noise.shape),
        (value < known.resolution - 0.5).reshape(noise.shape),
    )


def information_density(
    law: Any, sigma: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> FloatArray:
    """Samples of the information density.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    sigma : array_like, shape (s,)
        Noise standard deviations, > 0.
    draws : int
        How many.
    seed : int
        Seed; the same points and noises serve every σ.

    Returns
    -------
    ndarray, shape (s, draws)
        In nats.
    """
    noise = np.atleast_1d(as_noise(sigma))
    known = as_law(law, seed)
    x0, z = draw_pairs(known, as_count(draws, "draws"), seed)
    return np.array([_density(known, x0, z, float(level)) for level in noise])


def draw_pairs(law: Law, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Clean points and standard normal noise.

    Parameters
    ----------
    law : Law
        The data distribution.
    draws : int
        How many.
    seed : int
        Seed.

    Returns
    -------
    tuple of ndarray, each of shape (draws, dim)
    """
    rng = np.random.default_rng([as_seed(seed), draws])
    return law.draw(draws, rng), rng.standard_normal((draws, law.dim))


def _density(law: Law, x0: FloatArray, z: FloatArray, sigma: float) -> FloatArray:
    """Information density log p(x|x₀) − log p_σ(x) of given points and noise."""
    conditional = -0.5 * np.einsum("ij,ij->i", z, z)
    conditional -= 0.5 * law.dim * np.log(2.0 * np.pi * sigma**2)
    return np.asarray(conditional - law.log_density(x0 + sigma * z, sigma))
