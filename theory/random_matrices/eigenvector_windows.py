"""Overlap of the sample eigenvectors in a window of ranks with one population eigenspace.

On the curve of `sample_spectrum`, the eigenvectors whose ranks lie between two points
have a squared overlap with the eigenspace of λ of (1/π) Im ∫ κ/(λ + κ) dlog ζ. The path may be
lifted off the curve, where the integrand is analytic, so that quadrature converges
geometrically. Taken at finite d, with one rank per eigenvalue, this law is not only the limit
for macroscopic groups: it also describes single factors below and around their threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_sample_size
from convergen.theory.common.roots import bracketed_root
from convergen.theory.random_matrices.curve_kernels import free_degrees, ranked_point
from convergen.theory.random_matrices.kappa_kernels import base_kappa
from convergen.theory.spectra.compression import compress
from convergen.theory.spectra.spectrum import Spectrum

# Eigenvalues kept one by one; those far below the factors of interest may be compressed.
_KEPT = 512
# Range of the double-exponential rule: its nodes come as near to the ends as 1e-61.
_REACH = 4.5
# The largest eigenvalue on a curve. A power of two rounds nothing; below the smallest, 300 decades
# lower, it leaves room for the ends of the paths.
TOP = 2.0**300
# log λ_d/(a + κ₀) of the lowest point where a rank is looked for.
_BELOW = 70.0
# Rounding of a count of eigenvalues, relative to their number.
_COUNTING = 1e-15


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

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> round(theory.subspace_overlap(spectrum, 100, 0), 3)
    0.961
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
    curve = SampleCurve.of(spectrum, as_sample_size(samples), max(groups) + 1)
    points: dict[float, complex] = {}
    result = np.empty(len(groups))
    for i, group in enumerate(groups):
        lam = spectrum.eigenvalues[group] / spectrum.largest * TOP
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
        # Real multiplicities add up to the dimension only up to rounding.
        if lower > curve.filled and spectrum.dim > curve.filled:
            null = curve.base / (lam + curve.base) if curve.base > 0.0 else float(lam == 0.0)
            share = (lower - max(curve.filled, upper)) / (spectrum.dim - curve.filled)
            total += share * size * null
        result[i] = min(total / size, 1.0)
    return result


@dataclass(frozen=True)
class SampleCurve:
    """The curve κ(x) of one sample covariance, in units where the largest eigenvalue is `TOP`.

    Attributes
    ----------
    nodes, weights : ndarray, shape (k,)
        Positive population eigenvalues and multiplicities.
    samples : float
        n.
    base : float
        κ₀.
    filled : float
        Number of positive sample eigenvalues.
    """

    nodes: FloatArray
    weights: FloatArray
    samples: float
    base: float
    filled: float

    @classmethod
    def of(cls, spectrum: Spectrum, n: float, groups: int) -> SampleCurve:
        """Curve on which the leading eigenvalues are kept one by one.

        Parameters
        ----------
        spectrum : Spectrum
            Population spectrum; its far tail is compressed.
        n : float
            n ≥ 1.
        groups : int
            How many distinct eigenvalues are of interest.

        Returns
        -------
        SampleCurve
        """
        positive = spectrum.eigenvalues > 0.0
        lam = spectrum.eigenvalues[positive] / spectrum.largest * TOP
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
        """Point κ with real part −a.

        Parameters
        ----------
        a : float
            In the curve's units.

        Returns
        -------
        complex
            Real in a gap of the sample spectrum.
        """
        return complex(ranked_point(self.nodes, self.weights, self.samples, a)[0])

    def at_rank(self, rank: float) -> complex:
        """Point with a given number of sample eigenvalues above it.

        Parameters
        ----------
        rank : float
            From 0 to `filled`.

        Returns
        -------
        complex
            The middle of the gap if it is one.
        """
        top = float(self.nodes[0])
        high = top + float(np.sqrt(self.weights @ self.nodes**2 / self.samples))
        if rank == 0.0:
            return complex(-2.0 * high)
        if rank == self.filled:
            return self._below_all()

        # In u = log(a + κ₀), counted from the largest eigenvalue.
        def excess(u: float, margin: float) -> float:
            a = top * math.exp(u) - self.base
            return float(ranked_point(self.nodes, self.weights, self.samples, a)[1]) - rank - margin

        bracket = np.log(self.nodes[-1] / top) - _BELOW, np.log((high + self.base) / top)
        margin = max(1e-9, _COUNTING * float(self.weights.sum()))
        if excess(bracket[0], margin) <= 0.0:
            return self._below_all()
        # The margins find both edges of a gap. In its middle the path stays clear of the poles
        # at −λ, which for n ≫ d are very near to the edges.
        ends = [
            top
            * np.exp(
                bracketed_root(
                    partial(excess, margin=side), *bracket, xtol=1e-16, rtol=1e-15, maxiter=1000
                )
            )
            - self.base
            for side in (margin, -margin)
        ]
        roots = np.sqrt(np.maximum(ends, 0.0))
        middle = roots[0] * roots[1] if roots.min() > 0.0 else 0.5 * sum(ends)
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
        """(1/π) Im ∫ κ/(λ + κ) dlog ζ along a lifted arc.

        Parameters
        ----------
        start, stop : complex
            Points of the curve.
        lam : float
            λ, in the curve's units.

        Returns
        -------
        float
        """
        value, previous = 0.0, np.inf
        for kappa, velocity in lifted_paths(start, stop):
            first, second = np.empty_like(kappa), np.empty_like(kappa)
            free_degrees(self.nodes, self.weights, self.samples, kappa, first, second)
            slope = second / first / (lam + kappa)
            value = float(np.sum((slope * velocity).imag))
            if abs(value - previous) < 1e-9:
                break
            previous = value
        return value / np.pi


def lifted_paths(start: complex, stop: complex) -> Iterator[tuple[NDArray[np.complex128], ...]]:
    """Quadrature rules on an arc above the curve, from 48 nodes to 3072 by doubling.

    By the double-exponential rule: square roots at the ends do no harm, and levels of the
    spectrum may lie much nearer to one end than the path is long.

    Parameters
    ----------
    start, stop : complex
        Points κ of the curve.

    Yields
    ------
    tuple of ndarray
        Nodes κ and weights dκ.
    """
    span, lift = stop - start, 4j * abs(stop - start)
    for count in (48, 96, 192, 384, 768, 1536, 3072):
        first, t, rest, weights = _rule(count)
        kappa = np.where(first, start + span * t, stop - span * rest) + lift * t * rest
        yield kappa, np.asarray((span + lift * (rest - t)) * weights)


@cache
def _rule(count: int) -> tuple[NDArray[np.bool_], FloatArray, FloatArray, FloatArray]:
    """Which nodes are in the first half of a path of length 1, how far from both ends, weights."""
    step = 2.0 * _REACH / count
    u = step * (np.arange(count) + 0.5) - _REACH
    t, rest = expit(np.pi * np.sinh(u)), expit(-np.pi * np.sinh(u))
    return u < 0.0, t, rest, np.pi * step * np.cosh(u) * t * rest
