"""Replace millions of eigenvalues by a few hundred Gauss nodes in log λ.

Every smooth sum of this package, Σ m f(λ), has f analytic in log λ on the strip
|Im log λ| < π (its singularities sit at λ = −κ). In a bin of log-width w a Gauss rule
for the discrete measure of the eigenvalues therefore converges geometrically, and
``NODES`` nodes per bin of width ``WIDTH`` reach double precision.

Such a rule sweeps over its points many times. One pass before it replaces the neighbours
within a relative distance ``REACH`` by their own Gauss rule of three nodes, which six power
sums give in closed form; the number of nodes then grows with the spread of the spectrum, not with
d.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, cos, pi, sqrt

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.compiled import kernel

NODES = 18
WIDTH = 4.7
# Half-height of the strip on which the bound is stated; f grows like 1/sin near the edge π.
STRIP = 3.0
# Relative distance over which neighbours are merged, and how many are left alone.
REACH = 0.005
FEW = 16
# Half-axis of the ellipse on which the merging is bounded, over the distance of λ from 0.
_ELLIPSE = 0.9
_SMALLEST = 1e-280


@dataclass(frozen=True)
class Compression:
    """A small positive measure with the same smooth sums as a spectrum's positive part.

    Attributes
    ----------
    nodes : ndarray, shape (k,)
        Eigenvalues, descending, all positive.
    weights : ndarray, shape (k,)
        Real multiplicities, summing to the rank.
    error_bound : float
        |Σ m f(λ) − Σ w f(node)| ≤ error_bound · (sum of multiplicities) · max |f|, the maximum
        taken over |Im log λ| ≤ 3 within a factor e³ of the spectrum. Zero where every
        eigenvalue was kept.
        Rounding adds a few units in the last place.
    """

    nodes: FloatArray
    weights: FloatArray
    error_bound: float


@kernel(arrays=False, fastmath={"reassoc", "contract"})
def _power_sums(lam, w, centre, scale):  # type: ignore[no-untyped-def]
    """Σ w t^k, k = 0 … 5, with t = (λ − centre) · scale; written to run in vector units."""
    s0, s1, s2, s3, s4, s5 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(lam.size):
        t = (lam[i] - centre) * scale
        power = w[i]
        s0 += power
        power *= t
        s1 += power
        power *= t
        s2 += power
        power *= t
        s3 += power
        power *= t
        s4 += power
        s5 += power * t
    return s0, s1 / s0, s2 / s0, s3 / s0, s4 / s0, s5 / s0


@kernel(arrays=False)
def _three_nodes(m1, m2, m3, m4, m5, x, share):  # type: ignore[no-untyped-def]
    """Write the Gauss rule with moments 1, m1 … m5 on [−1, 1]; nodes fall. Returns how many.

    Fewer than three where the measure has fewer points up to rounding. What that drops, and the
    rounding of the moments, shrink by a factor of `REACH` or more in the units of λ.
    """
    c2 = m2 - m1 * m1
    c3 = m3 - m1 * (3.0 * m2 - 2.0 * m1 * m1)
    c4 = m4 - m1 * (4.0 * m3 - m1 * (6.0 * m2 - 3.0 * m1 * m1))
    c5 = m5 - m1 * (5.0 * m4 - m1 * (10.0 * m3 - m1 * (10.0 * m2 - 4.0 * m1 * m1)))
    if c2 < 1e-13:
        x[0], share[0] = m1, 1.0
        return 1
    # Recurrence about the mean: p₂ = x² − a₁x − c₂ of norm n₂, p₃ = (x − a₂)p₂ − (n₂/c₂) x.
    a1 = c3 / c2
    n2 = c4 - c2 * c2 - c3 * a1
    if n2 < 1e-11:
        root = sqrt(0.25 * a1 * a1 + c2)
        x[0], x[1] = 0.5 * a1 + root, 0.5 * a1 - root
        count = 2
    else:
        a2 = (c5 - 2.0 * a1 * c4 + (a1 * a1 - 2.0 * c2) * c3 + 2.0 * a1 * c2 * c2) / n2
        third = (a1 + a2) / 3.0
        linear = a1 * a2 - c2 - n2 / c2
        radius = sqrt(third * third - linear / 3.0)
        half = third * (third * third - 0.5 * linear) - 0.5 * a2 * c2
        # Rounding may carry the cosine of nodes that nearly meet beyond 1.
        angle = acos(min(1.0, max(-1.0, half / radius**3))) / 3.0
        for i in range(3):
            x[i] = third + 2.0 * radius * cos(angle - 2.0 * pi / 3.0 * i)
        count = 3
    total = 0.0
    for i in range(count):
        p2 = x[i] * (x[i] - a1) - c2
        share[i] = 1.0 / (1.0 + x[i] * x[i] / c2 + (p2 * p2 / n2 if count == 3 else 0.0))
        total += share[i]
    for i in range(count):
        x[i] = min(1.0, max(-1.0, m1 + x[i]))
        share[i] /= total
    return count


@kernel(arrays=False)
def _merge(lam, w, nodes, weights):  # type: ignore[no-untyped-def]
    """Write the spectrum with close neighbours merged; returns how many nodes there are."""
    count, start = 0, 0
    while start < lam.size:
        floor = lam[start] * (1.0 - REACH)
        # The end of the neighbourhood, lam[stop − 1] ≥ floor > lam[stop]: by doubling steps,
        # then by halving.
        inside, step = start, 1
        while inside + step < lam.size and lam[inside + step] >= floor:
            inside += step
            step *= 2
        while step > 0:
            if inside + step < lam.size and lam[inside + step] >= floor:
                inside += step
            step //= 2
        stop = inside + 1
        half = 0.5 * (lam[start] - lam[inside])
        if stop - start <= FEW:
            for i in range(start, stop):
                nodes[count], weights[count] = lam[i], w[i]
                count += 1
        else:
            centre = lam[inside] + half
            scale = 1.0 / half if half > 0.0 else 0.0
            mass, m1, m2, m3, m4, m5 = _power_sums(lam[start:stop], w[start:stop], centre, scale)
            first = count
            count += _three_nodes(m1, m2, m3, m4, m5, nodes[first:], weights[first:])
            for i in range(first, count):
                nodes[i], weights[i] = centre + half * nodes[i], mass * weights[i]
        start = stop
    return count


@kernel(arrays=False)
def _total(w):  # type: ignore[no-untyped-def]
    """Σ w in order. The sum of an array would load numba's linear algebra and SciPy's."""
    total = 0.0
    for i in range(w.size):
        total += w[i]
    return total


@kernel(fastmath={"reassoc", "contract"})
def _stieltjes(x, w, alpha, beta):  # type: ignore[no-untyped-def]
    """Recurrence coefficients of the polynomials orthogonal under Σ w δ_x (Stieltjes).

    Returns how many there are: fewer than asked for if x takes fewer distinct values.
    """
    count = x.size
    previous, current = np.empty(count), np.empty(count)
    for i in range(count):
        previous[i], current[i] = 0.0, 1.0
    norm = _total(w)
    last_norm = 1.0
    for k in range(alpha.size):
        mean = 0.0
        for i in range(count):
            mean += w[i] * x[i] * current[i] * current[i]
        alpha[k] = mean / norm
        beta[k] = norm / last_norm
        last_norm = norm
        a, b = alpha[k], beta[k]  # the first time, `previous` is zero
        norm = 0.0
        for i in range(count):
            following = (x[i] - a) * current[i] - b * previous[i]
            previous[i] = current[i]
            current[i] = following
            norm += w[i] * following * following
        if norm == 0.0:
            return k + 1
    return alpha.size


def merge_neighbours(
    eigenvalues: FloatArray, multiplicities: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Replace many eigenvalues within a relative distance of `REACH` by three nodes.

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        Positive and strictly descending.
    multiplicities : ndarray, shape (k,)
        Positive weights.

    Returns
    -------
    tuple of ndarray
        Nodes and weights; below 1e-280, where differences may have no reciprocal, as they are.
    """
    if eigenvalues.size <= FEW or eigenvalues[-1] < _SMALLEST:
        return eigenvalues, multiplicities
    # What is not written of these takes no memory.
    nodes, weights = np.empty_like(eigenvalues), np.empty_like(eigenvalues)
    count = _merge(eigenvalues, multiplicities, nodes, weights)
    return nodes[:count].copy(), weights[:count].copy()


