"""Distances driven by the leading factors: operator norm and max-sliced Wasserstein.

Both ask for the largest eigenvalue ζ of c₁Σ̂ + c₂Σ. Two descriptions meet here:

- if few factors make it, they are drawn from the Wishart law and the others integrated out: in
  the leading block the tail only multiplies its sample covariance S by a number φ(ζ),

      φ = 1/(1 − c₁e),  e = (1/n) Σ λ/(ζ − c₂λ − c₁φλ)  over the tail,

  so that ζ is the largest eigenvalue of c₁φ(ζ)S + c₂Σ_lead. Without a tail this is exact.
- if many factors make it, it is the edge of the spectrum of c₁Σ̂ + c₂Σ, below which the same
  equation, summed over all factors, has no solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    as_samples,
    as_seed,
)
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.spectra.compression import compress
from convergen.theory.spectra.spectrum import Spectrum

EXACT = 128
_LEADING = 32
_DRAWS = 32
_MANY = 24.0


@dataclass(frozen=True)
class LeadingDistance:
    """A distance that leading factors dominate, for each n.

    Attributes
    ----------
    value : ndarray
        Expected distance.
    stderr : ndarray
        Monte Carlo standard error over the leading sample covariances; 0 at an edge.
    method : ndarray of str
        ``"monte carlo"``: exact (d ≤ 128); ``"leading factors"``: the tail is integrated out,
        right to a few per cent; ``"edge"``: deterministic, high by the Tracy–Widom shift of
        relative order n^{−2/3}.
    """

    value: FloatArray
    stderr: FloatArray
    method: np.ndarray[tuple[int, ...], np.dtype[np.str_]]

    __repr__ = brief


def operator_norm(spectrum: Spectrum, samples: ArrayLike, *, seed: int = 0) -> LeadingDistance:
    """Expected ‖Σ̂ − Σ‖/λ_1.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    seed : int
        Seed of the Monte Carlo average.

    Returns
    -------
    LeadingDistance
        E max(λ_max(Σ̂ − Σ), λ_max(Σ − Σ̂)), in units of the largest eigenvalue λ_1.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> round(float(theory.operator_norm(spectrum, 100).value), 2)
    0.25
    """

    def norm(largest: _Largest, n: float) -> FloatArray:
        return np.maximum(largest(1.0, -1.0), largest(-1.0, 1.0))

    return _average(spectrum, samples, seed, norm)


def max_sliced_wasserstein(
    spectrum: Spectrum, samples: ArrayLike, *, seed: int = 0
) -> LeadingDistance:
    """Expected max-sliced 2-Wasserstein distance of N(0, Σ̂) from N(0, Σ), over sqrt(λ_1).

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    seed : int
        Seed of the Monte Carlo average.

    Returns
    -------
    LeadingDistance
        E max_u |sqrt(uᵀΣ̂u) − sqrt(uᵀΣu)| over unit vectors u, in units of sqrt(λ_1).

    Notes
    -----
    sqrt(a) − sqrt(b) ≥ t holds if and only if a ≥ (1+s) b + (1 + 1/s) t² for some s > 0, so the
    squared distance is the maximum over s of s/(1+s) times the largest eigenvalue of
    Σ̂ − (1+s)Σ or of Σ − (1+s)Σ̂.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> round(float(theory.max_sliced_wasserstein(spectrum, 100).value), 2)
    0.17
    """

    def sliced(largest: _Largest, n: float) -> FloatArray:
        splits = split_grid(n, spectrum.rank)
        return np.maximum(
            sliced_maximum(lambda s: largest(1.0, -(1.0 + s)), splits),
            sliced_maximum(lambda s: largest(-(1.0 + s), 1.0), splits),
        )

    return _average(spectrum, samples, seed, sliced)


def split_grid(samples: float, rank: float) -> FloatArray:
    """Values of s that surround the best one, sqrt(a/b) − 1 for variances a > b of a direction.

    Parameters
    ----------
    samples : float
        n ≥ 1.
    rank : float
        Number of positive population eigenvalues.

    Returns
    -------
    ndarray
        From below 1/√n, a fluctuation of one direction, to above √(rank/n), the largest of all;
        for n near the rank or below, b may vanish, and to where the supremum is approached.
    """
    largest = (np.sqrt(rank) + 3.0) / np.sqrt(samples)
    high = 4.0 * largest if largest < 0.5 else max(200.0, 2.0 * largest)
    low = 0.05 / np.sqrt(samples)
    return np.geomspace(low, high, int(np.ceil(np.log2(high / low))) + 1)


def sliced_maximum(eigenvalue: Callable[[float], FloatArray], splits: FloatArray) -> FloatArray:
    """sqrt(max_s s/(1+s) ζ(s)), on a grid of s and refined between its points.

    Parameters
    ----------
    eigenvalue : callable
        ζ(s), an array over draws.
    splits : ndarray
        Ascending grid of s.

    Returns
    -------
    ndarray
        One value per draw.

    Notes
    -----
    In a fixed direction s/(1+s) ζ = s a/(1+s) − s b. With offset h = s − s₁ from a grid point,
    x = 1 + s₁, it is y₁ + αh − βh²/(x + h): fitted to the best point and its neighbours, the
    maximum is y₁ + x (√β − √(β−α))². Where ζ has reached its floor of 0, two points below are used.
    """
    curve = np.array([s / (1.0 + s) * eigenvalue(s) for s in splits])
    top = np.clip(curve.argmax(axis=0), 1, splits.size - 2)
    draw = np.arange(curve.shape[1])
    middle = top - ((curve[top + 1, draw] < 0.01 * curve[top, draw]) & (top > 1))
    below, best, above = splits[middle - 1], splits[middle], splits[middle + 1]
    y = curve[middle, draw]
    left, right = below - best, above - best
    slope_left = (curve[middle - 1, draw] - y) / left
    slope_right = (curve[middle + 1, draw] - y) / right
    beta = (slope_left - slope_right) / (right / (1.0 + above) - left / (1.0 + below))
    alpha = slope_left + beta * left / (1.0 + below)
    peaked = (beta > 0.0) & (beta > alpha)
    beta, alpha = np.where(peaked, beta, 1.0), np.where(peaked, alpha, 0.0)
    root = np.sqrt(1.0 - alpha / beta)
    place = (1.0 + best) / root - 1.0
    fitted = y + (1.0 + best) * beta * (1.0 - root) ** 2
    inside = peaked & (place >= splits[top - 1]) & (place <= splits[top + 1])
    return np.asarray(np.sqrt(np.maximum(np.where(inside, fitted, curve.max(axis=0)), 0.0)))


_Largest = Callable[[float, float], FloatArray]
_Statistic = Callable[[_Largest, float], FloatArray]


def _average(
    spectrum: Spectrum, samples: ArrayLike, seed: int, statistic: _Statistic
) -> LeadingDistance:
    n = as_samples(samples)
    with one_blas_thread():
        rows = [_single(spectrum, float(count), seed, statistic) for count in n.ravel()]
    value, stderr, method = zip(*rows, strict=True)
    return LeadingDistance(
        np.reshape(value, n.shape), np.reshape(stderr, n.shape), np.reshape(method, n.shape)
    )


def _single(
    spectrum: Spectrum, n: float, seed: int, statistic: _Statistic
) -> tuple[float, float, str]:
    """Distance, standard error and method for one n."""
    exact = spectrum.dim <= EXACT
    lead, tail = _split(spectrum, n, spectrum.dim if exact else _LEADING)
    if not exact:
        everything = _Tail(
            np.concatenate([lead, tail.lam]), np.append(np.ones(lead.size), tail.weights), n
        )
        if everything.effective_factors() > _MANY:
            return statistic(lambda *c: np.array([everything.edge(*c)]), n).item(), 0.0, "edge"
    draws = _wishart(n, lead, np.random.default_rng(as_seed(seed)))
    values = statistic(lambda *c: tail.largest(draws, lead, *c), n)
    spread = float(values.std(ddof=1) / np.sqrt(values.size))
    return float(values.mean()), spread, "monte carlo" if exact else "leading factors"


def _split(spectrum: Spectrum, n: float, leading: int) -> tuple[FloatArray, _Tail]:
    """Leading eigenvalues one by one, and the others compressed; unit: the largest."""
    counts = spectrum.multiplicities
    # Real multiplicities add up to the dimension up to rounding.
    rest = np.clip(np.cumsum(counts) - leading, 0.0, counts)
    kept = (rest > 1e-9) & (spectrum.eigenvalues > 0.0)
    if not kept.any():
        return spectrum.leading(leading) / spectrum.largest, _Tail(np.empty(0), np.empty(0), n)
    small = compress(spectrum.eigenvalues[kept], rest[kept])
    tail = _Tail(small.nodes / spectrum.largest, small.weights, n)
    return spectrum.leading(leading) / spectrum.largest, tail


def _wishart(n: float, lead: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Sample covariances of the leading factors, shape (draws, k, k).

    Bartlett's decomposition; below k rows it needs whole ones, so n is rounded there.
    """
    size = lead.size
    if n < size:
        rows = round(n)
        x = rng.standard_normal((_DRAWS, rows, size)) * np.sqrt(lead / rows)
        return np.asarray(x.transpose(0, 2, 1) @ x)
    lower = np.tril(rng.standard_normal((_DRAWS, size, size)), -1)
    diagonal = np.sqrt(rng.chisquare(n - np.arange(size), (_DRAWS, size)))
    lower[:, np.arange(size), np.arange(size)] = diagonal
    lower *= np.sqrt(lead / n)[:, None]
    return np.asarray(lower @ lower.transpose(0, 2, 1))


