"""The compiled loop of local denoisers: a posterior mean of its own for each coordinate.

Distances to all training points on the window of a coordinate are one BLAS product of gathered
columns; what follows, weights and mean, is one pass over its rows while they are in the cache.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logit_rows import REORDER, largest
from convergen.theory.empirical_score.vector_exp import exp_nonpositive, larger

# Tile of the products: queries by training points, 1 MB in single precision.
_QUERIES, _POINTS = 128, 2048
# The logit of a training point that is left out.
_NEVER = -1e30


@kernel(fastmath=REORDER)
def _scale(row, halves, inverse):  # type: ignore[no-untyped-def]
    """From x·y to (x·y − |y|²/2)/σ², in place; returns the largest."""
    best = row.dtype.type(-np.inf)
    for j in range(row.size):
        row[j] = (row[j] - halves[j]) * inverse
        best = larger(row[j], best)
    return best


@kernel(fastmath=REORDER)
def _weigh(row, top, values):  # type: ignore[no-untyped-def]
    """Sums of the weights exp(l − top) and of their products with the values."""
    kind = row.dtype.type
    zero, low = kind(0.0), kind(-43.0 if row.itemsize == 4 else -354.0)
    total, mean = zero, zero
    for j in range(row.size):
        logit = larger(row[j] - top, low)
        weight = exp_nonpositive(logit) if logit > low else zero
        total += weight
        mean += weight * values[j]
    return total, mean


@kernel(fastmath=REORDER)
def _add_half_squares(row, halves):  # type: ignore[no-untyped-def]
    """Add y²/2 of one coordinate."""
    half = row.dtype.type(0.5)
    for j in range(row.size):
        halves[j] += half * row[j] * row[j]


@kernel(nogil=True)
def local_means(points, columns, targets, starts, windows, inverse, own, order, out):  # type: ignore[no-untyped-def]
    """Posterior means, coordinate by coordinate.

    Parameters
    ----------
    points : ndarray, shape (batch, d)
        Queries.
    columns : ndarray, shape (d, N)
        Training points, one a column.
    targets : ndarray of int64, shape (p,)
        Coordinates whose means are wanted.
    starts : ndarray of int64, shape (p + 1,)
        Where the window of each of them begins in `windows`.
    windows : ndarray of int64
        Coordinates of all windows, one after the other.
    inverse : ndarray, shape (batch,)
        1/σ² of each query.
    own : ndarray of int64, shape (batch,)
        Which orbit is left out for a query: training points own · order and the following; −1 for
        none.
    order : int
        Training points of one orbit.
    out : ndarray, shape (batch, p)
        Filled with the means; 0 where every training point is left out.
    """
    batch, count = points.shape[0], columns.shape[1]
    kind = points.dtype
    never = kind.type(_NEVER)
    best, total, mean = np.empty(batch, kind), np.empty(batch, kind), np.empty(batch, kind)
    halves = np.empty(min(_POINTS, count), dtype=kind)
    for p in range(targets.size):
        window = windows[starts[p] : starts[p + 1]]
        size = window.size
        queries = np.empty((batch, size), dtype=kind)
        for i in range(batch):
            best[i], total[i], mean[i] = never, 0.0, 0.0
            for k in range(size):
                queries[i, k] = points[i, window[k]]
        for first in range(0, count, _POINTS):
            width = min(_POINTS, count - first)
            rows = np.empty((size, width), dtype=kind)
            half = halves[:width]
            half[:] = 0.0
            for k in range(size):
                rows[k] = columns[window[k], first : first + width]
                _add_half_squares(rows[k], half)
            values = columns[targets[p], first : first + width]
            for begin in range(0, batch, _QUERIES):
                tile = np.dot(queries[begin : begin + _QUERIES], rows)
                for i in range(tile.shape[0]):
                    b, row = begin + i, tile[i]
                    top = _scale(row, half, inverse[b])
                    if own[b] >= 0:
                        low = max(own[b] * order - first, 0)
                        high = min((own[b] + 1) * order - first, width)
                        if low < high:
                            row[low:high] = never
                            top = largest(row)
                    if top <= never:
                        continue
                    if top > best[b]:
                        shrink = np.exp(best[b] - top)
                        total[b], mean[b], best[b] = total[b] * shrink, mean[b] * shrink, top
                    added, moved = _weigh(row, best[b], values)
                    total[b] += added
                    mean[b] += moved
        for i in range(batch):
            out[i, p] = mean[i] / total[i] if total[i] > 0.0 else 0.0
