"""Overlap of blocks of sample eigenvectors with blocks of population eigenvectors.

The whole picture of which `eigenvector_windows` shows the diagonal: sample eigenvectors are
ordered by their eigenvalue and cut into blocks of ranks, the population likewise, and each
pair of blocks has a mean overlap. Single overlaps in the bulk are of order 1/d and a density
only; their sums over blocks are numbers that can be compared at any d and measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import hypot

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_sample_size,
)
from convergen.theory.common.compiled import kernel
from convergen.theory.random_matrices.curve_kernels import HUGE, free_sums
from convergen.theory.random_matrices.eigenvector_windows import TOP, SampleCurve, lifted_paths
from convergen.theory.random_matrices.kappa_kernels import base_kappa
from convergen.theory.spectra.compression import REACH, merge_neighbours
from convergen.theory.spectra.spectrum import Spectrum

IntArray = NDArray[np.int64]

# Blocks of no more eigenvalues are kept as they are.
_FEW = 128
# Relative distances from the ends of a block across which nothing is merged; farther off,
# `REACH` is small beside the distance.
_GRADES = REACH * 0.8 ** np.arange(-12, 40)


@dataclass(frozen=True)
class BlockOverlap:
    """Mean overlaps of b blocks of sample eigenvectors with b blocks of population ones.

    Attributes
    ----------
    edges : ndarray of int, shape (b + 1,)
        Block a holds the ranks edges[a] + 1 … edges[a + 1], largest eigenvalue first.
    overlap : ndarray, shape (b, b)
        Share of a sample eigenvector of block a (row) that lies in population block c (column):
        Σ_{j∈c} E⟨v̂, v_j⟩², averaged over the block. Rows sum to 1; columns, weighted with the
        sizes of the sample blocks, sum to the size of the population block.
    sample_eigenvalue : ndarray, shape (b,)
        Mean sample eigenvalue of each block.
    population_eigenvalue : ndarray, shape (b,)
        Mean population eigenvalue of each block.
    """

    edges: IntArray
    overlap: FloatArray
    sample_eigenvalue: FloatArray
    population_eigenvalue: FloatArray

    __repr__ = brief


def block_edges(dim: int, factors: int = 3) -> IntArray:
    """Cut d ranks into blocks: leading factors one by one, then the bulk.

    Parameters
    ----------
    dim : int
        Dimension d.
    factors : int
        How many leading ranks are blocks of their own; at most d.

    Returns
    -------
    ndarray of int, shape (b + 1,)
        From 0 to d. After the factors, ranks double from edge to edge until a block holds a
        tenth of all ranks; the later ones have that size.

    Examples
    --------
    >>> from convergen import theory
    >>> theory.block_edges(20, factors=2)
    array([ 0,  1,  2,  4,  6,  8, 10, 12, 14, 16, 18, 20])
    """
    count = as_count(dim, "dim")
    edges = list(range(min(as_count(factors, "factors"), count) + 1))
    widest = -(-count // 10)
    while edges[-1] < count:
        edges.append(min(edges[-1] + min(edges[-1], widest), count))
    return np.array(edges, dtype=np.int64)


def block_overlap(spectrum: Spectrum, samples: float, edges: ArrayLike) -> BlockOverlap:
    """Overlaps between blocks of sample and of population eigenvectors.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    edges : array_like of int, shape (b + 1,)
        Rising ranks from 0 to d, the same for both sides; see `block_edges`. A population block
        may hold part of a degenerate eigenspace.

    Returns
    -------
    BlockOverlap
        For blocks of many ranks, right up to terms of order 1/d. For single ranks next to others,
        within about 0.04; the limit law is `theory.latent_recovery`.

    Raises
    ------
    InputError
        If the edges do not rise from 0 to d.

    Notes
    -----
    Ledoit & Péché (2011), integrated over ranks: docs/derivation.md, section 10. Ranks beyond
    min(n, rank Σ) share the null space of Σ̂ evenly.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.block_overlap(spectrum, 100, [0, 1, 2, 20]).overlap.diagonal().round(2)
    array([0.96, 0.91, 0.99])
    """
    n = as_sample_size(samples)
    cuts = _checked(edges, spectrum.dim)
    parts = _Blocks.of(spectrum, cuts)
    rank = float(spectrum.rank)
    base = float(base_kappa(parts.lam, parts.weights, rank, n)[0])
    curve = SampleCurve(parts.lam, parts.weights, n, base, min(n, rank))
    sizes = np.diff(cuts).astype(np.float64)
    # Each block has its ranks on the curve, and those of the null space.
    ends = np.minimum(cuts.astype(np.float64), curve.filled)
    points = {end: curve.at_rank(float(end)) for end in np.unique(ends)}
    null = parts.null_space(base) / max(spectrum.dim - curve.filled, 1e-300)
    shared = np.empty((sizes.size, sizes.size))
    total = np.zeros(sizes.size)
    for a, size in enumerate(sizes):
        inside = ends[a + 1] - ends[a]
        shared[a] = null * (size - inside)
        if inside > 0.0:
            found = parts.window(curve, points[ends[a + 1]], points[ends[a]])
            shared[a] += found[0]
            total[a] = found[1]
    return BlockOverlap(
        cuts,
        np.clip(shared / sizes[:, None], 0.0, 1.0),
        np.maximum(total / sizes, 0.0) / TOP * spectrum.largest,
        parts.means / TOP * spectrum.largest,
    )


def _checked(edges: ArrayLike, dim: int) -> IntArray:
    values = np.atleast_1d(as_finite(edges, "edges"))
    rising = values.ndim == 1 and values.size > 1 and bool(np.all(np.diff(values) > 0.0))
    whole = bool(np.all(values == np.round(values)))
    if not (rising and whole and values[0] == 0.0 and values[-1] == dim):
        raise InputError(
            f"edges must be whole numbers that rise from 0 to the dimension {dim}: "
            "block_edges makes such a list."
        )
    return values.astype(np.int64)


@dataclass(frozen=True)
class _Blocks:
    """Population eigenvalues in the curve's units, cut at the edges; the positive ones as nodes."""

    lam: FloatArray
    weights: FloatArray
    starts: IntArray
    zeros: FloatArray
    means: FloatArray

    @classmethod
    def of(cls, spectrum: Spectrum, cuts: IntArray) -> _Blocks:
        lam = spectrum.eigenvalues / spectrum.largest * TOP
        ends = np.round(np.cumsum(spectrum.multiplicities))
        nodes, weights = [], []
        zeros, means = np.zeros(cuts.size - 1), np.zeros(cuts.size - 1)
        for c, (first, last) in enumerate(pairwise(cuts)):
            low, high = np.searchsorted(ends, first, "right"), np.searchsorted(ends, last, "left")
            inside = np.concatenate([[first], ends[low:high], [last]]).astype(np.float64)
            here, counts = lam[low : high + 1], np.diff(inside)
            means[c] = counts @ here / (last - first)
            positive = here > 0.0
            zeros[c] = counts[~positive].sum()
            thinned = _thin(here[positive], counts[positive])
            nodes.append(thinned[0])
            weights.append(thinned[1])
        starts = np.cumsum([0, *(part.size for part in nodes)])
        return cls(np.concatenate(nodes), np.concatenate(weights), starts, zeros, means)

    def null_space(self, base: float) -> FloatArray:
        """Dimensions of the null space of Σ̂ that lie in each block."""
        if base == 0.0:
            return self.zeros
        share = np.cumsum(np.append(0.0, self.weights * (base / (self.lam + base))))
        return np.diff(share[self.starts]) + self.zeros

    def window(self, curve: SampleCurve, start: complex, stop: complex) -> tuple[FloatArray, float]:
        """Dimensions of each block covered, and the sum of sample eigenvalues, between points."""
        found = np.zeros(self.zeros.size + 1)
        for kappa, velocity in lifted_paths(start, stop):
            last = found
            found = np.zeros(self.zeros.size + 1)
            _add_window(self.lam, self.weights, self.starts, curve.samples, kappa, velocity, found)
            if np.all(np.abs(found - last) <= 1e-9 * (1.0 + np.abs(found))):
                break
        return found[:-1] / np.pi, float(found[-1]) / np.pi


