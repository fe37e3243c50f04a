"""Overlap of the sample eigenvectors in a window of ranks with one population eigenspace.

On the curve of `theory.sample_covariance`, the eigenvectors whose ranks lie between two points
have a squared overlap with the eigenspace of λ of (1/π) Im ∫ κ/(λ + κ) dlog ζ. The path may be
lifted off the curve, where the integrand is analytic, so that quadrature converges
geometrically. Taken at finite d, with one rank per eigenvalue, this law is not only the limit
for macroscopic groups: it also describes single factors below and around their threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from theory.checks import FloatArray, InputError, as_count, as_sample_size
from theory.compression import compress
from theory.kernels import base_kappa, complex_sums, height
from theory.spectrum import Spectrum

# Eigenvalues kept one by one; those far below the factors of interest may be compressed.
_KEPT = 512
# Range of the double-exponential rule: its nodes come as near to the ends as 1e-61.
_REACH = 4.5


def subspace_overlap(spectrum: Spectrum, samples: float, group: int) -> float:
    """Mean squared overlap of the sample eigenvectors of one group's ranks with its eigenspace.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    group : int
        Index into `spectrum.eigenvalues`; 0 is the largest.

    Returns
    -------
    float
        (1/m) Σ_i E|P v̂_i|² over the m sample eigenvectors whose ranks are those of the group's
        m equal eigenvalues; 1 means recovered, m/d is chance.
    """
    index, groups = as_count(group, "group", 0), spectrum.eigenvalues.size
    if index >= groups:
        raise InputError(
            f"group = {index} was asked for, but the spectrum has {groups} distinct eigenvalues: "
            f"use at most {groups - 1}."
        )
    return float(window_overlaps(spectrum, samples, [index])[0])


def window_overlaps(spectrum: Spectrum, samples: float, groups: list[int]) -> FloatArray:
    """`subspace_overlap` of several groups for one n.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    groups : list of int
        Indices into `spectrum.eigenvalues`, consecutive ones share their work.

    Returns
    -------
    ndarray, shape (len(groups),)
    """
    curve = _Curve.of(spectrum, as_sample_size(samples), max(groups) + 1)
    points: dict[float, complex] = {}
    result = np.empty(len(groups))
    for i, group in enumerate(groups):
        lam = spectrum.eigenvalues[group] / spectrum.largest
        size = float(spectrum.multiplicities[group])
        upper = float(spectrum.multiplicities[:group].sum())
        lower = upper + size
        total = 0.0
        if upper < curve.filled:
            ends = (min(lower, curve.filled), upper)
            for rank in ends:
                if rank not in points:
                    points[rank] = curve.at_rank(rank)
            total += size * curve.overlap(points[ends[0]], points[ends[1]], lam)
        if lower > curve.filled:
            null = curve.base / (lam + curve.base) if curve.base > 0.0 else float(lam == 0.0)
            share = (lower - max(curve.filled, upper)) / (spectrum.dim - curve.filled)
            total += share * size * null
        result[i] = min(total / size, 1.0)
    return result


@dataclass(frozen=True)
class _Curve:
    """The curve κ(x) of one sample covariance, in units of the largest eigenvalue."""

    nodes: FloatArray
    weights: FloatArray
    samples: float
    base: float
    filled: float

    @classmethod
    def of(cls, spectrum: Spectrum, n: float, groups: int) -> _Curve:
        positive = spectrum.eigenvalues > 0.0
        lam = spectrum.eigenvalues[positive] / spectrum.largest
        counts = spectrum.multiplicities[positive]
        kept = max(_KEPT, 8 * groups)
        if lam.size > 2 * kept:
            tail = compress(lam[kept:], counts[kept:])
            lam = np.concatenate([lam[:kept], tail.nodes])
            counts = np.concatenate([counts[:kept], tail.weights])
        rank = float(spectrum.rank)
        base = float(base_kappa(lam, counts, rank, n)[0])
        return cls(lam, counts, n, base, min(n, rank))

    def point(self, a: float) -> complex:
        return complex(-a, height(self.nodes, self.weights, self.samples, a))

    def at_rank(self, rank: float) -> complex:
        """Point with `rank` sample eigenvalues above it; the middle of the gap if it is one."""
        from theory.sample_covariance import count_above

        high = 1.0 + float(np.sqrt(self.weights @ self.nodes**2 / self.samples))
        if rank == 0.0:
            return complex(-2.0 * high)
        if rank == self.filled:
            return self._below_all()

        def excess(a: float, margin: float) -> float:
            above = count_above(self.nodes, self.weights, self.samples, self.point(a))
            return above - rank - margin

        low = -self.base
        if excess(low, 1e-9) <= 0.0:
            return self._below_all()
        # The margins find both edges of a gap. In its middle the path stays clear of the poles
        # at −λ, which for n ≫ d are very near to the edges.
        ends = [
            float(brentq(excess, low, high, args=(m,), xtol=1e-300, rtol=1e-13, maxiter=1000))
            for m in (1e-9, -1e-9)
        ]
        middle = np.sqrt(ends[0] * ends[1]) if min(ends) > 0.0 else 0.5 * sum(ends)
        return self.point(float(middle))

    def _below_all(self) -> complex:
        """Between the smallest positive sample eigenvalue and the atom at zero."""
        low, high = -self.base, float(self.nodes[-1])
        for _ in range(100):
            middle = 0.5 * (low + high)
            if self.point(middle).imag > 0.0:
                high = middle
            else:
                low = middle
        return complex(-0.5 * (low - self.base))

    def overlap(self, start: complex, stop: complex, lam: float) -> float:
        """(1/π) Im ∫ κ/(λ + κ) dlog ζ from start to stop along a lifted arc.

        By the double-exponential rule: square roots at the ends do no harm, and levels of the
        spectrum may lie much nearer to one end than the path is long.
        """
        value, previous = 0.0, np.inf
        span, lift = stop - start, 4j * abs(stop - start)
        for count in (48, 96, 192, 384, 768, 1536):
            step = 2.0 * _REACH / count
            u = step * (np.arange(count) + 0.5) - _REACH
            t, rest = expit(np.pi * np.sinh(u)), expit(-np.pi * np.sinh(u))
            kappa = np.where(u < 0.0, start + span * t, stop - span * rest) + lift * t * rest
            velocity = (span + lift * (rest - t)) * (np.pi * step * np.cosh(u) * t * rest)
            first, second = np.empty_like(kappa), np.empty_like(kappa)
            complex_sums(self.nodes, self.weights, kappa, first, second)
            slope = (self.samples - second) / (self.samples - first) / (lam + kappa)
            value = float(np.sum((slope * velocity).imag))
            if abs(value - previous) < 1e-9:
                break
            previous = value
        return value / np.pi