def compress(eigenvalues: FloatArray, multiplicities: FloatArray) -> Compression:
    """Compress a positive spectrum to Gauss nodes in log λ.

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        Positive and strictly descending.
    multiplicities : ndarray, shape (k,)
        Positive weights.

    Returns
    -------
    Compression
        Eigenvalues with few others near them are kept as they are.

    Notes
    -----
    Gauss quadrature from the Stieltjes procedure and Golub & Welsch (1969). The bound adds the
    Bernstein-ellipse estimates 4 M R^{1−2N}/(R−1) of both steps; docs/derivation.md, section 7.
    """
    if eigenvalues.size <= 2 * NODES:
        return Compression(eigenvalues, multiplicities, 0.0)
    lam, w = merge_neighbours(eigenvalues, multiplicities)
    bound = _MERGING if lam.size < eigenvalues.size else 0.0
    logs = np.log(lam)
    bins = max(1, int(np.ceil((logs[0] - logs[-1]) / WIDTH)))
    width = (logs[0] - logs[-1]) / bins
    edges = np.searchsorted(-logs, -(logs[0] - width * np.arange(1, bins)), side="right")
    parts = [
        _gauss(*pair) if pair[0].size > 2 * NODES else pair
        for pair in zip(np.split(lam, edges), np.split(w, edges), strict=True)
    ]
    nodes, weights = (np.concatenate(side) for side in zip(*parts, strict=True))
    if nodes.size < lam.size:
        # Half-axes of the ellipse: 3 and hypot(3, width/2), in units of width/2.
        ratio = 2.0 * STRIP / max(width, 1e-3)
        bound += _bernstein(ratio + np.hypot(ratio, 1.0), NODES)
    return Compression(nodes, weights, bound)


