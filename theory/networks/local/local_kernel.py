"""The compiled loop of local denoisers: posterior means of each coordinate over its own windows.

Logits of all training points on a window are products of gathered columns: by BLAS, or, where so
few coordinates are seen that it would only move numbers, by a loop of six terms. Of windows that
lie in one another only the rings between them are multiplied. Weights and means follow while a tile
is in the cache.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logits.logit_rows import REORDER
from convergen.theory.empirical_score.logits.vector_exp import (
    exp2_nonpositive,
    larger,
    wide_vectors,
)

# Terms of a short sum: the coordinates of a ring, and −|y|²/2.
_TERMS = 6
# Queries of a tile if all sums are short, and otherwise; training points of a tile, whose rows,
# were they 4096 bytes long, would all fall into the same few places of the cache.
_FEW, _MANY, _POINTS = 8, 128, 1008
# The logit of a training point that is left out.
_NEVER = -1e30
# Logits have the base 2, whose powers are the cheapest. Weights below 2^−64 of the largest count as
# that much, which is nothing beside it.
_LOG2_E, _LEAST = 1.4426950408889634, -64.0


@kernel(fastmath=REORDER)
def _short_logits(queries, begin, rows, tile, width, tops, more):  # type: ignore[no-untyped-def]
    """Fill a tile, or add to it, and find the largest of each of its rows, in one pass.

    Two queries at a time, so that what is loaded of the training points serves both; an odd one is
    paired with itself.
    """
    wide_vectors()
    last = tile.shape[0] - 1
    for i in range(0, last + 1, 2):
        k = min(i + 1, last)
        b, c = begin + i, begin + k
        u, v, w = queries[b, 0], queries[b, 1], queries[b, 2]
        x, y, z = queries[b, 3], queries[b, 4], queries[b, 5]
        u2, v2, w2 = queries[c, 0], queries[c, 1], queries[c, 2]
        x2, y2, z2 = queries[c, 3], queries[c, 4], queries[c, 5]
        best = tile.dtype.type(_NEVER)
        best2 = best
        for j in range(width):
            p, q, r = rows[0, j], rows[1, j], rows[2, j]
            s, t, h = rows[3, j], rows[4, j], rows[5, j]
            logit = u * p + v * q + w * r
            logit += x * s + y * t + z * h
            other = u2 * p + v2 * q + w2 * r
            other += x2 * s + y2 * t + z2 * h
            if more:
                logit += tile[i, j]
                other += tile[k, j]
            tile[i, j] = logit
            tile[k, j] = other
            best = larger(logit, best)
            best2 = larger(other, best2)
        tops[i] = best
        tops[k] = best2


@kernel(fastmath=REORDER)
def _add(product, tile, width, tops):  # type: ignore[no-untyped-def]
    """Add the product of a ring to a tile and find the largest of each of its rows."""
    wide_vectors()
    for i in range(tile.shape[0]):
        best = tile.dtype.type(_NEVER)
        for j in range(width):
            logit = tile[i, j] + product[i, j]
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
            shrink = kind(np.exp2(sums[0, b] - top))
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
    halves = rows[size]
    for k in range(size):
        place, row = window[k], rows[k]
        for j in range(width):
            value = columns[place, first + j]
            row[j] = value
            halves[j] += half * value * value
        row[width:] = 0.0


@kernel()
def _scaled(points, ring, scales, queries):  # type: ignore[no-untyped-def]
    """Queries on a ring, over σ², and what multiplies −|y|²/2; all else zero."""
    size = ring.size
    queries[:, size:] = 0.0
    for b in range(points.shape[0]):
        for k in range(size):
            queries[b, k] = points[b, ring[k]] * scales[b]
        queries[b, size] = scales[b]


@kernel(nogil=True)
def local_means(points, columns, targets, starts, places, cuts, inverse, own, order, out):  # type: ignore[no-untyped-def]
    """Posterior means, coordinate by coordinate.

    Parameters
    ----------
    points : ndarray, shape (batch, d)
        Queries.
    columns : ndarray, shape (d, N)
        Training points, one a column.
    targets : ndarray of int64, shape (p,)
        Coordinates whose means are wanted.
    starts : ndarray of int64, shape (p,)
        Where the coordinates of each of them begin in `places`.
    places : ndarray of int64
        Coordinates that are looked at, those of smaller windows first.
    cuts : ndarray of int64, shape (T, p)
        How many of them each of T windows holds, at least 1 and ascending along T.
    inverse : ndarray, shape (batch,)
        1/σ² of each query.
    own : ndarray of int64, shape (batch,)
        Which orbit is left out for a query: training points own · order and the following; −1 for
        none.
    order : int
        Training points of one orbit.
    out : ndarray, shape (T, batch, p)
        Filled with the means; 0 where every training point is left out.
    """
    batch, count, nested = points.shape[0], columns.shape[1], cuts.shape[0]
    kind = points.dtype
    scales, leaves = inverse * kind.type(_LOG2_E), np.any(own >= 0)
    # Of each window and query the largest logit, the sum of the weights, that of their products.
    sums, tops = np.empty((nested, 3, batch), dtype=kind), np.empty(_MANY, dtype=kind)
    # Where the terms of the ring of each window end.
    ends = np.empty(nested, dtype=np.int64)
    for p in range(targets.size):
        seen, terms = 0, 0
        for t in range(nested):
            ring = cuts[t, p] - seen
            if ring:
                terms += max(ring + 1, _TERMS)
            ends[t], seen = terms, cuts[t, p]
        seen_here = places[starts[p] : starts[p] + seen]
        block = _FEW if terms == _TERMS else _MANY
        room = np.empty(batch * terms, dtype=kind)
        low, seen = 0, 0
        for t in range(nested):
            if ends[t] > low:
                queries = room[batch * low : batch * ends[t]].reshape(batch, ends[t] - low)
                _scaled(points, seen_here[seen : cuts[t, p]], scales, queries)
            low, seen = ends[t], cuts[t, p]
        sums[:, 0], sums[:, 1:] = _NEVER, 0.0
        for first in range(0, count, _POINTS):
            width = min(_POINTS, count - first)
            rows, short = _aligned(terms, width, points), _aligned(block, width, points)
            low, seen = 0, 0
            for t in range(nested):
                if ends[t] > low:
                    _gather(
                        columns, seen_here[seen : cuts[t, p]], first, rows[low : ends[t]], width
                    )
                low, seen = ends[t], cuts[t, p]
            values = columns[targets[p], first : first + width]
            for begin in range(0, batch, block):
                end = min(begin + block, batch)
                tile = short[: end - begin]
                low = 0
                for t in range(nested):
                    size = ends[t] - low
                    if size == 0:
                        continue
                    queries = room[batch * low : batch * ends[t]].reshape(batch, size)
                    ring_rows = rows[low : ends[t]]
                    if size == _TERMS:
                        _short_logits(queries, begin, ring_rows, tile, width, tops, low > 0)
                    elif low == 0:
                        tile = np.dot(queries[begin:end], ring_rows)
                        _largest(tile, width, tops)
                    else:
                        _add(np.dot(queries[begin:end], ring_rows), tile, width, tops)
                    if leaves and low == 0:
                        _leave_out(tile, first, first + width, own[begin:end], order)
                        _largest(tile, width, tops)
                    _absorb(tile, width, tops, values, sums[t], begin)
                    low = ends[t]
        for t in range(nested):
            same = t > 0 and ends[t] == ends[t - 1]
            for b in range(batch):
                if same:
                    out[t, b, p] = out[t - 1, b, p]
                else:
                    out[t, b, p] = sums[t, 2, b] / sums[t, 1, b] if sums[t, 1, b] > 0.0 else 0.0
