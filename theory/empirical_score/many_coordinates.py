"""Points of many coordinates: two matrix products, x·y and Σp·y, with the weights in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logits.fold import DONE, fold
from convergen.theory.empirical_score.logits.logit_rows import REORDER, copy
from convergen.theory.empirical_score.logits.vector_exp import larger
from convergen.theory.empirical_score.records import read_only

if TYPE_CHECKING:
    from convergen.theory.common.checks import FloatArray
    from convergen.theory.empirical_score.passes import Pass
    from convergen.theory.empirical_score.records import Array

# Tile of the product matrix: at most so many queries, and so many entries.
_QUERIES, _ENTRIES = 512, 2**20


def absorb(part: Pass, rows: Array, half_squares: FloatArray, first: int) -> None:
    """Fold in a block of training points, a tile at a time.

    Parameters
    ----------
    part : Pass
        Queries.
    rows : ndarray, shape (count, dim)
        Training points.
    half_squares : ndarray, shape (count,)
        |y|²/2.
    first : int
        Index of the first of them.
    """
    batch, kind = part.points.shape[0], part.points.dtype
    queries = min(batch, _QUERIES)
    columns = min(max(_ENTRIES // queries, 1024), rows.shape[0])
    buffer = np.empty(queries * columns, dtype=kind)
    added = np.empty((queries, part.points.shape[1]), dtype=kind)
    active, factors = np.empty(queries, dtype=np.int64), np.empty(queries)
    for start in range(0, rows.shape[0], columns):
        tile = read_only(rows[start : start + columns], kind)
        halves = half_squares[start : start + columns].astype(kind)
        for begin in range(0, batch, queries):
            own = part.some(begin, begin + queries)
            products = buffer[: len(own.points) * len(tile)].reshape(len(own.points), -1)
            np.matmul(own.points, tile.T, out=products)
            count = _weigh_products(
                products, own.points, tile, halves, first + start, own.limits, own.sums, active,
                factors,
            )  # fmt: skip
            if count > 0:
                np.matmul(products[:count], tile, out=added[:count])
                _update_means(own.sums.mean, active[:count], factors[:count], added)


@kernel(fastmath=REORDER)
def _scale(row, norms, scale):  # type: ignore[no-untyped-def]
    """From x·y to (x·y − |y|²/2)/σ², in place; returns the largest."""
    best = row.dtype.type(-np.inf)
    for j in range(row.size):
        row[j] = (row[j] - norms[j]) * scale
        best = larger(row[j], best)
    return best


@kernel(nogil=True)
def _weigh_products(products, points, rows, norms, first, limits, sums, active, factors):  # type: ignore[no-untyped-def]
    """From inner products x·y of queries and a tile of training points to weights, in place.

    The mean is left to a matrix product, see `fold`, of the queries that need it: their weights
    move to the first rows, their places and factors to `active` and `factors`. Returns how many.
    """
    count = 0
    for i in range(products.shape[0]):
        row = products[i]
        best = _scale(row, norms, row.dtype.type(2.0 * sums.query[i].half))
        factor = fold(row, best, points[i], rows, norms, first, limits, i, sums)
        if factor == DONE:
            continue
        if count < i:
            copy(row, products[count])
        active[count], factors[count] = i, factor
        count += 1
    return count


@kernel(nogil=True)
def _update_means(mean, active, factors, added):  # type: ignore[no-untyped-def]
    """Rescale the means of the active queries by their factors, and add a row to each."""
    for i in range(active.size):
        own, row, factor = mean[active[i]], added[i], mean.dtype.type(factors[i])
        for k in range(own.size):
            own[k] = own[k] * factor + row[k]
