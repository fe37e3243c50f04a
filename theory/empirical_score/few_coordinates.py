"""Points of few coordinates: one compiled loop over differences beats two matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logits.fold import DONE, fold
from convergen.theory.empirical_score.logits.logit_rows import REORDER, scale
from convergen.theory.empirical_score.logits.vector_exp import larger
from convergen.theory.empirical_score.records import read_only

if TYPE_CHECKING:
    from convergen.theory.common.checks import FloatArray
    from convergen.theory.empirical_score.passes import Pass
    from convergen.theory.empirical_score.records import Array

# Bytes of a tile of training points, which stays in the nearest cache.
_TILE_BYTES = 2**15
# Queries that pass over a tile while it is there.
_GROUP = 128


def absorb(part: Pass, rows: Array, half_squares: FloatArray, first: int) -> None:
    """Fold in a block of training points.

    Parameters
    ----------
    part : Pass
        Queries.
    rows : ndarray, shape (count, dim)
        Training points.
    half_squares : ndarray, shape (count,)
        Not used: differences need no |y|²/2.
    first : int
        Index of the first of them.
    """
    rows = read_only(rows, part.points.dtype)
    tile = _TILE_BYTES // (rows.shape[1] * rows.itemsize)
    tile = min(max(tile - tile % 64, 64), 1024)
    _absorb(part.points, rows, tile, first, part.limits, part.sums)


@kernel(fastmath=REORDER)
def _tile_logits(x, columns, scale, row):  # type: ignore[no-untyped-def]
    """Logits −|x − y|²/2σ² of a tile, differences first, no cancellation; returns the largest.

    Four coordinates at a time: the row is read and written a quarter as often. Only a slice of
    a single row of the tile is known to be contiguous, and so becomes vector code.
    """
    size, whole = row.size, x.size - x.size % 4
    rest = x.size - whole
    if rest == 0:
        for j in range(size):
            row[j] = 0
    else:
        p, q = columns[whole][:size], columns[min(whole + 1, x.size - 1)][:size]
        s = columns[x.size - 1][:size]
        x0, x1, x2 = x[whole], x[min(whole + 1, x.size - 1)], x[x.size - 1]
        if rest == 1:
            for j in range(size):
                a = p[j] - x0
                row[j] = a * a
        elif rest == 2:
            for j in range(size):
                a, b = p[j] - x0, q[j] - x1
                row[j] = a * a + b * b
        else:
            for j in range(size):
                a, b, c = p[j] - x0, q[j] - x1, s[j] - x2
                row[j] = a * a + b * b + c * c
    for k in range(0, whole, 4):
        p, q = columns[k][:size], columns[k + 1][:size]
        r, s = columns[k + 2][:size], columns[k + 3][:size]
        x0, x1, x2, x3 = x[k], x[k + 1], x[k + 2], x[k + 3]
        for j in range(size):
            a, b, c, d = p[j] - x0, q[j] - x1, r[j] - x2, s[j] - x3
            row[j] += (a * a + b * b) + (c * c + d * d)
    best = row.dtype.type(-np.inf)
    for j in range(size):
        row[j] *= -scale
        best = larger(row[j], best)
    return best


@kernel(fastmath=REORDER)
def _tile_mean(weights, columns, mean):  # type: ignore[no-untyped-def]
    """Add Σ w y of a tile, four coordinates at a time."""
    size, whole = weights.size, mean.size - mean.size % 4
    zero = weights[0] - weights[0]
    for k in range(0, whole, 4):
        p, q = columns[k][:size], columns[k + 1][:size]
        r, s = columns[k + 2][:size], columns[k + 3][:size]
        a, b, c, d = zero, zero, zero, zero
        for j in range(size):
            w = weights[j]
            a += w * p[j]
            b += w * q[j]
            c += w * r[j]
            d += w * s[j]
        mean[k] += a
        mean[k + 1] += b
        mean[k + 2] += c
        mean[k + 3] += d
    for k in range(whole, mean.size):
        column, total = columns[k][:size], zero
        for j in range(size):
            total += weights[j] * column[j]
        mean[k] += total


@kernel(nogil=True)
def _absorb(points, rows, tile, first, limits, sums):  # type: ignore[no-untyped-def]
    """Fold in a block (count, dim); a tile, transposed, serves a group of queries."""
    batch, count, dim = points.shape[0], rows.shape[0], points.shape[1]
    columns = np.empty((dim, tile), dtype=points.dtype)
    buffer = np.empty(tile, dtype=points.dtype)
    none = buffer[:0]
    for begin in range(0, batch, _GROUP):
        for start in range(0, count, tile):
            part = rows[start : start + tile]
            row = buffer[: part.shape[0]]
            for k in range(dim):
                for j in range(part.shape[0]):
                    columns[k, j] = part[j, k]
            for i in range(begin, min(begin + _GROUP, batch)):
                x, mean = points[i], sums.mean[i]
                best = _tile_logits(x, columns, row.dtype.type(sums.query[i].half), row)
                factor = fold(row, best, x, part, none, first + start, limits, i, sums)
                if factor == DONE:
                    continue
                if factor != 1.0:
                    scale(mean, factor)
                _tile_mean(row, columns, mean)