def _gauss(lam: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gauss rule of at most `NODES` nodes for one bin, in log λ; nodes fall."""
    # Logarithms from the bin's own largest: those of 1e±200 would lose three digits.
    local = np.log(lam / lam[0])
    half = -0.5 * local[-1]
    alpha, beta = np.empty(NODES), np.empty(NODES)
    count = _stieltjes((local + half) / (half or 1.0), w, alpha, beta)
    alpha, beta = alpha[:count], beta[:count]
    # Only the lower triangle is read.
    x, vectors = np.linalg.eigh(np.diag(alpha) + np.diag(np.sqrt(beta[1:]), -1))
    return lam[0] * np.exp(half * (x[::-1] - 1.0)), beta[0] * vectors[0, ::-1] ** 2


def _bernstein(ratio: float, nodes: int) -> float:
    """Error of a Gauss rule for |f| ≤ 1 and mass 1; `ratio` is the ellipse's sum of half-axes."""
    return float(4.0 * ratio ** (1 - 2 * nodes) / (ratio - 1.0))


def _merging_bound() -> float:
    """Bound for the merging of neighbours, on the ellipse about λ of half-axis 0.9 λ."""
    half_axis = _ELLIPSE * (2.0 - REACH) / REACH
    return _bernstein(half_axis + np.sqrt(half_axis**2 - 1.0), 3)


_MERGING = _merging_bound()
