"""Fold the approximate logits of one query and one tile of training points into its sums.

An online softmax: when a nearer point becomes the reference, the sums so far are rescaled. A tile
in which few points matter is added point by point, from differences. In others the weights are
left for a matrix product, and logits whose rounding errors would count are computed again.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logits.differences import (
    collect,
    excess,
    mend,
    promote,
    refer,
)
from convergen.theory.empirical_score.logits.logit_rows import (
    LANES,
    SHORT,
    add_to,
    are_few,
    largest,
    scale,
    weigh,
)
from convergen.theory.empirical_score.records import WORST

# No product is needed for the tile.
DONE = -1.0
# Logits of a query that may be computed again whatever their share.
_FEW = 32.0


@kernel(inline="always")
def _add(query, weight, logit):  # type: ignore[no-untyped-def]
    """Add one point to the sums."""
    query.total += weight
    query.squares += weight * weight
    query.weighted += weight * logit


@kernel(inline="always")
def _add_near(row, x, rows, limit, query, mean, reference):  # type: ignore[no-untyped-def]
    """Fold in the points of a tile whose approximate logits reach the limit, the mean included."""
    for start in range(0, row.size, LANES):
        if largest(row[start : start + LANES]) < limit:
            continue
        for j in range(start, min(start + LANES, row.size)):
            if row[j] < limit:
                continue
            logit = min(query.half * excess(x, rows[j], reference), 0.0)
            weight = np.exp(logit)
            if weight > 0.0:
                _add(query, weight, logit)
            share = mean.dtype.type(weight)
            if share > 0.0:
                add_to(mean, share, rows[j])


@kernel(inline="always")
def _add_weights(part, query):  # type: ignore[no-untyped-def]
    """Overwrite a few logits by weights and add these to the sums."""
    top = part.dtype.type(query.top)
    total, squares, weighted = weigh(part, top, part.dtype.type(query.top - np.float64(top)))
    query.total += total
    query.squares += squares
    query.weighted += weighted
    query.doubt += squares * query.error**2


@kernel()
def _add_plain(row, query):  # type: ignore[no-untyped-def]
    """Overwrite logits by weights and add these to the sums."""
    for start in range(0, row.size, SHORT):
        _add_weights(row[start : start + SHORT], query)


@kernel()
def _add_mended(row, x, rows, slack, first, query, limits, reference):  # type: ignore[no-untyped-def]
    """As `_add_plain`, but with the logits that matter computed again."""
    places, logits = np.empty(SHORT, dtype=np.int64), np.empty(SHORT)
    # All others may together move the mean by the tolerance. With independent errors, and weights
    # up to p, by the error times √Σp²/Σp ≤ √(p/Σp).
    window = limits.power * np.log(query.error / limits.tolerance) + limits.crowd
    for start in range(0, row.size, SHORT):
        part = row[start : start + SHORT]
        count = 0
        if query.mended <= _FEW + limits.share * (first + start):
            width = min(max(window - np.log(max(query.total, 1.0)), 0.0), limits.reach)
            limit = query.top - width - slack
            if largest(part) >= limit:
                own = rows[start : start + SHORT]
                count = mend(part, x, own, limit, query, reference, places, logits)
        _add_weights(part, query)
        for k in range(count):
            weight = np.exp(logits[k])
            part[places[k]] = weight
            _add(query, weight, logits[k])


@kernel(inline="always")
def fold(row, best, x, rows, norms, first, limits, i, sums):  # type: ignore[no-untyped-def]
    """Fold in the logits `row`, the largest of which is `best`, of query i and the points `rows`.

    Returns the factor by which the mean so far is to be rescaled before the weights, now in
    `row`, times the points are added; or DONE if nothing is to be done.
    """
    query, reference = sums.query[i], sums.reference[i]
    slack = query.worst + WORST * limits.slope * abs(max(best, query.top))
    if sums.values.shape[1] > 0:
        values, stretch = sums.values[i], 1.0 + WORST * limits.slope
        if best >= stretch * values[-1] + query.lift - slack:
            collect(row, x, rows, first, query, slack, stretch, values, sums.indices[i])
    if best < query.top - limits.reach - slack:
        return DONE
    nearest = -1
    if best > query.top:
        nearest = 0
        while row[nearest] != best:
            nearest += 1
        # The largest term of a logit: x·y/σ² where it is made of that and |y|²/2σ².
        size = abs(best + 2.0 * query.half * norms[nearest]) if norms.size > 0 else abs(best)
        query.error = query.usual + limits.slope * size
    mended = query.error > limits.tolerance
    factor, floor = 1.0, max(best, query.top) - slack
    if mended and best >= floor:
        factor = refer(row, x, rows, floor, query, reference)
    elif not mended and nearest >= 0:
        factor = promote(x, rows[nearest], query, reference)
    limit = query.top - limits.reach - slack
    # Where a product can be spared, or the logits have to be computed again anyway.
    if (mended or norms.size > 0) and are_few(row, row.dtype.type(limit)):
        mean = sums.mean[i]
        if factor != 1.0:
            scale(mean, factor)
        _add_near(row, x, rows, limit, query, mean, reference)
        return DONE
    if mended:
        _add_mended(row, x, rows, slack, first, query, limits, reference)
    else:
        _add_plain(row, query)
    return factor