@dataclass(frozen=True)
class _Tail:
    """Factors that are integrated out."""

    lam: FloatArray
    weights: FloatArray
    samples: float

    def factor(self, zeta: FloatArray, first: float, second: float) -> FloatArray:
        """φ(ζ), or NaN below the edge.

        Newton on a concave (c₁ > 0) or convex (c₁ < 0) function from φ(∞) = 1: monotone.
        """
        phi = np.ones_like(zeta)
        strength = self.weights * self.lam / self.samples
        for _ in range(60):
            room = zeta[:, None] - (second + first * phi[:, None]) * self.lam
            room = np.where(room.min(axis=1, keepdims=True) > 0.0, room, np.nan)
            e = (1.0 / room) @ strength
            slope = first * (room**-2) @ (strength * self.lam)
            if first > 0.0:
                value, derivative = 1.0 - 1.0 / phi - first * e, phi**-2 - first * slope
            else:
                target = 1.0 / (1.0 - first * e)
                value, derivative = phi - target, 1.0 - first * slope * target**2
            step = value / np.where(derivative > 0.0, derivative, np.nan)
            phi = phi - step
            if not np.any(np.abs(step) > 1e-12 * np.abs(phi)):
                break
        return phi

    def ceiling(self, first: float, second: float) -> float:
        """A ζ that surely lies above the edge."""
        return float(
            4.0 * (abs(first) + abs(second)) * (1.0 + self.weights @ self.lam / self.samples)
        )

    def edge(self, first: float, second: float) -> float:
        """Smallest ζ for which φ exists."""
        low, high = 0.0, self.ceiling(first, second)
        for _ in range(6):
            grid = np.linspace(low, high, 34)
            missing = np.isnan(self.factor(grid[1:], first, second))
            last = np.max(np.flatnonzero(missing) + 1, initial=0)
            low, high = grid[last], grid[last + 1]
        return float(high)

    def effective_factors(self) -> float:
        """How many factors make the upper edge of Σ̂ − Σ."""
        zeta = self.edge(1.0, -1.0) * (1.0 + 1e-6)
        phi = self.factor(np.array([zeta]), 1.0, -1.0)[0]
        share = (self.lam / (zeta + (1.0 - phi) * self.lam)) ** 2
        return float((self.weights @ share) ** 2 / (self.weights @ share**2))

    def largest(
        self, covariance: FloatArray, lead: FloatArray, first: float, second: float
    ) -> FloatArray:
        """Largest eigenvalue of c₁Σ̂ + c₂Σ for each leading sample covariance."""
        shift = second * np.diag(lead)
        if self.lam.size == 0:
            return np.asarray(np.linalg.eigvalsh(first * covariance + shift)[:, -1])
        start = self.edge(first, second)
        top = self.ceiling(first, second)
        top += abs(first) * float(np.linalg.eigvalsh(covariance).max())
        grid = start + np.geomspace(1e-9, 1.0, 100) * top
        phi = self.factor(grid, first, second)
        low = np.full(covariance.shape[0], grid[0])
        # No root above the edge: the edge itself.
        lowest = np.linalg.eigvalsh(first * phi[0] * covariance + shift)[:, -1]
        high = np.where(lowest > grid[0], grid[-1], grid[0])
        while np.max((high - low) / high) > 1e-3:
            middle = 0.5 * (low + high)
            factor = first * np.interp(middle, grid, phi)[:, None, None]
            # The Rayleigh value bounds the root from the other side, since φ falls with ζ.
            value = np.linalg.eigvalsh(factor * covariance + shift)[:, -1]
            above = value > middle
            if first > 0.0:
                low = np.where(above, middle, np.maximum(low, np.minimum(value, middle)))
                high = np.where(above, np.minimum(high, np.maximum(value, middle)), middle)
            else:
                low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.asarray(0.5 * (low + high))
