"""Clusters of points that are nearly copies of each other, up to a factor of either sign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_number, as_positive
from convergen.theory.common.row_blocks import as_float_rows, row_blocks, spread_rows

Labels = NDArray[np.int64]

# |cosine| from which two points count as copies of each other unless another is asked for.
DUPLICATE_LIMIT = 0.999

_TILE = 512
_AXES = 64
_BASIS_ROWS, _STEPS = 2000, 3
# Rounding of products of unit vectors: in single precision, and in double precision.
_LOOSE = 1e-5
_TIGHT = 1e-12
_PAIR_VALUES = 2**22


def near_duplicates(points: NDArray[Any], limit: float, *, principal: bool = False) -> Labels:
    """Connected components of points joined where |cos| of two reaches a limit.

    Parameters
    ----------
    points : ndarray or memmap, shape (N, …)
        Points; the cosine is about the origin.
    limit : float
        Above 0 and at most 1, where only multiples of each other are joined.
    principal : bool
        Whether coordinates are principal components, the leading ones first, so that no axes need
        to be found.

    Returns
    -------
    ndarray of int64, shape (N,)
        Number of the cluster of each point. Points that are zero are one cluster.

    Raises
    ------
    InputError
        If the limit is out of range.

    Notes
    -----
    Unit vectors with |cos| ≥ c are at most (2 − 2c)^(1/2) apart up to sign, in every projection
    too. So pairs are sought in at most 64 leading principal axes, by products of blocks in single
    precision, sorted along the first axis so that most blocks are never multiplied; the few pairs
    found are checked in all coordinates in double precision. Nothing is missed.
    """
    bound = as_number(as_positive(limit, "duplicate limit"), "duplicate limit")
    if bound > 1.0:
        raise InputError(f"a duplicate limit is a |cosine|, at most 1, not {bound:g}: lower it.")
    norms, views = _projections(points, principal)
    labels = np.arange(len(points), dtype=np.int64)
    rows, zero = np.flatnonzero(norms), np.flatnonzero(norms == 0.0)
    labels[zero] = zero[:1]
    rows = rows[np.argsort(np.abs(views[rows, 0]), kind="stable")]
    reach = math.sqrt(2.0 - 2.0 * bound) + _LOOSE
    heights = np.abs(views[rows, 0])
    for start in range(0, len(rows), _TILE):
        here = rows[start : start + _TILE]
        stop = int(np.searchsorted(heights, heights[start + len(here) - 1] + reach, "right"))
        pairs = [
            _close(
                points, norms, views, here, rows[other : min(other + _TILE, stop)], bound, labels
            )
            for other in range(start, stop, _TILE)
        ]
        labels = _join(labels, np.concatenate(pairs, axis=1))
    return labels


def _projections(
    points: NDArray[Any], principal: bool
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Norms of all points, and their directions along at most 64 orthonormal axes."""
    dim = math.prod(points.shape[1:])
    norms = np.concatenate([_norms(as_float_rows(b, dim)) for b in row_blocks(points)])
    # Any orthonormal axes are right; those along which the points vary most reject most pairs.
    axes = None if principal else _axes(points, norms, dim)
    width = min(dim, _AXES) if axes is None else axes.shape[1]
    views = np.empty((len(points), width), dtype=np.float32)
    start = 0
    for block in row_blocks(points):
        part = slice(start, start + len(block))
        with np.errstate(invalid="ignore"):  # zero rows, which nobody asks for
            rows = as_float_rows(block, dim)
            along = rows[:, :width] if axes is None else rows @ axes
            views[part] = along / norms[part, None]
        start = part.stop
    return norms, views


def _axes(points: NDArray[Any], norms: NDArray[np.float64], dim: int) -> NDArray[np.float64]:
    """Principal axes of the directions of some of the points, nearly, as columns."""
    few = spread_rows(len(points), _BASIS_ROWS)
    sample = as_float_rows(points[few], dim) / np.maximum(norms[few], np.finfo(float).tiny)[:, None]
    wide = len(sample) < dim
    gram = sample @ sample.T if wide else sample.T @ sample
    # Subspace iteration: axes need not be exact, and products cost far less than an eigenproblem.
    count = min(len(gram), _AXES)
    leading = gram[:, spread_rows(len(gram), count)]
    for _ in range(_STEPS):
        leading = gram @ np.linalg.qr(leading)[0]
    basis = np.linalg.qr(leading)[0]
    leading = basis @ np.linalg.eigh(basis.T @ gram @ basis)[1][:, ::-1]
    # Orthonormal also where the points have fewer dimensions than axes are wanted.
    return np.asarray(np.linalg.qr(sample.T @ leading if wide else leading)[0])


def _norms(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows)))


def _close(
    points: NDArray[Any],
    norms: NDArray[np.float64],
    views: NDArray[np.float32],
    first: Labels,
    second: Labels,
    limit: float,
    labels: Labels,
) -> Labels:
    """Pairs of two blocks that are near-duplicates and not yet of one cluster, shape (2, k)."""
    one, two = views[first], views[second]
    # |P(x ∓ y)|² ≤ 2 − 2c, rearranged.
    needed = 0.5 * (np.einsum("ij,ij->i", one, one)[:, None] + np.einsum("ij,ij->i", two, two))
    i, j = np.nonzero(np.abs(one @ two.T) >= needed - np.float32(1.0 - limit + _LOOSE))
    left, right = first[i], second[j]
    fresh = labels[left] != labels[right]
    left, right = left[fresh], right[fresh]
    dim = math.prod(points.shape[1:])
    size = max(1, _PAIR_VALUES // dim)
    kept = np.zeros(len(left), dtype=bool)
    for start in range(0, len(left), size):
        part = slice(start, start + size)
        x, y = as_float_rows(points[left[part]], dim), as_float_rows(points[right[part]], dim)
        cosine = np.einsum("ij,ij->i", x, y) / (norms[left[part]] * norms[right[part]])
        kept[part] = np.abs(cosine) >= limit - _TIGHT
    return np.stack([left[kept], right[kept]])


def _join(labels: Labels, pairs: Labels) -> Labels:
    """Merge the clusters of each pair."""
    if pairs.shape[1] == 0:
        return labels
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(labels)
    ones = np.ones(pairs.shape[1], dtype=np.int8)
    graph = coo_array((ones, (labels[pairs[0]], labels[pairs[1]])), shape=(size, size))
    merged = connected_components(graph, directed=False)[1]
    return merged[labels].astype(np.int64)
