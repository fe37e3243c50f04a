"""Replace millions of eigenvalues by a few hundred Gauss nodes in log λ.

Every smooth sum of this package, Σ m f(λ), has f analytic in log λ on the strip
|Im log λ| < π (its singularities sit at λ = −κ). In a bin of log-width w a Gauss rule
for the discrete measure of the eigenvalues therefore converges geometrically, and
``NODES`` nodes per bin of width ``WIDTH`` reach double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from theory.checks import FloatArray

NODES = 18
WIDTH = 4.7
# Half-height of the strip on which the bound is stated; f grows like 1/sin near the edge π.
STRIP = 3.0


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
        taken over |Im log λ| ≤ 3 above the spectrum. Zero where every eigenvalue was kept.
        Rounding adds a few units in the last place.
    """

    nodes: FloatArray
    weights: FloatArray
    error_bound: float


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _stieltjes(x, w, alpha, beta):  # type: ignore[no-untyped-def]
    """Recurrence coefficients of the polynomials orthogonal under Σ w δ_x (Stieltjes).

    Returns how many there are: fewer than asked for if x takes fewer distinct values.
    """
    count = x.size
    previous = np.zeros(count)
    current = np.ones(count)
    norm = w.sum()
    last_norm = 1.0
    for k in range(alpha.size):
        mean = 0.0
        for i in range(count):
            mean += w[i] * x[i] * current[i] * current[i]
        alpha[k] = mean / norm
        beta[k] = norm / last_norm
        last_norm = norm
        b = beta[k] if k else 0.0
        a = alpha[k]
        norm = 0.0
        for i in range(count):
            following = (x[i] - a) * current[i] - b * previous[i]
            previous[i] = current[i]
            current[i] = following
            norm += w[i] * following * following
        if norm == 0.0:
            return k + 1
    return alpha.size


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
        Bins that hold few eigenvalues are kept as they are.

    Notes
    -----
    Gauss quadrature from the Stieltjes procedure and Golub & Welsch (1969). The bound is the
    Bernstein-ellipse estimate 4 M R^{1−2·NODES}/(R−1), R = 2·STRIP/w + sqrt((2·STRIP/w)² + 1).
    """
    if eigenvalues.size <= 2 * NODES:
        return Compression(eigenvalues, multiplicities, 0.0)
    logs = np.log(eigenvalues)
    bins = max(1, int(np.ceil((logs[0] - logs[-1]) / WIDTH)))
    width = (logs[0] - logs[-1]) / bins
    edges = np.searchsorted(-logs, -(logs[0] - width * np.arange(1, bins)), side="right")
    nodes, weights, reduced = [], [], False
    for part in np.split(np.arange(eigenvalues.size), edges):
        if part.size <= 2 * NODES:
            nodes.append(eigenvalues[part])
            weights.append(multiplicities[part])
            continue
        reduced = True
        start, stop = part[0], part[-1] + 1
        # Logarithms from the bin's own largest: those of 1e±200 would lose three digits.
        local = np.log(eigenvalues[start:stop] / eigenvalues[start])
        half = -0.5 * local[-1]
        alpha, beta = np.empty(NODES), np.empty(NODES)
        x = (local + half) / (half or 1.0)
        count = _stieltjes(x, multiplicities[start:stop], alpha, beta)
        alpha, beta = alpha[:count], beta[:count]
        jacobi = np.diag(alpha) + np.diag(np.sqrt(beta[1:]), 1) + np.diag(np.sqrt(beta[1:]), -1)
        x, vectors = np.linalg.eigh(jacobi)
        order = np.argsort(x)[::-1]
        nodes.append(eigenvalues[start] * np.exp(half * (x[order] - 1.0)))
        weights.append(beta[0] * vectors[0, order] ** 2)
    ratio = 2.0 * STRIP / max(width, 1e-3)
    bernstein = ratio + np.hypot(ratio, 1.0)
    bound = 4.0 * bernstein ** (1 - 2 * NODES) / (bernstein - 1.0) if reduced else 0.0
    return Compression(np.concatenate(nodes), np.concatenate(weights), float(bound))
