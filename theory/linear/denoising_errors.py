"""Linear denoisers D̂ = Σ̂(Σ̂ + σ²)^{-1} at noise level σ (arXiv:2602.02908)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_number,
    as_positive,
    as_samples,
)
from convergen.theory.random_matrices.renormalised_noise import renormalised_noise, scaled
from convergen.theory.spectra.spectrum import Spectrum


@dataclass(frozen=True)
class DenoisingErrors:
    """Errors of the linear denoiser, for each n and σ; units of data squared.

    Attributes
    ----------
    test, train : ndarray
        E|x − D̂(x + σε)|² on fresh and on training points.
    optimal : ndarray
        The same for the true Wiener filter: Σ λσ²/(λ + σ²).
    agreement : ndarray
        E Tr D̂₁D̂₂ for two disjoint training sets, over E Tr D̂²; in [0, 1].
    renormalised_noise : ndarray
        κ(σ²): on average D̂ acts as the Wiener filter at this noise variance.
    """

    test: FloatArray
    train: FloatArray
    optimal: FloatArray
    agreement: FloatArray
    renormalised_noise: FloatArray

    __repr__ = brief


def denoising_errors(spectrum: Spectrum, samples: ArrayLike, sigma: ArrayLike) -> DenoisingErrors:
    """Test and train error and agreement of linear denoisers.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like
        n ≥ 1.
    sigma : array_like
        Noise standard deviations, broadcast against `samples`; data units.

    Returns
    -------
    DenoisingErrors
        Arrays of the broadcast shape.

    Notes
    -----
    With z = σ²: test = κ²κ' Σ λ/(λ+κ)² + z Tr D̂², train = z²κ' Σ λ/(λ+κ)² + z Tr D̂²,
    E Tr D̂² = Σ λ²/(λ+κ)² + (κ'/n) (Σ λκ/(λ+κ)²)², E Tr D̂₁D̂₂ = Σ λ²/(λ+κ)².

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.denoising_errors(spectrum, [10, 100], 1.0)
    >>> found.test.round(2), found.train.round(2), found.optimal.round(2)
    (array([18.15, 11.27]), array([ 6.26, 10.19]), array([10.7, 10.7]))
    """
    parts = scaled(spectrum)
    noise = as_positive(sigma) ** 2
    solved = renormalised_noise(spectrum, samples, noise)
    n = np.broadcast_to(as_samples(samples), solved.kappa.shape)
    z = np.broadcast_to(noise / parts.unit, n.shape)
    kappa, slope = solved.kappa / parts.unit, solved.slope
    share = parts.nodes / (parts.nodes + kappa[..., None])
    rest = kappa[..., None] / (parts.nodes + kappa[..., None])
    bias = slope * ((parts.nodes * rest**2) @ parts.weights)
    square = share**2 @ parts.weights
    energy = square + slope * ((share * rest) @ parts.weights) ** 2 / n
    optimal = (parts.nodes / (parts.nodes + z[..., None])) @ parts.weights * z
    return DenoisingErrors(
        test=parts.unit * (bias + z * energy),
        train=parts.unit * ((z / kappa) ** 2 * bias + z * energy),
        optimal=parts.unit * optimal,
        agreement=square / energy,
        renormalised_noise=solved.kappa,
    )


def denoiser_variance(
    spectrum: Spectrum, samples: ArrayLike, sigma: float, *, at: ArrayLike | None = None
) -> FloatArray:
    """Variance over training sets of the denoiser's output along each population eigenvector.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    sigma : float
        Noise standard deviation.
    at : array_like, shape (p,), optional
        Population eigenvalues; default `spectrum.eigenvalues`.

    Returns
    -------
    ndarray, shape (*samples.shape, p)
        E (v_kᵀ(D̂ − E D̂) y)² for a fresh noisy y ~ N(0, Σ + σ²), data units squared:
        κ² λ_k/(λ_k+κ)² · Σ_j λ_j(λ_j+σ²)/(λ_j+κ)² / (n − df₂(κ)), the two-point rule with
        A = Σ + σ²; n − df₂(κ) = n/κ'.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.denoiser_variance(spectrum, 100, 1.0).round(4)  # along 9, 4 and 1
    array([0.0112, 0.0195, 0.0285])
    """
    parts = scaled(spectrum)
    n = as_samples(samples)
    noise = as_number(as_positive(sigma), "sigma") ** 2
    points = spectrum.eigenvalues if at is None else as_finite(at, "at")
    if points.ndim != 1 or np.any(points < 0.0):
        raise InputError("at must be a list of eigenvalues that are not negative.")
    lam, z = points / parts.unit, noise / parts.unit
    solved = renormalised_noise(spectrum, n, noise)
    kappa = solved.kappa[..., None] / parts.unit
    mixing = (parts.nodes * (parts.nodes + z) / (parts.nodes + kappa) ** 2) @ parts.weights
    level = (mixing * solved.slope / n)[..., None]
    return np.asarray(parts.unit * level * lam * (kappa / (lam + kappa)) ** 2)
