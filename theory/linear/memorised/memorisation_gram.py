"""Memorisation of few samples: a Monte Carlo average that needs only Gram matrices of the data."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray, as_seed
from convergen.theory.linear.memorised.memorisation_saddlepoint import standard_error
from convergen.theory.spectra.spectrum import Spectrum

# Eigenvalues that are drawn one by one.
_LEADING = 256
_BUDGET = 1_500_000
_SEEDS_PER_SET = 16


def gram_average(
    spectrum: Spectrum,
    samples: float,
    rho: float,
    seed: int,
    tau: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """m, baseline and their standard errors; linear between whole numbers.

    Parameters
    ----------
    spectrum : Spectrum
        Of the data.
    samples : float
        n.
    rho : float
        Ridge over the largest eigenvalue.
    seed : int
        Of the draws.
    tau : tuple of ndarray
        Amplitudes of mean 1 and their probabilities.

    Returns
    -------
    ndarray, shape (4,)
    """
    low = int(np.floor(samples))
    first = gram_monte_carlo(spectrum, low, rho, seed, tau)
    if samples == low:
        return first
    second = gram_monte_carlo(spectrum, low + 1, rho, seed, tau)
    return first + (samples - low) * (second - first)


def gram_monte_carlo(
    spectrum: Spectrum,
    n: int,
    rho: float,
    seed: int,
    tau: tuple[FloatArray, FloatArray],
    share: float = 1.0,
) -> FloatArray:
    """The same for a whole number of samples, an average over data sets.

    Parameters
    ----------
    spectrum : Spectrum
        Of the data.
    n : int
        Training samples.
    rho : float
        Ridge over the largest eigenvalue.
    seed : int
        Of the draws.
    tau : tuple of ndarray
        Amplitudes of mean 1 and their probabilities.
    share : float
        Of the data sets that are drawn.

    Returns
    -------
    ndarray, shape (4,)

    Notes
    -----
    A long tail of the spectrum is Gaussian by the central limit.
    """
    rng = np.random.default_rng([as_seed(seed), n])
    leading = spectrum.leading(min(spectrum.dim, _LEADING)) / spectrum.largest
    sets = int(np.clip(_BUDGET // (2 * n * max(leading.size, 2 * n)), 64, 4096))
    sets = round(share * sets)
    x = rng.standard_normal((sets, 2 * n, leading.size))
    x *= np.sqrt(leading)
    gram = x @ x.transpose(0, 2, 1)
    tail = np.zeros(2)
    if spectrum.dim > _LEADING:
        lam, counts = spectrum.eigenvalues / spectrum.largest, spectrum.multiplicities
        # Differences of sums: rounding must not turn those of a vanishing tail negative.
        tail = np.array([max(counts @ lam**p - np.sum(leading**p), 0.0) for p in (1, 2)])
        noise = rng.standard_normal(gram.shape) * np.sqrt(0.5 * tail[1])
        gram += noise + noise.transpose(0, 2, 1) + tail[0] * np.eye(2 * n)
    scale = np.ones((sets, 2 * n, 1))
    if tau[0].size > 1:
        scale = np.sqrt(rng.choice(tau[0], scale.shape, p=tau[1]))
        gram *= scale * scale.transpose(0, 2, 1)
        if rho > 0.0 or spectrum.dim > _LEADING:
            x *= scale
    a = rng.standard_normal((sets, n, _SEEDS_PER_SET)) / np.sqrt(n)
    inner = gram[:, :, :n] @ a
    square = np.einsum("rik,rik->rk", a, inner[:, :n])
    lengths = np.einsum("rii->ri", gram)
    if spectrum.dim > _LEADING:
        # A tail of few directions (real multiplicities) is no Gaussian: it shortens nothing.
        lengths = np.maximum(lengths, np.einsum("ril,ril->ri", x, x))
        square = np.maximum(square, ((x[:, :n].transpose(0, 2, 1) @ a) ** 2).sum(axis=1))
    if rho > 0.0:
        # √ρ ξ: drawn in the leading directions, its tail by the central limit as well.
        white = rng.standard_normal((sets, leading.size, _SEEDS_PER_SET))
        extra, length = x @ white, np.sum(white**2, axis=1)
        if spectrum.dim > _LEADING:
            extra += np.sqrt(tail[0]) * scale * rng.standard_normal(extra.shape)
            length += rng.chisquare(spectrum.dim - _LEADING, length.shape)
        cross = np.einsum("rik,rik->rk", a, extra[:, :n])
        square = square + 2.0 * np.sqrt(rho) * cross + rho * length
        inner = inner + np.sqrt(rho) * extra
    norms = np.sqrt(lengths)[:, :, None]
    cosines = np.minimum(np.abs(inner) / (norms * np.sqrt(square)[:, None]), 1.0)
    own, fresh = cosines[:, :n].max(axis=1).mean(axis=1), cosines[:, n:].max(axis=1).mean(axis=1)
    return np.array([own.mean(), fresh.mean(), standard_error(own), standard_error(fresh)])
