"""The compiled loop of local denoisers: a posterior mean of its own for each coordinate.

Logits of all training points on the window of a coordinate are products of gathered columns: by
BLAS, or, for windows so short that nothing would remain in its registers, by a loop of six terms.
Weights and mean follow in one pass while a tile is in the cache.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logit_rows import REORDER
from convergen.theory.empirical_score.vector_exp import exp2_nonpositive, larger, wide_vectors

# Terms of a short sum: the coordinates of a window, and −|y|²/2.
_TERMS = 6
# Queries of a tile whose sums are short, and of one that BLAS makes; training points of a tile,
# whose rows, were they 4096 bytes long, would all fall into the same few places of the cache.
_FEW, _MANY, _POINTS = 4, 32, 1008
# The logit of a training point that is left out.
_NEVER = -1e30
# Logits have the base 2, whose powers are the cheapest. Weights below 2^−64 of the largest count as
# that much, which is nothing beside it.
_LOG2_E, _LEAST = 1.4426950408889634, -64.0


@kernel(fastmath=REORDER)
def _short_logits(queries, begin, rows, tile, width, tops):  # type: ignore[no-untyped-def]
    """Fill a tile and the largest of each of its rows, all terms in one pass."""
    wide_vectors()
    for i in range(tile.shape[0]):
        b = begin + i
        u, v, w = queries[b, 0], queries[b, 1], queries[b, 2]
        x, y, z = queries[b, 3], queries[b, 4], queries[b, 5]
        best = tile.dtype.type(_NEVER)
        for j in range(width):
            logit = u * rows[0, j] + v * rows[1, j] + w * rows[2, j]
            logit += x * rows[3, j] + y * rows[4, j] + z * rows[5, j]
            tile[i, j] = logit
            best = larger(logit, best)
        tops[i] = best


@kernel(fastmath=REORDER)
def _largest(tile, width, tops):  # type: ignore[no-untyped-def]
    """The largest logit of each row."""
    wide_vectors()
    for i in range(tile.shape[0]):
        best = tile.dtype.type(_NEVER)
        for j in range(width):
            best = larger(tile[i, j], best)
        tops[i] = best


@kernel()
def _leave_out(tile, low, high, own, order):  # type: ignore[no-untyped-def]
    """Take the own orbit of each query out of a tile, which holds training points low to high."""
    for i in range(tile.shape[0]):
        if own[i] >= 0:
            for j in range(max(own[i] * order, low), min((own[i] + 1) * order, high)):
                tile[i, j - low] = _NEVER


@kernel(fastmath=REORDER)
def _absorb(tile, width, tops, values, sums, begin):  # type: ignore[no-untyped-def]
    """Add the weights 2^(l − top) of a tile, and their products with the values, to the sums."""
    wide_vectors()
    kind = tile.dtype.type
    least = kind(_LEAST)
    for i in range(tile.shape[0]):
        b = begin + i
        top = larger(tops[i], sums[0, b])
        if top <= _NEVER:
            continue
        # The sums are relative to the largest logit so far.
        if top > sums[0, b]:
            shrink = kind(np.exp2(sums[0, b] - top)) if sums[1, b] > 0.0 else kind(0.0)
            sums[0, b] = top
            sums[1, b] *= shrink
            sums[2, b] *= shrink
        total, mean = kind(0.0), kind(0.0)
        for j in range(width):
            weight = exp2_nonpositive(larger(tile[i, j] - top, least))
            total += weight
            mean += weight * values[j]
        sums[1, b] += total
        sums[2, b] += mean


@kernel()
def _aligned(count, width, like):  # type: ignore[no-untyped-def]
    """Rows that begin where lines of the cache begin, as wide vectors ask for."""
    across = 64 // like.itemsize
    pitch = (width + across - 1) // across * across
    room = np.empty(count * pitch + across, dtype=like.dtype)
    skip = -room.ctypes.data % 64 // like.itemsize
    return room[skip : skip + count * pitch].reshape(count, pitch)


@kernel(fastmath=REORDER)
def _gather(columns, window, first, rows, width):  # type: ignore[no-untyped-def]
    """Training points on a window, one coordinate a row; below them −|y|²/2, all else zero."""
    half = rows.dtype.type(-0.5)
    size = window.size
    rows[size:] = 0.0
    for k in range(size):
        place = window[k]
        for j in range(width):
            rows[k, j] = columns[place, first + j]
        for j in range(width, rows.shape[1]):
            rows[k, j] = 0.0
        for j in range(width):
            rows[size, j] += half * rows[k, j] * rows[k, j]


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
    scales, leaves = inverse * kind.type(_LOG2_E), np.any(own >= 0)
    # Of each query the largest logit, the sum of the weights and that of their products.
    sums, tops = np.empty((3, batch), dtype=kind), np.empty(_MANY, dtype=kind)
    for p in range(targets.size):
        window = windows[starts[p] : starts[p + 1]]
        size = window.size
        short = size < _TERMS
        terms, block = (_TERMS, _FEW) if short else (size + 1, _MANY)
        queries = np.zeros((batch, terms), dtype=kind)
        for b in range(batch):
            for k in range(size):
                queries[b, k] = points[b, window[k]] * scales[b]
            queries[b, size] = scales[b]
        sums[0], sums[1:] = _NEVER, 0.0
        for first in range(0, count, _POINTS):
            width = min(_POINTS, count - first)
            rows, few = _aligned(terms, width, points), _aligned(_FEW, width, points)
            _gather(columns, window, first, rows, width)
            values = columns[targets[p], first : first + width]
            for begin in range(0, batch, block):
                end = min(begin + block, batch)
                if short:
                    tile = few[: end - begin]
                    _short_logits(queries, begin, rows, tile, width, tops)
                else:
                    tile = np.dot(queries[begin:end], rows)
                    _largest(tile, width, tops)
                if leaves:
                    _leave_out(tile, first, first + width, own[begin:end], order)
                    _largest(tile, width, tops)
                _absorb(tile, width, tops, values, sums, begin)
        for b in range(batch):
            out[b, p] = sums[2, b] / sums[1, b] if sums[1, b] > 0.0 else 0.0
