"""What disjoint parts of a pilot show of convergence, without any law of the data.

Linear models fitted to disjoint parts agree to q(n) of the law itself, n points in each: the parts
are independent, and nothing is assumed of their points. N points show n ≤ N/2. For n → ∞ the fourth
moments of the data take over, where N is large enough to show them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.blas_threads import one_blas_thread
from convergen.theory.common.checks import FloatArray
from convergen.theory.linear.fourth_moments import gap_constants
from convergen.theory.pilot.sample import PilotSample

# Points in the largest and in the smallest part.
_MOST, _FEWEST = 1024, 4
# Disjoint pairs of parts in one random split, at most; splits at each size: what so many operations
# do, within bounds; splits whose scatter says something.
_PAIRS = 64
_OPERATIONS = 3e9
_SPLITS = (3, 48)
# Pairs of all splits of one size, beyond which more of them say little new.
_COMPARED = 256
_ENOUGH = 8
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
        Its relative standard error over pilots: pairs of disjoint parts scatter by it, less what
        splits of one pilot scatter, for that the mean over splits does not.
    """

    freedom: FloatArray
    gap: FloatArray
    error: FloatArray


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
    points = _coordinates(sample)
    centred = sample.freedom < sample.points
    sizes = [min(len(points) // 2, _MOST)]
    while sizes[-1] >= 2 * _FEWEST:
        sizes.append(sizes[-1] // 2)
    with one_blas_thread():  # the matrices are small
        levels = [_level(points, size, centred, rng) for size in sizes]
    gap = np.array([level.gap for level in levels])
    # All sizes share the points: what some say of the scatter over pilots holds for all.
    known = [level.over_pilots for level in levels if np.isfinite(level.over_pilots)]
    shared = np.mean(known) if known else np.mean([level.apart for level in levels])
    least = 0.1 * min(level.apart for level in levels)
    splits = np.array([level.over_splits for level in levels])
    error = (1.0 - gap) * np.sqrt(np.maximum(shared, least) + splits)
    return Halves(np.array(sizes, np.float64) - centred, gap, error)


@dataclass(frozen=True)
class _Level:
    """Convergence between parts of one size: its gap 1 − q, and variances of its log odds.

    Attributes
    ----------
    gap : float
        1 − q.
    apart : float
        Of the mean over pairs that share no point.
    over_splits : float
        Of the mean over the splits made, for one pilot.
    over_pilots : float
        Of the mean over all splits, over pilots; NaN where the splits do not tell.
    """

    gap: float
    apart: float
    over_splits: float
    over_pilots: float


def _level(points: FloatArray, size: int, centred: bool, rng: np.random.Generator) -> _Level:
    """Compare disjoint parts of one size."""
    pairs = min(len(points) // (2 * size), _PAIRS)
    splits = _affordable(size, pairs, points.shape[1])
    terms = np.empty((splits, pairs, 2))
    for split in terms:
        parts = rng.permutation(len(points))[: 2 * size * pairs].reshape(pairs, 2, size)
        split[:] = [_apart(points[first], points[second], centred) for first, second in parts]
    apart, norm = terms.mean(axis=(0, 1))
    gap = apart / norm
    moved = (terms[..., 0] - gap * terms[..., 1]) / (apart * (1.0 - gap))
    # Pairs of one split are independent; splits are not: they share the pilot.
    single = moved.var(axis=1, ddof=1).mean() if pairs > 1 else moved.var(ddof=1)
    conditional = moved.mean(axis=1).var(ddof=1)
    enough = pairs > 1 and splits >= _ENOUGH
    return _Level(
        gap, single / pairs, conditional / splits,
        single / pairs - conditional if enough else np.nan,
    )  # fmt: skip


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
    points = _coordinates(sample)
    found = gap_constants(points, (points**2).mean(axis=0))
    half = len(points) // 2
    order = rng.permutation(len(points))
    few = np.mean([_own_ratio(points[part]) for part in (order[:half], order[half : 2 * half])])
    ratio = found.ratio + (found.ratio - few) * half / (sample.points - half)
    return FarEnd(float(ratio), found.error / found.constant)


def _coordinates(sample: PilotSample) -> FloatArray:
    """Points in the eigenbasis of the sample, about its mean, shape (m, r)."""
    return sample.left * np.sqrt(sample.freedom * sample.eigenvalues)


def _own_ratio(points: FloatArray) -> float:
    """Ratio from the fourth moments of points in their own eigenbasis."""
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(points))
    kept = values > 1e-12 * values[-1]
    return gap_constants(centred @ vectors[:, kept], values[kept]).ratio


def _affordable(size: int, pairs: int, dim: int) -> int:
    """How many splits are made."""
    few, many = sorted((size, dim))
    operations = 4.0 * few**2 * (many + 8.0 * few) * pairs
    wanted = min(_OPERATIONS / operations, max(_COMPARED / pairs, _ENOUGH))
    return int(np.clip(wanted, *_SPLITS))


def _apart(first: FloatArray, second: FloatArray, centred: bool) -> tuple[float, float]:
    """½|Σ̂₁^{1/2} − Σ̂₂^{1/2}|² and the mean of Tr Σ̂."""
    (a, left), (b, right) = (_root(points, centred) for points in (first, second))
    norm = 0.5 * float(a @ a + b @ b)
    return norm - float(a @ (left @ right.T) ** 2 @ b), norm


def _root(points: FloatArray, centred: bool) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues and eigenvectors, as rows, of Σ̂^{1/2}."""
    rows = (points - points.mean(axis=0) if centred else points) / np.sqrt(len(points) - centred)
    if len(rows) < rows.shape[1]:
        values, left = np.linalg.eigh(rows @ rows.T)
        kept = values > 1e-12 * values[-1]
        roots = np.sqrt(values[kept])
        return roots, (left[:, kept] / roots).T @ rows
    values, vectors = np.linalg.eigh(rows.T @ rows)
    return np.sqrt(np.maximum(values, 0.0)), vectors.T
