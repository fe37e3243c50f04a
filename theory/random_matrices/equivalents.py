"""Deterministic equivalents of the resolvent of a sample covariance.

(Σ̂ + z)^{-1} ≃ (κ/z)(Σ + κ)^{-1}, where z = κ(1 − df₁(κ)/n), which `renormalised_noise` solves;
see docs/derivation.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_nonnegative,
    as_sample_size,
)
from convergen.theory.random_matrices.renormalised_noise import df1, renormalised_noise
from convergen.theory.spectra.spectrum import Spectrum


def resolvent(spectrum: Spectrum, samples: float, noise: float) -> FloatArray:
    """E (Σ̂ + z)^{-1} along each population eigenvector.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    noise : float
        z > 0.

    Returns
    -------
    ndarray, shape (k,)
        (κ/z)/(λ + κ) for each entry of `spectrum.eigenvalues`.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.resolvent(spectrum, 100, 1.0).round(4)  # along 9, 4 and 1
    array([0.1101, 0.2177, 0.5268])
    """
    n, z = as_sample_size(samples), _positive_noise(noise, spectrum)
    kappa = float(renormalised_noise(spectrum, n, z).kappa)
    return kappa / z / (spectrum.eigenvalues + kappa)


def log_determinant(spectrum: Spectrum, samples: float, noise: float) -> float:
    """E log det(Σ̂ + z).

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    noise : float
        z > 0.

    Returns
    -------
    float
        d log z + Σ log(1 + λ/κ) + n [log(κ/z) + z/κ − 1].

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> round(theory.log_determinant(spectrum, 100, 1.0), 3)
    15.824
    """
    n, z = as_sample_size(samples), _positive_noise(noise, spectrum)
    kappa = float(renormalised_noise(spectrum, n, z).kappa)
    parts = spectrum.compression
    excess = float(df1(spectrum, kappa)) / n
    # z/κ = 1 − df₁/n from whichever side does not cancel.
    log_ratio = np.log1p(-excess) if excess < 0.5 else np.log(z / kappa)
    bulk = float(parts.weights @ np.log1p(parts.nodes / kappa))
    return float(spectrum.dim * np.log(z) + bulk - n * (log_ratio + excess))


def two_point(
    spectrum: Spectrum, samples: float, noise: tuple[float, float], weights: ArrayLike
) -> FloatArray:
    """Two-point function z z' E[R A R'], R = (Σ̂ + z)^{-1} and R' = (Σ̂ + z')^{-1}.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    noise : tuple of float
        (z, z'), both > 0.
    weights : array_like, shape (k,)
        Diagonal of A in the population eigenbasis, one entry for each distinct eigenvalue.

    Returns
    -------
    ndarray, shape (k,)
        κκ' G A G' + κκ' Tr(AΣGG')/(n − Σ λ²/((λ+κ)(λ+κ'))) · ΣGG', G = (Σ + κ)^{-1}.

    Notes
    -----
    Holds for matrices A that do not commute with Σ too, if G A G' is then a matrix product.
    The denominator is written as n z/κ + κ' Σ λ/((λ+κ)(λ+κ')), whose terms are positive.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.two_point(spectrum, 100, (1.0, 1.0), [1.0, 1.0, 1.0]).round(4)
    array([0.017 , 0.056 , 0.2901])
    """
    n, levels = as_sample_size(samples), as_finite(noise, "noise")
    if levels.shape != (2,):
        raise InputError(f"noise must be a pair (z, z'), not an array of shape {levels.shape}.")
    first, second = (_positive_noise(value, spectrum) for value in levels)
    kappas = renormalised_noise(spectrum, n, [first, second]).kappa
    lam = spectrum.eigenvalues
    diagonal = as_finite(weights, "weights")
    if diagonal.shape != lam.shape:
        raise InputError(
            f"weights has shape {diagonal.shape}, but the spectrum has {lam.size} distinct "
            "eigenvalues: give one weight for each."
        )
    left, right = (kappa / (lam + kappa) for kappa in kappas)
    mixed = spectrum.multiplicities * (lam / (lam + kappas[0])) * right
    mixing = float(mixed @ diagonal) / float(n * (first / kappas[0]) + mixed.sum())
    return np.asarray(left * (diagonal * right + mixing * (lam / (lam + kappas[1]))))


def _positive_noise(noise: float, spectrum: Spectrum) -> float:
    """Check a noise level by which is divided."""
    z = as_nonnegative(noise, "noise")
    if z == 0.0:
        raise InputError("noise must be positive here: the sample covariance may be singular.")
    if z / spectrum.largest == 0.0:
        raise InputError(
            f"noise = {z:g} is less than 1e-323 times the largest eigenvalue "
            f"{spectrum.largest:g}: use a larger value."
        )
    return z
