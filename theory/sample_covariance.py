"""The spectrum of a sample covariance and how its eigenvectors overlap with the population's.

On the curve κ = −a + ib on which z(κ) is real and negative, everything is explicit: the sample
eigenvalue is x = −z(κ), the density (n/πd) b/|κ|², and the overlaps need no division by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.checks import FloatArray, InputError, as_finite, as_samples
from theory.equivalents import scaled
from theory.spectrum import Spectrum


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
    """
    n = float(as_samples(samples))
    x = np.atleast_1d(as_finite(points, "points"))
    if np.any(x <= 0.0):
        raise InputError("points must be positive: the weight at zero is the result's `atom`.")
    kappa, base, converged = _on_curve(spectrum, n, x)
    parts = scaled(spectrum, exact=True)
    unit, dim = parts.unit, spectrum.dim
    square = np.abs(kappa) ** 2
    density = n / (np.pi * dim) * kappa.imag / square / unit
    lam = spectrum.eigenvalues / unit
    shifted = np.abs(lam + kappa[:, None]) ** 2
    overlap = dim / n * lam * square[:, None] / ((x / unit)[:, None] * shifted)
    atom = 1.0 - min(n, parts.rank) / dim
    null = base / (lam + base) if base > 0.0 else (lam == 0.0).astype(float)
    null_overlap = null / atom if atom > 0.0 else np.full(lam.size, np.nan)
    overlap[density == 0.0] = np.nan
    below = np.array([1.0 - _count_above(parts.nodes, parts.weights, n, k) / dim for k in kappa])
    return SampleSpectrum(x, density, below, atom, overlap, null_overlap, converged)


def _on_curve(
    spectrum: Spectrum, n: float, x: FloatArray
) -> tuple[NDArray[np.complex128], float, bool]:
    from theory.kernels import sample_points

    parts = scaled(spectrum, exact=True)
    kappa = np.empty(x.size, dtype=np.complex128)
    base, converged = sample_points(
        parts.nodes, parts.weights, parts.rank, n, x / parts.unit, kappa
    )
    return kappa, float(base), bool(converged)


def _count_above(nodes: FloatArray, weights: FloatArray, n: float, kappa: complex) -> float:
    """Number of sample eigenvalues above −z(κ), from Im E log det(Σ̂ + z) along the curve."""
    phase = np.angle(kappa)
    shares = nodes / (nodes + kappa)
    turned = float(weights @ (np.angle(nodes + kappa) - phase))
    # κ/z = 1/(1 − df₁/n), whose phase is −(π − arg κ) on the curve where z < 0.
    return (-turned + n * (np.pi - phase) + float((weights @ shares).imag)) / np.pi


def subspace_overlap(spectrum: Spectrum, samples: float, group: int) -> float:
    """Mean squared overlap of the sample eigenvectors of one group's ranks with its eigenspace.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    group : int
        Index into `spectrum.eigenvalues`.

    Returns
    -------
    float
        (1/m) Σ_i E|P v̂_i|² over the m sample eigenvectors whose ranks are those of the group's
        m equal eigenvalues; 1 means recovered, m/d is chance.

    Notes
    -----
    The integral (1/π) Im ∫ κ/(λ + κ) dlog ζ between the two points of the curve that bound
    these ranks. Its path is lifted off the curve, where the integrand is analytic, and
    Gauss–Legendre converges geometrically.
    """
    n = float(as_samples(samples))
    parts = scaled(spectrum, exact=True)
    lam = spectrum.eigenvalues[group] / parts.unit
    size = spectrum.multiplicities[group]
    before = float(spectrum.multiplicities[:group].sum())
    filled = min(n, parts.rank)
    upper, lower = before, min(before + size, filled)
    total = 0.0
    base = _on_curve(spectrum, n, np.array([parts.unit]))[1]
    if lower > upper:
        start = _kappa_at_rank(parts.nodes, parts.weights, parts.rank, n, base, upper)
        stop = _kappa_at_rank(parts.nodes, parts.weights, parts.rank, n, base, lower)
        total += size * _lifted_integral(parts.nodes, parts.weights, n, stop, start, lam)
    if before + size > filled:
        null = base / (lam + base) if base > 0.0 else float(lam == 0.0)
        share = (before + size - max(filled, before)) / (spectrum.dim - filled)
        total += share * size * null
    return float(min(total / size, 1.0))


def _kappa_at_rank(
    nodes: FloatArray, weights: FloatArray, rank: float, n: float, base: float, count: float
) -> complex:
    """κ on the curve with `count` sample eigenvalues above it; real if that lies in a gap."""
    from theory.kernels import height

    low = -base
    high = 1.0 + float(np.sqrt(weights @ nodes**2 / n))
    if count == 0.0:
        return complex(-2.0 * high)
    if count == min(n, rank):
        # Between the atom at zero and the smallest positive sample eigenvalue.
        return _gap_point(nodes, weights, n, base)
    for _ in range(200):
        middle = 0.5 * (low + high)
        kappa = complex(-middle, height(nodes, weights, n, middle))
        # The margin makes every rank that falls into a gap meet at the same edge of it.
        if _count_above(nodes, weights, n, kappa) > count + 1e-9:
            low = middle
        else:
            high = middle
        if high - low <= 1e-15 * max(abs(low), abs(high)):
            break
    return complex(-high, height(nodes, weights, n, high))


def _gap_point(nodes: FloatArray, weights: FloatArray, n: float, base: float) -> complex:
    """The edge of the hole next to κ₀, by bisection on whether the curve has left the axis."""
    from theory.kernels import height

    low, high = -base, float(nodes[-1])
    for _ in range(200):
        middle = 0.5 * (low + high)
        if height(nodes, weights, n, middle) > 0.0:
            high = middle
        else:
            low = middle
    return complex(-low)


def _lifted_integral(
    nodes: FloatArray, weights: FloatArray, n: float, start: complex, stop: complex, lam: float
) -> float:
    x, w = np.polynomial.legendre.leggauss(64)
    previous = np.inf
    for pieces in (1, 2, 4, 8, 16, 32, 64):
        edges = np.linspace(0.0, 1.0, pieces + 1)
        t = (edges[:-1, None] + (x + 1.0) / (2.0 * pieces)).ravel()
        lift = abs(stop - start)
        kappa = start + (stop - start) * t + 1j * lift * 4.0 * t * (1.0 - t)
        velocity = (stop - start) + 1j * lift * 4.0 * (1.0 - 2.0 * t)
        shares = nodes / (nodes + kappa[:, None])
        first, second = shares @ weights / n, shares**2 @ weights / n
        rate = (1.0 - second) / (1.0 - first) / kappa
        value = float(
            np.tile(w, pieces) / (2.0 * pieces) @ (kappa / (lam + kappa) * rate * velocity).imag
        )
        if abs(value - previous) < 1e-12:
            break
        previous = value
    return value / np.pi
