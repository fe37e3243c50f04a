"""Compiled parts of the empirical score: an online softmax over blocks of training points.

Per query the state is (top, Σp, Σp², Σp·l) with p = exp(l), l = logit − top, and the best few
candidates by logit. When a block raises the top, the sums are rescaled.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from theory.vector_exp import exp_nonpositive

# Columns of the state array.
TOP, SUM, SQUARES, WEIGHTED = 0, 1, 2, 3
_TILE = 512
_LANES = 64
_MATH = {"contract"}
_REORDER = {"reassoc", "contract"}


@njit(cache=True, error_model="numpy")
def insert(values, indices, value, index):  # type: ignore[no-untyped-def]
    """Keep `values` descending; among equals the earlier index comes first."""
    k = values.size - 1
    while k > 0 and values[k - 1] < value:
        values[k], indices[k] = values[k - 1], indices[k - 1]
        k -= 1
    values[k], indices[k] = value, index


@njit(cache=True, error_model="numpy")
def raise_top(state, top):  # type: ignore[no-untyped-def]
    """Refer the sums to a higher top; returns the factor for the accumulated mean."""
    if top <= state[TOP]:
        return 1.0
    factor = 0.0
    if state[SUM] > 0.0:
        shift = state[TOP] - top
        factor = np.exp(shift)
        if factor > 0.0:
            state[WEIGHTED] = factor * (state[WEIGHTED] + shift * state[SUM])
    if factor == 0.0:
        state[WEIGHTED] = 0.0
    state[SUM] *= factor
    state[SQUARES] *= factor * factor
    state[TOP] = top
    return factor


@njit(cache=True, error_model="numpy")
def _largest(row):  # type: ignore[no-untyped-def]
    """Maximum by lanes: a running maximum of one number would not become vector code."""
    lanes = np.full(_LANES, row[0])
    whole = row.size - row.size % _LANES
    for start in range(0, whole, _LANES):
        part = row[start : start + _LANES]
        for j in range(_LANES):
            lanes[j] = part[j] if part[j] > lanes[j] else lanes[j]
    best = row[0]
    for j in range(_LANES):
        best = lanes[j] if lanes[j] > best else best
    for j in range(whole, row.size):
        best = row[j] if row[j] > best else best
    return best


@njit(cache=True, error_model="numpy", fastmath=_REORDER)
def _sums(weights, logits):  # type: ignore[no-untyped-def]
    zero = weights[0] - weights[0]
    first, second, mixed = zero, zero, zero
    for j in range(weights.size):
        first += weights[j]
        second += weights[j] * weights[j]
        mixed += weights[j] * logits[j]
    return first, second, mixed


@njit(cache=True, error_model="numpy", fastmath=_MATH)
def _exponentiate(row, top, logits):  # type: ignore[no-untyped-def]
    """Overwrite logits of one tile by weights; returns their sums.

    Logits far below the top count as −1e30, so that 0·(−∞) cannot arise.
    """
    low = logits.dtype.type(-1e30)
    for j in range(row.size):
        logit = row[j] - top
        logits[j] = logit if logit > low else low
        row[j] = exp_nonpositive(logits[j])
    return _sums(row, logits[: row.size])


@njit(cache=True, error_model="numpy")
def _absorb(row, first, negligible, state, values, indices):  # type: ignore[no-untyped-def]
    """Fold one row of logits into the state, leaving weights.

    Returns the factor by which the mean so far is to be rescaled, or −1 if every weight of the
    row is below exp(−negligible) and was left out.
    """
    best = _largest(row)
    if best > values[-1]:
        for j in range(row.size):
            if row[j] > values[-1]:
                insert(values, indices, row[j], first + j)
    if best < state[TOP] - negligible:
        row[:] = 0
        return -1.0
    factor = raise_top(state, best)
    top = row.dtype.type(state[TOP])
    logits = np.empty(min(row.size, _TILE), dtype=row.dtype)
    for start in range(0, row.size, _TILE):
        first_sum, second, mixed = _exponentiate(row[start : start + _TILE], top, logits)
        state[SUM] += first_sum
        state[SQUARES] += second
        state[WEIGHTED] += mixed
    return factor


@njit(cache=True, parallel=True, error_model="numpy", fastmath=_MATH)
def weigh_products(  # type: ignore[no-untyped-def]
    products, norms, inverse, first, negligible, state, values, indices, factors
):
    """From inner products x·y of one block to weights, in place.

    The logit is (x·y − |y|²/2)/σ², i.e. −|x − y|²/2σ² without the part common to all y.
    """
    for i in prange(products.shape[0]):
        row, scale = products[i], inverse[i]
        for j in range(row.size):
            row[j] = (row[j] - norms[j]) * scale
        factors[i] = _absorb(row, first, negligible, state[i], values[i], indices[i])


@njit(cache=True, error_model="numpy", fastmath=_REORDER)
def _tile_logits(x, block, start, scale, row):  # type: ignore[no-untyped-def]
    """−|x − y|²/2σ² for a tile of the block: differences first, no cancellation.

    Four coordinates at a time: the row is read and written a quarter as often. Only a slice of
    a single row of the block is known to be contiguous, and so becomes vector code.
    """
    stop = start + row.size
    row[:] = 0
    whole = x.size - x.size % 4
    for k in range(0, whole, 4):
        p, q = block[k][start:stop], block[k + 1][start:stop]
        r, s = block[k + 2][start:stop], block[k + 3][start:stop]
        x0, x1, x2, x3 = x[k], x[k + 1], x[k + 2], x[k + 3]
        for j in range(row.size):
            a, b, c, d = p[j] - x0, q[j] - x1, r[j] - x2, s[j] - x3
            row[j] += (a * a + b * b) + (c * c + d * d)
    for k in range(whole, x.size):
        column, centre = block[k][start:stop], x[k]
        for j in range(row.size):
            difference = column[j] - centre
            row[j] += difference * difference
    for j in range(row.size):
        row[j] *= -scale


@njit(cache=True, error_model="numpy", fastmath=_REORDER)
def _tile_mean(weights, block, start, mean):  # type: ignore[no-untyped-def]
    """Add Σ w y of a tile, four coordinates at a time."""
    stop = start + weights.size
    whole = mean.size - mean.size % 4
    zero = weights[0] - weights[0]
    for k in range(0, whole, 4):
        p, q = block[k][start:stop], block[k + 1][start:stop]
        r, s = block[k + 2][start:stop], block[k + 3][start:stop]
        a, b, c, d = zero, zero, zero, zero
        for j in range(weights.size):
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
        column, total = block[k][start:stop], zero
        for j in range(weights.size):
            total += weights[j] * column[j]
        mean[k] += total


@njit(cache=True, parallel=True, error_model="numpy", fastmath=_MATH)
def absorb_block(  # type: ignore[no-untyped-def]
    points, block, half_inverse, first, negligible, state, values, indices, mean
):
    """Fold a block (dim, count) of training points into the posterior means, by differences."""
    for i in prange(points.shape[0]):
        x = points[i]
        row = np.empty(min(_TILE, block.shape[1]), dtype=block.dtype)
        for start in range(0, block.shape[1], _TILE):
            weights = row[: min(_TILE, block.shape[1] - start)]
            _tile_logits(x, block, start, half_inverse[i], weights)
            factor = _absorb(weights, first + start, negligible, state[i], values[i], indices[i])
            if factor < 0.0:
                continue
            if factor != 1.0:
                for k in range(x.size):
                    mean[i, k] *= factor
            _tile_mean(weights, block, start, mean[i])
