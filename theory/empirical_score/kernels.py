"""Compiled parts of the empirical score: an online softmax over blocks of training points.

Per query the sums are Σp, Σp², Σp·l and Σp·y with p = exp(l), l the logit −|x − y|²/2σ² less that
of a reference, the nearest training point so far; when a nearer one comes, they are rescaled.
First, approximate logits are computed for a whole tile. Where their rounding errors are too large
for the softmax, the logits that matter are computed again from differences, one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.vector_exp import exp_nonpositive, larger

Array = NDArray[Any]

# Columns of the state: the approximate logit of the reference, its error, Σp, Σp², Σp·l, the sum
# of (p·error)² over logits that were taken as they are, and the estimate of what to add to TOP.
TOP, ERROR, SUM, SQUARES, WEIGHTED, DOUBT, SHIFT = 0, 1, 2, 3, 4, 5, 6
# Columns of the marks: how a query is treated, how many logits were computed again, and from how
# many SHIFT is known; −1 if it was not needed.
MODE, COUNT, SEEN = 0, 1, 2
# Modes: approximate logits are good enough; they are not; too many would have to be mended.
GOOD, MENDED, DENSE = 1, 2, 3
# Columns of the terms: 1/2σ²; errors of logits, the usual one, without its part in proportion to
# the logit, and the largest; |x|²/2σ² where the approximate logits lack −|x|²/2σ².
HALF, USUAL, LARGEST, OFFSET = 0, 1, 2, 3
_LANES, _SHORT = 64, 256
_MATH = {"contract"}
# Sums may be reordered for vector units. There is no NaN, or the input check would have found it.
_REORDER = {"reassoc", "contract", "nnan", "nsz"}


class Sums(NamedTuple):
    """What a pass over the training points leaves behind, one row a query.

    Attributes
    ----------
    state : ndarray of float64, shape (batch, 7)
        Columns TOP, ERROR, SUM, SQUARES, WEIGHTED, DOUBT, SHIFT.
    marks : ndarray of int64, shape (batch, 3)
        Columns MODE, COUNT, SEEN.
    mean : ndarray, shape (batch, dim)
        Σp·y.
    reference : ndarray, shape (batch, dim)
        The training point whose logit is 0.
    values : ndarray of float64, shape (batch, k)
        Logits of the k nearest training points, descending, in float64 from differences.
    indices : ndarray of int64, shape (batch, k)
        Their indices.
    """

    state: Array
    marks: Array
    mean: Array
    reference: Array
    values: Array
    indices: Array


class Limits(NamedTuple):
    """Numbers that are common to all queries.

    Attributes
    ----------
    slope : float
        Error of a logit relative to the largest term that it is made of.
    tolerance : float
        Error of a logit that is good enough, whatever the weights.
    doubtful : float
        Error of a logit up to which the weights decide in the end whether it was good enough.
    size : float
        log n.
    crowd : float
        By how much more than one logit all those together matter whose errors are tolerated: the
        log of n, or of √(n · copies) for independent errors.
    copies : float
        For independent errors the log of how often a point occurs; else infinite.
    negligible : float
        A logit by this + log n below the largest does not matter.
    share : float
        No more than this share of logits is computed again: beyond it a query is in doubt, or
        DENSE if its logits are too coarse for that.
    """

    slope: float
    tolerance: float
    doubtful: float
    size: float
    crowd: float
    copies: float
    negligible: float
    share: float


@kernel()
def _insert(values, indices, value, index):  # type: ignore[no-untyped-def]
    """Keep `values` descending; among equals the earlier index comes first."""
    k = values.size - 1
    while k > 0 and values[k - 1] < value:
        values[k], indices[k] = values[k - 1], indices[k - 1]
        k -= 1
    values[k], indices[k] = value, index


@kernel()
def _raise_top(state, rise):  # type: ignore[no-untyped-def]
    """Refer the sums to a logit higher by `rise`; returns the factor for the mean."""
    factor = np.exp(-rise) if state[SUM] > 0.0 else 0.0
    if factor > 0.0:
        state[WEIGHTED] = factor * (state[WEIGHTED] - rise * state[SUM])
    else:
        state[WEIGHTED] = 0.0
    state[SUM] *= factor
    state[SQUARES] *= factor * factor
    state[DOUBT] *= factor * factor
    return factor


@kernel(fastmath=_REORDER)
def _largest(row):  # type: ignore[no-untyped-def]
    best = row[0]
    for j in range(row.size):
        best = larger(row[j], best)
    return best


@kernel(fastmath=_REORDER)
def _weigh(row, top, shift):  # type: ignore[no-untyped-def]
    """Overwrite logits by weights p; returns Σp, Σp², Σp·l in the precision of the row.

    Subtracts in two steps: top is a number of the row's precision, shift is small. Weights whose
    squares are below the normal range count as 0: such numbers are slow.
    """
    kind = row.dtype.type
    zero, low = kind(0.0), kind(-43.0 if row.itemsize == 4 else -354.0)
    first, second, mixed = zero, zero, zero
    for j in range(row.size):
        logit = larger((row[j] - top) - shift, low)
        weight = exp_nonpositive(logit) if logit > low else zero
        row[j] = weight
        first += weight
        second += weight * weight
        mixed += weight * logit
    return first, second, mixed


@kernel()
def _add_weights(row, state):  # type: ignore[no-untyped-def]
    """Overwrite logits by weights and add these to the sums.

    Many equal weights are all rounded alike when added to a large one, so single precision
    serves for short sums only.
    """
    top, shift = row.dtype.type(state[TOP]), row.dtype.type(state[SHIFT])
    for start in range(0, row.size, _SHORT):
        total, squares, weighted = _weigh(row[start : start + _SHORT], top, shift)
        state[SUM] += total
        state[SQUARES] += squares
        state[WEIGHTED] += weighted
        state[DOUBT] += squares * state[ERROR] ** 2


@kernel(fastmath=_REORDER)
def _distance(x, y):  # type: ignore[no-untyped-def]
    """|x − y|² in float64."""
    total = 0.0
    for k in range(x.size):
        gap = np.float64(x[k]) - np.float64(y[k])
        total += gap * gap
    return total


@kernel(fastmath=_REORDER)
def _excess(x, y, reference):  # type: ignore[no-untyped-def]
    """|x − r|² − |x − y|² = (y − r)·(2x − y − r) in float64, without cancellation for y near r."""
    total = 0.0
    for k in range(x.size):
        a, b, c = np.float64(x[k]), np.float64(y[k]), np.float64(reference[k])
        total += (b - c) * ((a - b) + (a - c))
    return total


@kernel()
def _collect(row, x, rows, first, half, lift, stretch, values, indices):  # type: ignore[no-untyped-def]
    """Enter the nearest points of a tile in the list of neighbours.

    A point is looked at if its approximate logit is not below stretch · (last of the list) + lift.
    """
    for start in range(0, row.size, _LANES):
        part = row[start : start + _LANES]
        if _largest(part) < stretch * values[-1] + lift:
            continue
        for j in range(start, start + part.size):
            if row[j] >= stretch * values[-1] + lift:
                value = -half * _distance(x, rows[j])
                if value > values[-1]:
                    _insert(values, indices, value, first + j)


@kernel()
def _refer(row, x, rows, half, floor, state, marks, reference):  # type: ignore[no-untyped-def]
    """Make the nearest point of a tile the reference, if it is nearer than the one so far.

    Only approximate logits above the floor come into question. Returns the factor for the mean.
    """
    factor = 1.0
    for start in range(0, row.size, _LANES):
        if _largest(row[start : start + _LANES]) < floor:
            continue
        for j in range(start, min(start + _LANES, row.size)):
            if row[j] < floor:
                continue
            marks[COUNT] += 1
            none = state[TOP] == -np.inf
            rise = 0.0 if none else half * _excess(x, rows[j], reference)
            if none or rise > 0.0:
                factor *= _raise_top(state, rise)
                state[TOP], state[SHIFT], marks[SEEN] = row[j], 0.0, min(marks[SEEN], 0)
                reference[:] = rows[j]
    return factor


@kernel(fastmath=_MATH)
def _add_near(row, x, rows, half, limit, state, mean, reference):  # type: ignore[no-untyped-def]
    """Fold in, by differences, the points of a tile whose approximate logits reach the limit."""
    for start in range(0, row.size, _LANES):
        if _largest(row[start : start + _LANES]) < limit:
            continue
        for j in range(start, min(start + _LANES, row.size)):
            if row[j] < limit:
                continue
            logit = min(half * _excess(x, rows[j], reference), 0.0)
            weight = np.exp(logit)
            if weight > 0.0:
                state[SUM] += weight
                state[SQUARES] += weight * weight
                state[WEIGHTED] += weight * logit
            share = mean.dtype.type(weight)
            if share > 0.0:
                y = rows[j]
                for k in range(x.size):
                    mean[k] += share * y[k]


@kernel()
def _mend(row, x, rows, half, limit, state, marks, reference, which, exact):  # type: ignore[no-untyped-def]
    """Compute the logits of a short row that reach the limit by differences.

    Enters their places in `which`, themselves in `exact`, and -inf in the row; returns how many.
    The error of TOP is common to all that stay approximate: these reveal it.
    """
    count, seen, total = 0, 0, 0.0
    for start in range(0, row.size, _LANES):
        if _largest(row[start : start + _LANES]) < limit:
            continue
        for j in range(start, min(start + _LANES, row.size)):
            if row[j] < limit:
                continue
            logit = min(half * _excess(x, rows[j], reference), 0.0)
            which[count], exact[count] = j, logit
            count += 1
            if logit < 0.0:  # copies of the reference have its error
                total += row[j] - state[TOP] - state[SHIFT] - logit
                seen += 1
            row[j] = -np.inf
    marks[COUNT] += count
    marks[SEEN] += seen
    # The best estimate, as the errors of all logits are alike.
    state[SHIFT] += total / (marks[SEEN] + 1)
    return count


@kernel()
def _add_mended(row, x, rows, slack, first, half, limits, state, marks, reference):  # type: ignore[no-untyped-def]
    """Overwrite logits by weights and add these to the sums, those that matter by differences.

    Returns whether more than the share matter: these stay approximate.
    """
    which, exact = np.empty(_SHORT, dtype=np.int64), np.empty(_SHORT)
    exhausted, reach = False, limits.negligible + limits.size
    # All points beyond the limit may together move the result by the tolerance. With independent
    # errors, and limit e^-w, by the error times √Σp²/Σp ≤ √(e^-w/Σp): less if errors are small.
    excess = np.log(state[ERROR] / (0.6 * limits.tolerance))
    wide = excess + limits.crowd
    narrow = min(wide, 2.0 * excess + limits.copies)
    enough = (state[ERROR] / (2.0 * limits.tolerance)) ** 2
    marks[SEEN] = max(marks[SEEN], 0)
    for start in range(0, row.size, _SHORT):
        part, own = row[start : start + _SHORT], rows[start : start + _SHORT]
        window, count, best = narrow if marks[SEEN] >= enough else wide, 0, _largest(part)
        if best >= state[TOP] - min(max(window, 0.0), reach) - slack:
            window = min(max(window - np.log(max(state[SUM], 1.0)), 0.0), reach)
            limit = state[TOP] - window - slack
            allowed = 32.0 + limits.share * max(first + start, 1)
            if best >= limit and marks[COUNT] > allowed:
                exhausted = True
            elif best >= limit:
                count = _mend(part, x, own, half, limit, state, marks, reference, which, exact)
        _add_weights(part, state)
        for k in range(count):
            weight = np.exp(exact[k])
            part[which[k]] = weight
            state[SUM] += weight
            state[SQUARES] += weight * weight
            state[WEIGHTED] += weight * exact[k]
    return exhausted


@kernel(fastmath=_REORDER)
def _count(row, limit):  # type: ignore[no-untyped-def]
    total = 0
    for j in range(row.size):
        total += row[j] >= limit
    return total


@kernel()
def _are_few(row, limit):  # type: ignore[no-untyped-def]
    """Whether no more than one in 32 logits reaches the limit."""
    total = 0
    for start in range(0, row.size, _SHORT):
        total += _count(row[start : start + _SHORT], limit)
        if 32 * total > row.size:
            return False
    return True


@kernel()
def _fold_mended(row, best, x, rows, slack, first, half, limits, i, sums):  # type: ignore[no-untyped-def]
    """Fold a tile where approximate logits err by up to `slack`; returns as `_fold` does."""
    state, marks, reference = sums.state[i], sums.marks[i], sums.reference[i]
    floor = max(best, state[TOP]) - slack
    factor = 1.0
    if best >= floor:
        factor = _refer(row, x, rows, half, floor, state, marks, reference)
    limit = state[TOP] - limits.negligible - limits.size - slack
    if _are_few(row, row.dtype.type(limit)):
        mean = sums.mean[i]
        if factor != 1.0:
            mean *= mean.dtype.type(factor)
        _add_near(row, x, rows, half, limit, state, mean, reference)
        return -1.0
    exhausted = _add_mended(row, x, rows, slack, first, half, limits, state, marks, reference)
    if exhausted and state[ERROR] > limits.doubtful:
        marks[MODE] = DENSE
        return -1.0
    return factor


@kernel()
def _fold(row, best, x, rows, norms, first, terms, limits, i, sums):  # type: ignore[no-untyped-def]
    """Fold the approximate logits of one query and one tile into the sums, but for the mean.

    Returns the factor by which the mean so far is to be rescaled before the weights, now in
    `row`, times the points are added; or −1 if nothing is to be done.
    """
    state, marks, half = sums.state[i], sums.marks[i], terms[HALF]
    slack = terms[LARGEST] + 8.0 * limits.slope * abs(max(best, state[TOP]))
    if sums.values.shape[1] > 0:
        values, lift = sums.values[i], terms[OFFSET] - slack
        stretch = 1.0 + 8.0 * limits.slope
        if best >= stretch * values[-1] + lift:
            _collect(row, x, rows, first, half, lift, stretch, values, sums.indices[i])
    window = limits.negligible + limits.size + slack
    if marks[MODE] == DENSE or best < state[TOP] - window:
        return -1.0
    nearest = -1
    if best > state[TOP]:
        nearest = 0
        while row[nearest] != best:
            nearest += 1
        size = abs(best + 2.0 * half * norms[nearest]) if norms.size > 0 else abs(best)
        state[ERROR] = terms[USUAL] + limits.slope * size
        if marks[MODE] != MENDED:
            marks[MODE] = GOOD if state[ERROR] <= limits.tolerance else MENDED
    if marks[MODE] == MENDED:
        return _fold_mended(row, best, x, rows, slack, first, half, limits, i, sums)
    factor = 1.0
    if nearest >= 0:
        factor = _raise_top(state, best - state[TOP])
        state[TOP] = best
        sums.reference[i][:] = rows[nearest]
    _add_weights(row, state)
    return factor


@kernel(fastmath=_REORDER)
def _scale(row, norms, scale):  # type: ignore[no-untyped-def]
    """From x·y to (x·y − |y|²/2)/σ², in place; returns the largest."""
    best = row.dtype.type(-np.inf)
    for j in range(row.size):
        row[j] = (row[j] - norms[j]) * scale
        best = larger(row[j], best)
    return best


@kernel(nogil=True)
def weigh_products(  # type: ignore[no-untyped-def]
    products, points, rows, norms, first, terms, limits, sums, active, factors
):
    """From inner products x·y of queries and a tile of training points to weights, in place.

    The mean is left to a matrix product, see `_fold`, of the queries that need it: their weights
    move to the first rows, their places and factors to `active` and `factors`. Returns how many.
    """
    count = 0
    for i in range(products.shape[0]):
        row = products[i]
        best = _scale(row, norms, row.dtype.type(2.0 * terms[i, HALF]))
        factor = _fold(row, best, points[i], rows, norms, first, terms[i], limits, i, sums)
        if factor < 0.0:
            continue
        if count < i:
            products[count] = row
        active[count], factors[count] = i, factor
        count += 1
    return count


@kernel(nogil=True)
def update_means(mean, active, factors, added):  # type: ignore[no-untyped-def]
    """Rescale the means of the active queries by their factors, and add a row to each."""
    for i in range(active.size):
        own, row, factor = mean[active[i]], added[i], mean.dtype.type(factors[i])
        for k in range(own.size):
            own[k] = own[k] * factor + row[k]


@kernel(fastmath=_REORDER)
def _tile_logits(x, columns, scale, row):  # type: ignore[no-untyped-def]
    """−|x − y|²/2σ² for a tile: differences first, no cancellation; returns the largest.

    Four coordinates at a time: the row is read and written a quarter as often. Only a slice of
    a single row of the tile is known to be contiguous, and so becomes vector code.
    """
    size, whole = row.size, x.size - x.size % 4
    rest = x.size - whole
    if rest == 0:
        row[:] = 0
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


@kernel(fastmath=_REORDER)
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


@kernel(parallel=True)
def absorb_block(points, rows, tile, groups, first, terms, limits, sums):  # type: ignore[no-untyped-def]
    """Fold a block (count, dim) of training points into the posterior means, by differences.

    A tile, transposed, stays in the nearest cache while a group of queries passes over it.
    """
    batch, count, dim = points.shape[0], rows.shape[0], points.shape[1]
    for group in prange(groups):
        columns = np.empty((dim, tile), dtype=points.dtype)
        buffer = np.empty(tile, dtype=points.dtype)
        none = buffer[:0]
        for start in range(0, count, tile):
            part = rows[start : start + tile]
            row = buffer[: part.shape[0]]
            for k in range(dim):
                for j in range(part.shape[0]):
                    columns[k, j] = part[j, k]
            for i in range(group * batch // groups, (group + 1) * batch // groups):
                x, mean = points[i], sums.mean[i]
                best = _tile_logits(x, columns, row.dtype.type(terms[i, HALF]), row)
                factor = _fold(row, best, x, part, none, first + start, terms[i], limits, i, sums)
                if factor < 0.0:
                    continue
                if factor != 1.0:
                    for k in range(dim):
                        mean[k] *= factor
                _tile_mean(row, columns, mean)
