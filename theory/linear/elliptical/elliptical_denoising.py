"""Errors of linear denoisers fitted to elliptical data.

With R = (Σ̂ + z)^{-1} ≃ (κ/z)(Σ + κ)^{-1}, z = σ², the denoiser is 1 − zR. Since R² = −dR/dz, with
κ' = dκ/dz and S = Σ λ/(λ+κ)²,

    Tr D̂² = df₁ − z κ' S,                  agreement = df₂/Tr D̂²,
    test  = κ df₁ − z κ' df₂ + z Tr D̂²,    train = z² κ' S + z Tr D̂²,

for any law of the amplitudes τ, which enters through κ(z) alone (arXiv:1310.8094):

    κ = z/ψ(e),    e ψ(e) = df₁(κ)/n,    ψ(e) = E τ/(1 + τe).

For equal amplitudes these are the errors of `denoising_errors`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, as_number, as_positive, as_samples
from convergen.theory.linear.denoising_errors import DenoisingErrors
from convergen.theory.random_matrices.renormalised_noise import scaled
from convergen.theory.spectra.spectrum import Spectrum

_STEPS, _CLOSE = 100, 1e-14


def elliptical_test_error(
    spectrum: Spectrum, samples: ArrayLike, sigma: float, amplitudes: ArrayLike
) -> FloatArray:
    """E|x − D̂(x + σε)|² on fresh points, D̂ = Σ̂(Σ̂ + σ²)^{-1} of n points of elliptical data.

    Parameters
    ----------
    spectrum, samples, sigma, amplitudes
        As for `elliptical_denoising_errors`.

    Returns
    -------
    ndarray, shape of `samples`
        Units of data squared.

    Raises
    ------
    InputError
        If an amplitude or the noise is not positive, or n is out of range.
    """
    return elliptical_denoising_errors(spectrum, samples, sigma, amplitudes).test


def elliptical_denoising_errors(
    spectrum: Spectrum, samples: ArrayLike, sigma: float, amplitudes: ArrayLike
) -> DenoisingErrors:
    """Test and train error and agreement of linear denoisers fitted to elliptical data.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of the covariance of the data.
    samples : array_like, any shape
        n ≥ 1.
    sigma : float
        Noise standard deviation, data units.
    amplitudes : array_like, shape (t,)
        Squared amplitudes τ > 0, a sample from their law; only ratios matter.

    Returns
    -------
    DenoisingErrors
        Arrays of the shape of `samples`.

    Raises
    ------
    InputError
        If an amplitude or the noise is not positive, or n is out of range.
    """
    tau = as_positive(amplitudes, "amplitudes").ravel()
    parts, n = scaled(spectrum), as_samples(samples)
    z = as_number(as_positive(sigma), "sigma") ** 2 / parts.unit
    kappa, slope = _renormalised(parts.nodes, parts.weights, n.ravel(), z, tau / tau.mean())
    share = parts.nodes / (parts.nodes + kappa[:, None])
    used, square = share @ parts.weights, share**2 @ parts.weights
    rest = (used - square) / kappa  # Σ λ/(λ+κ)²
    energy = used - z * slope * rest
    found = (
        parts.unit * (kappa * used - z * slope * square + z * energy),
        parts.unit * z * (z * slope * rest + energy),
        np.full(n.size, parts.unit * z * float((parts.nodes / (parts.nodes + z)) @ parts.weights)),
        square / energy,
        parts.unit * kappa,
    )
    return DenoisingErrors(*(np.asarray(each.reshape(n.shape)) for each in found))


def _renormalised(
    nodes: FloatArray, weights: FloatArray, n: FloatArray, z: float, tau: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """κ and dκ/dz at each n: Newton's method in log e, between bounds that close in."""
    low, high = np.full(n.size, -700.0), np.full(n.size, 700.0)
    log_e = np.log(np.sum(weights * nodes) / (n * z))
    for _ in range(_STEPS):
        e = np.exp(log_e)
        free = 1.0 / (1.0 + tau * e[:, None])
        psi, falling = (tau * free).mean(axis=1), (tau**2 * free**2).mean(axis=1)
        kappa = z / psi
        share = nodes / (nodes + kappa[:, None])
        used = share @ weights
        rest = (share * (1.0 - share)) @ weights / kappa
        value = e * psi - used / n
        per_kappa, per_e = rest / n, (tau * free**2).mean(axis=1)
        slope = per_e + per_kappa * z * falling / psi**2
        low, high = np.where(value < 0.0, log_e, low), np.where(value < 0.0, high, log_e)
        step = -value / (e * slope)
        inside = (log_e + step > low) & (log_e + step < high)
        log_e = np.where(inside, log_e + step, 0.5 * (low + high))
        if np.all(np.abs(step) < _CLOSE):
            break
    return kappa, 1.0 / psi - z * falling / psi**3 * per_kappa / slope
