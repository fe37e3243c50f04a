"""Distances between the learnt N(0, Σ̂ + ρ) and the true N(0, Σ)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_nonnegative, as_samples
from convergen.theory.linear.order_parameters import expected_sqrt
from convergen.theory.random_matrices.renormalised_noise import renormalised_noise, scaled
from convergen.theory.spectra.spectrum import Spectrum


def bures_wasserstein(spectrum: Spectrum, samples: ArrayLike) -> FloatArray:
    """Expected squared 2-Wasserstein distance of N(0, Σ̂) from N(0, Σ), over Tr Σ.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.

    Returns
    -------
    ndarray, shape of `samples`
        E W₂²/Tr Σ ≥ 0, a bulk distance that does not see single factors.

    Notes
    -----
    W₂² = Tr Σ + Tr Σ̂ − 2 Tr(Σ^{1/2} Σ̂ Σ^{1/2})^{1/2}; the last term is Tr H on the spectrum
    {λ²}, taken from the gap sqrt(s) − h(s), so that nothing cancels at large n.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.bures_wasserstein(spectrum, [10, 100]).round(4)
    array([0.5096, 0.0389])
    """
    squared = spectrum.squared
    parts = squared.compression
    gap = expected_sqrt(squared, samples, at=parts.nodes).gap
    assert gap is not None
    trace = float(parts.weights @ np.sqrt(parts.nodes))
    return np.asarray(2.0 * (gap @ parts.weights) / trace)


def kullback_leibler(spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0) -> FloatArray:
    """Expected divergence KL(N(0, Σ) ‖ N(0, Σ̂ + ρ)) in nats.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    ridge : float
        ρ ≥ 0. Without a ridge the two share their support and zero eigenvalues do not count;
        with one, a singular Σ has infinite divergence.

    Returns
    -------
    ndarray, shape of `samples`
        inf where Σ̂ is singular on the support of Σ (ρ = 0, n ≤ rank). d²/4n for n ≫ d
        (arXiv:2505.24769).

    Raises
    ------
    InputError
        If an argument is out of range, or the ridge positive but below 1e-323 λ₁.

    Notes
    -----
    ½ {Σ [log(1 + κ/λ) − κ/(λ+κ)] + n ψ(ε) − ε Σ κ/(λ+κ)}, ε = log(κ/ρ) and
    ψ(ε) = e^ε − 3 + (2 + ε) e^{−ε}: the expression of docs/derivation.md without its
    cancelling parts.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.kullback_leibler(spectrum, [10, 100, 1000]).round(3)
    array([  inf, 1.426, 0.103])
    """
    n = as_samples(samples)
    rho = as_nonnegative(ridge, "ridge")
    parts = scaled(spectrum)
    if rho == 0.0:
        load = np.minimum(parts.rank / n, 1.0)
        with np.errstate(divide="ignore"):
            epsilon = -np.log1p(-load)
        finite = np.where(load < 1.0, epsilon, 1.0)
        return np.where(load < 1.0, 0.5 * n * _psi(finite), np.inf)
    if spectrum.rank < spectrum.dim:
        return np.full(n.shape, np.inf)
    if rho / parts.unit == 0.0:
        raise InputError(
            f"ridge = {rho:g} is less than 1e-323 times the largest eigenvalue {parts.unit:g}: use "
            "0 or a larger value."
        )
    kappa = renormalised_noise(spectrum, n, rho).kappa[..., None] / parts.unit
    shares = parts.nodes / (parts.nodes + kappa)
    load = (shares @ parts.weights) / n
    # 1 − df₁/n = ρ/κ: where df₁ is close to n, only the ratio keeps its digits.
    ratio = np.log(kappa[..., 0]) - (np.log(rho) - np.log(parts.unit))
    epsilon = np.where(load < 0.5, -np.log1p(-np.minimum(load, 0.5)), ratio)
    lost = (kappa / (parts.nodes + kappa)) @ parts.weights
    with np.errstate(over="ignore"):
        excess = kappa / parts.nodes
    logs = np.where(np.isinf(excess), np.log(kappa) - np.log(parts.nodes), np.log1p(excess))
    bias = logs @ parts.weights - lost
    with np.errstate(over="ignore"):  # a divergence beyond 1e308 is infinite
        return np.asarray(0.5 * (bias + n * _psi(epsilon) - epsilon * lost))


def _psi(epsilon: FloatArray) -> FloatArray:
    """e^ε − 3 + (2 + ε) e^{−ε} = ε²/2 + … without cancellation."""
    small = np.minimum(epsilon, 0.3)
    # Coefficients of ε^k: (1 + (−1)^k (2 − k))/k!.
    series, power, factorial = np.zeros_like(small), small.copy(), 1.0
    for k in range(2, 18):
        power, factorial = power * small, factorial * k
        series = series + (1.0 + (-1.0) ** k * (2.0 - k)) / factorial * power
    direct = np.exp(epsilon) - 3.0 + (2.0 + epsilon) * np.exp(-epsilon)
    return np.where(epsilon < 0.3, series, direct)
