"""What disjoint parts of a pilot show of convergence, without any law of the data.

Linear models fitted to disjoint parts agree to q(n) of the law itself, n points in each: the parts
are independent, and nothing is assumed of their points. N points show n ≤ N/2. For n → ∞ the fourth
moments of the data take over, where N is large enough to show them.

To leading order in what parts scatter their distance is a square whose mean over all splits is
known in closed form. Where a part has enough points it serves as a control variate: eight splits
then say more than hundreds (docs/pilot.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.linear.elliptical.fourth_moments import gap_constants
from convergen.theory.pilot.sample import PilotSample

# Points in the largest and in the smallest part.
_MOST, _FEWEST = 1024, 4
# Disjoint parts in one random split, at most; every two of them are compared. Splits of a pilot at
# each size: as many as make up so many parts, and what so many operations do, within bounds.
_PARTS, _COMPARED = 24, 192
_OPERATIONS = 3e9
# Numbers of all square roots that are held at a time.
_VALUES = 2**23
_SPLITS = (4, 48)
# Points a dimension (those that the pilot shows) from which on the leading order is a control, and
# splits that then do.
_STEADY, _FEW_SPLITS = 0.5, 8
# Fourth moments are read where there are at least this many points a dimension.
_POINTS_PER_DIMENSION = 4.0


@dataclass(frozen=True)
class Halves:
    """Gap 1 − q of linear models fitted to disjoint parts of a pilot.

    Attributes
    ----------
    freedom : ndarray, shape (k,)
        Degrees of freedom of each part, descending: its points, less one where means are
        subtracted.
    gap : ndarray, shape (k,)
        1 − q.
    error : ndarray, shape (k,)
        Its relative standard error for this pilot, since not all splits of it are made. What other
        pilots would show is told by `Population.resampled`.
    share : float
        Of the points of the pilot that were split; 1 but for large ones.
    """

    freedom: FloatArray
    gap: FloatArray
    error: FloatArray
    share: float


@dataclass(frozen=True)
class FarEnd:
    """Gap at large n over that of Gaussian data with the same covariance, from fourth moments.

    Attributes
    ----------
    ratio : float
        C of the data over C of Gaussian data, 1 − q ≈ C/n.
    error : float
        Its relative standard error.
    """

    ratio: float
    error: float


def compare_halves(sample: PilotSample, rng: np.random.Generator) -> Halves:
    """Measure convergence between disjoint parts of a pilot.

    Parameters
    ----------
    sample : PilotSample
        The pilot.
    rng : numpy.random.Generator
        Splits it.

    Returns
    -------
    Halves
        At N/2, N/4, … points, at most 1024.
    """
    sizes = [min(len(sample.left) // 2, _MOST)]
    while sizes[-1] >= 2 * _FEWEST:
        sizes.append(sizes[-1] // 2)
    with one_blas_thread():  # the matrices are small
        order = _LeadingOrder.of(sample)
        gap, error = np.transpose([_level(sample, size, order, rng) for size in sizes])
    centred, share = sample.freedom < sample.points, len(sample.left) / sample.points
    return Halves(np.array(sizes, np.float64) - centred, gap, error, share)


def _level(
    sample: PilotSample, size: int, order: _LeadingOrder, rng: np.random.Generator
) -> tuple[float, float]:
    """Gap between disjoint parts of one size, each with each; its relative error over splits."""
    points, dim = sample.left.shape
    count = min(points // size, _PARTS)
    steady = size >= _STEADY * dim
    splits = _affordable(size, count, dim, steady)
    apart, norm, leading = np.empty((3, splits))
    others = ~np.eye(count, dtype=bool)
    for split in range(splits):
        rows = rng.permutation(points)[: size * count].reshape(count, size)
        parts = _coordinates(sample, rows)
        if steady:
            leading[split] = order.apart(parts)[others].mean()
        roots = _roots(parts, sample.freedom < sample.points)
        apart[split], norm[split] = (each[others].mean() for each in _apart(roots))
    left = apart - apart.mean() / norm.mean() * norm
    moved = 0.0
    if steady:
        spread = leading - leading.mean()
        slope = spread @ left / max(spread @ spread, np.finfo(np.float64).tiny)
        left -= slope * spread
        moved = slope * (order.variance / size - leading.mean())
    gap = (apart.mean() + moved) / norm.mean()
    error = np.std(left, ddof=1 + steady) / (gap * norm.mean() * np.sqrt(splits))
    return float(gap), float(error)


@dataclass(frozen=True)
class _LeadingOrder:
    """½ Σ_ab (C_i − C_j)²_ab/(√λ_a + √λ_b)² between parts: the distance of roots to leading order.

    C_i is the mean of x xᵀ over a part, about the mean of all points; λ belongs to all points.

    Attributes
    ----------
    weight : ndarray, shape (d, d)
        Of each element's square.
    variance : float
        Of x xᵀ over the points in that norm: its mean over all splits into parts of n points is
        this over n.
    """

    weight: FloatArray
    variance: float

    @classmethod
    def of(cls, sample: PilotSample) -> _LeadingOrder:
        """Of all points that are split."""
        root, rows = np.sqrt(sample.eigenvalues), _coordinates(sample, slice(None))
        weight = (root[:, None] + root) ** -2.0
        squares, count = rows**2, len(rows)
        each = np.sum((squares @ weight) * squares)
        mean = np.sum(weight * (rows.T @ rows) ** 2) / count
        return cls(weight, float((each - mean) / (count - 1)))

    def apart(self, rows: FloatArray) -> FloatArray:
        """Between all pairs of parts, from their points, shape (parts, n, d)."""
        common = _common(rows, self.weight) / rows.shape[1] ** 2
        own = np.diag(common)
        return np.asarray(0.5 * (own[:, None] + own) - common)


def far_end(sample: PilotSample, dimensions: float, rng: np.random.Generator) -> FarEnd | None:
    """Read the fourth moments of a pilot.

    Parameters
    ----------
    sample : PilotSample
        The pilot.
    dimensions : float
        Directions with variance of its law.
    rng : numpy.random.Generator
        Splits it.

    Returns
    -------
    FarEnd or None
        None below four points a dimension.

    Notes
    -----
    A sample turns its eigenvectors towards its own large points, so that the ratio is too small by
    a share ∝ d/N; halves of the sample show how much.
    """
    if sample.points < _POINTS_PER_DIMENSION * dimensions:
        return None
    points = _coordinates(sample, slice(None))
    found = gap_constants(points, (points**2).mean(axis=0))
    half = len(points) // 2
    order = rng.permutation(len(points))
    few = np.mean([_own_ratio(points[part]) for part in (order[:half], order[half : 2 * half])])
    ratio = found.ratio + (found.ratio - few) * half / (sample.points - half)
    return FarEnd(float(ratio), found.error / found.constant)


def _coordinates(sample: PilotSample, rows: NDArray[np.int64] | slice) -> FloatArray:
    """Some points in the eigenbasis of the sample, about its mean, shape (…, r)."""
    return np.asarray(sample.left[rows] * np.sqrt(sample.freedom * sample.eigenvalues))


def _own_ratio(points: FloatArray) -> float:
    """Ratio from the fourth moments of points in their own eigenbasis."""
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(points))
    kept = values > 1e-12 * values.max()
    return gap_constants(centred @ vectors[:, kept], values[kept]).ratio


def _affordable(size: int, parts: int, dim: int, steady: bool) -> int:
    """How many splits are made."""
    few, many = sorted((size, dim))
    operations = 4.0 * parts * few**2 * (many + 8.0 * few) + _products(parts, few, dim)
    wanted = min(_COMPARED / parts, _FEW_SPLITS if steady else np.inf)
    return int(np.clip(min(_OPERATIONS / operations, wanted), *_SPLITS))


def _products(parts: int, count: int, dim: int) -> float:
    """Operations that compare every two of so many roots, in the cheaper way."""
    return 2.0 * min(parts * dim**2 * (count + parts), (parts * count) ** 2 * dim)


def _apart(roots: FloatArray) -> tuple[FloatArray, FloatArray]:
    """½|Σ̂_i^{1/2} − Σ̂_j^{1/2}|² and the mean of both traces, for all pairs of parts."""
    parts, count, dim = roots.shape
    if dim * (count + parts) <= parts * count**2:
        common = _common(roots)
    else:
        rows = roots.reshape(-1, dim)
        products = rows @ rows.T
        products *= products
        common = products.reshape(parts, count, parts, count).sum(axis=(1, 3))
    traces = np.diag(common)
    norm = 0.5 * (traces[:, None] + traces)
    return norm - common, norm


def _common(rows: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Σ_ab w_ab (RᵀR)_ab (R'ᵀR')_ab for all pairs of parts, shape (parts, parts)."""
    parts, _, dim = rows.shape
    common = np.zeros((parts, parts))
    step = _strip(parts, dim)
    for at in range(0, dim, step):
        strip = rows[:, :, at : at + step].transpose(0, 2, 1) @ rows
        if weight is not None:
            strip *= np.sqrt(weight[at : at + step])
        flat = strip.reshape(parts, -1)
        common += flat @ flat.T
    return common


def _strip(parts: int, dim: int) -> int:
    """Rows of each (d, d) matrix that are held at a time."""
    return max(1, _VALUES // (parts * dim))


def _roots(rows: FloatArray, centred: bool) -> FloatArray:
    """R of Σ̂^{1/2} = RᵀR for each part, shape (parts, k, d), from its points, which are spent."""
    size, dim = rows.shape[1:]
    if centred:
        rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.sqrt(size - centred)
    if size < dim:
        values, left = np.linalg.eigh(rows @ rows.transpose(0, 2, 1))
        kept = values > 1e-12 * values.max(axis=1, keepdims=True)
        scale = np.where(kept, values, np.inf) ** -0.25
        return np.asarray((left * scale[:, None]).transpose(0, 2, 1) @ rows)
    values, vectors = np.linalg.eigh(rows.transpose(0, 2, 1) @ rows)
    return np.asarray((vectors * np.maximum(values, 0.0)[:, None] ** 0.25).transpose(0, 2, 1))
