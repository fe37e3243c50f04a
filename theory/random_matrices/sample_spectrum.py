"""The spectrum of a sample covariance and how its eigenvectors overlap with the population's.

On the curve κ = −a + ib on which z(κ) is real and negative, everything is explicit: the sample
eigenvalue is x = −z(κ), the density (n/πd) b/|κ|², and the overlaps need no division by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import FloatArray, InputError, as_finite, as_sample_size
from convergen.theory.random_matrices.renormalised_noise import scaled
from convergen.theory.spectra.spectrum import Spectrum


@dataclass(frozen=True)
class SampleSpectrum:
    """Limiting eigenvalue distribution of Σ̂ and bulk overlaps at given sample eigenvalues.

    Attributes
    ----------
    points : ndarray, shape (p,)
        Sample eigenvalues x > 0.
    density : ndarray, shape (p,)
        Density at x; with `atom` it integrates to 1. Units: 1/eigenvalue.
    below : ndarray, shape (p,)
        Fraction of sample eigenvalues ≤ x, the atom included.
    atom : float
        Fraction of exactly zero eigenvalues, max(0, 1 − n/d) or more for a singular Σ.
    overlap : ndarray, shape (p, k)
        d·E⟨v̂_x, v_j⟩² for each distinct population eigenvalue λ_j; averages to 1 over the
        population and is 1 everywhere if eigenvectors carry no information. NaN in gaps.
    null_overlap : ndarray, shape (k,)
        The same for the null space of Σ̂ (NaN if there is none).
    converged : bool
        Whether the base point κ₀ was found.
    """

    points: FloatArray
    density: FloatArray
    below: FloatArray
    atom: float
    overlap: FloatArray
    null_overlap: FloatArray
    converged: bool

    __repr__ = brief


def sample_spectrum(spectrum: Spectrum, samples: float, points: ArrayLike) -> SampleSpectrum:
    """Density, distribution function and eigenvector overlaps of Σ̂ at given points.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    points : array_like, shape (p,)
        Sample eigenvalues x > 0.

    Returns
    -------
    SampleSpectrum

    Raises
    ------
    InputError
        If a point is not positive.

    Notes
    -----
    Overlap d λ |κ|²/(n x |λ + κ|²) after Ledoit & Péché (2011); the distribution function is
    the imaginary part of the log-determinant of docs/derivation.md.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.isotropic(100)
    >>> theory.sample_spectrum(spectrum, 400, [0.5, 1.0, 2.0]).density.round(4)  # Marchenko-Pastur
    array([0.8422, 0.6164, 0.2105])
    """
    n = as_sample_size(samples)
    x = np.atleast_1d(as_finite(points, "points"))
    if x.ndim != 1:
        raise InputError(f"points must be a list, not an array of shape {x.shape}.")
    if np.any(x <= 0.0):
        raise InputError("points must be positive: the weight at zero is the result's `atom`.")
    from convergen.theory.random_matrices.curve_kernels import count_above

    kappa, base, converged = _on_curve(spectrum, n, x)
    parts = scaled(spectrum, exact=True)
    unit, dim = parts.unit, spectrum.dim
    modulus = np.abs(kappa)
    density = n / (np.pi * dim) * (kappa.imag / modulus) / modulus / unit
    lam = spectrum.eigenvalues / unit
    # No square is taken that could leave the range of doubles.
    share = modulus[:, None] / np.abs(lam + kappa[:, None])
    overlap = dim / n * share * (lam / (x / unit)[:, None] * share)
    atom = 1.0 - min(n, parts.rank) / dim
    null = base / (lam + base) if base > 0.0 else (lam == 0.0).astype(float)
    null_overlap = null / atom if atom > 0.0 else np.full(lam.size, np.nan)
    overlap[density == 0.0] = np.nan
    below = np.array([1.0 - count_above(parts.nodes, parts.weights, n, k) / dim for k in kappa])
    return SampleSpectrum(x, density, below, atom, overlap, null_overlap, converged)


def _on_curve(
    spectrum: Spectrum, n: float, x: FloatArray
) -> tuple[NDArray[np.complex128], float, bool]:
    from convergen.theory.random_matrices.curve_kernels import sample_points

    parts = scaled(spectrum, exact=True)
    kappa = np.empty(x.size, dtype=np.complex128)
    base, converged = sample_points(
        parts.nodes, parts.weights, parts.rank, n, x / parts.unit, kappa
    )
    return kappa, float(base), bool(converged)