def _thin(lam: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Merge neighbours, the closer to an end of the block the finer.

    Paths start and stop at the ends, where they may come nearer to the eigenvalues than `REACH`.
    """
    if lam.size <= _FEW:
        return lam, w
    levels = np.concatenate([lam[0] * (1.0 - _GRADES), lam[-1] * (1.0 + _GRADES)])
    cuts = np.unique(np.searchsorted(-lam, -levels))
    parts = zip(np.split(lam, cuts), np.split(w, cuts), strict=True)
    merged = [merge_neighbours(*part) for part in parts]
    return np.concatenate([m[0] for m in merged]), np.concatenate([m[1] for m in merged])


# Sums may be reordered for vector units.
@kernel(fastmath={"reassoc", "contract"})
def _inverse_sum(lam, w, inverse, re, im):  # type: ignore[no-untyped-def]
    """Σ w |κ|/(λ + κ)."""
    u, v = 0.0, 0.0
    for j in range(lam.size):
        ratio = min(lam[j] * inverse, HUGE)
        scale = 1.0 / ((ratio + re) ** 2 + im * im)
        u += w[j] * (ratio + re) * scale
        v -= w[j] * im * scale
    return complex(u, v)


@kernel()
def _add_window(lam, w, starts, n, kappa, velocity, found):  # type: ignore[no-untyped-def]
    """Add Im ∫ Σ_{j∈c} w_j κ/(λ_j + κ) dlog ζ for each block c, and last −Im ∫ df₁ dζ.

    Block c holds the nodes from starts[c] to starts[c + 1].
    """
    sums = np.empty(found.size - 1, dtype=np.complex128)
    for i in range(kappa.size):
        # In units of |κ|: squares of eigenvalues far from it stay in range.
        inverse = 1.0 / hypot(kappa[i].real, kappa[i].imag)
        re, im = kappa[i].real * inverse, kappa[i].imag * inverse
        counted, first, second = 0.0, 0j, 0j
        for c in range(sums.size):
            lam_c, w_c = lam[starts[c] : starts[c + 1]], w[starts[c] : starts[c + 1]]
            sums[c] = _inverse_sum(lam_c, w_c, inverse, re, im)
            near, x, y, u, v = free_sums(lam_c, w_c, inverse, re, im)
            counted += near
            first += complex(x, y)
            second += complex(u, v)
        free = (n - counted) + second
        factor = free / ((n - counted) + first) * (velocity[i] * inverse)
        for c in range(sums.size):
            found[c] += (factor * sums[c]).imag
        found[-1] += ((counted - first) * (free / n) * velocity[i]).imag
