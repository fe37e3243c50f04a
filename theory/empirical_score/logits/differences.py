"""Logits of single training points from differences, in float64 and without cancellation."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logits.logit_rows import LANES, REORDER, copy, largest


@kernel(fastmath=REORDER)
def distance(x, y):  # type: ignore[no-untyped-def]
    """Squared distance |x − y|²."""
    total = 0.0
    for k in range(x.size):
        gap = np.float64(x[k]) - np.float64(y[k])
        total += gap * gap
    return total


@kernel(fastmath=REORDER)
def excess(x, y, reference):  # type: ignore[no-untyped-def]
    """|x − r|² − |x − y|² = (y − r)·(2x − y − r), without cancellation for y near r."""
    total = 0.0
    for k in range(x.size):
        a, b, c = np.float64(x[k]), np.float64(y[k]), np.float64(reference[k])
        total += (b - c) * ((a - b) + (a - c))
    return total


@kernel(inline="always")
def _insert(values, indices, value, index):  # type: ignore[no-untyped-def]
    """Keep `values` descending; among equals the earlier index comes first."""
    k = values.size - 1
    while k > 0 and values[k - 1] < value:
        values[k], indices[k] = values[k - 1], indices[k - 1]
        k -= 1
    values[k], indices[k] = value, index


@kernel()
def collect(row, x, rows, first, query, slack, stretch, values, indices):  # type: ignore[no-untyped-def]
    """Put the nearest points of a tile into the list of neighbours.

    A point is looked at if its approximate logit, which errs by up to `slack` and in proportion to
    itself by stretch − 1, could reach the last of the list.
    """
    lift = query.lift - slack
    for start in range(0, row.size, LANES):
        part = row[start : start + LANES]
        if largest(part) < stretch * values[-1] + lift:
            continue
        for j in range(start, start + part.size):
            if row[j] >= stretch * values[-1] + lift:
                value = -query.half * distance(x, rows[j])
                if value > values[-1]:
                    _insert(values, indices, value, first + j)


@kernel(inline="always")
def _raise_top(query, rise):  # type: ignore[no-untyped-def]
    """Refer the sums to a logit higher by `rise`; returns the factor for the mean."""
    factor = np.exp(-rise) if query.total > 0.0 else 0.0
    query.weighted = factor * (query.weighted - rise * query.total) if factor > 0.0 else 0.0
    query.total *= factor
    query.squares *= factor * factor
    query.doubt *= factor * factor
    return factor


@kernel()
def promote(x, y, query, reference):  # type: ignore[no-untyped-def]
    """Make a point the reference if it is nearer; returns the factor for the mean."""
    none = query.top == -np.inf
    rise = np.inf if none else query.half * excess(x, y, reference)
    if not rise > 0.0:
        return 1.0
    factor = _raise_top(query, rise)
    copy(y, reference)
    query.top = query.lift - query.half * distance(x, reference)
    return factor


@kernel(inline="always")
def refer(row, x, rows, floor, query, reference):  # type: ignore[no-untyped-def]
    """Make the nearest point of a tile the reference, if it is nearer than the one so far.

    Only approximate logits from the floor on come into question. Returns the factor for the mean.
    """
    factor = 1.0
    for start in range(0, row.size, LANES):
        if largest(row[start : start + LANES]) < floor:
            continue
        for j in range(start, min(start + LANES, row.size)):
            if row[j] < floor:
                continue
            factor *= promote(x, rows[j], query, reference)
    return factor


@kernel(inline="always")
def mend(row, x, rows, limit, query, reference, places, logits):  # type: ignore[no-untyped-def]
    """Compute the logits of a short row that reach the limit again, and take them out of the row.

    Their places and values go to the first of `places` and `logits`; returns how many.
    """
    count = 0
    for start in range(0, row.size, LANES):
        if largest(row[start : start + LANES]) < limit:
            continue
        for j in range(start, min(start + LANES, row.size)):
            if row[j] >= limit:
                logit = min(query.half * excess(x, rows[j], reference), 0.0)
                places[count], logits[count] = j, logit
                row[j] = -np.inf
                count += 1
    query.mended += count
    return count
