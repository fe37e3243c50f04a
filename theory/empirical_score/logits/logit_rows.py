"""Vector loops over a row of logits: its largest, its size, its weights."""

from __future__ import annotations

from convergen.theory.common.compiled import kernel
from convergen.theory.empirical_score.logits.vector_exp import exp_nonpositive, larger

# Sums may be reordered for vector units. There is no NaN, or the input check would have found it.
REORDER = {"reassoc", "contract", "nnan", "nsz"}
# Logits that are looked at together, and whose weights are added in the precision of the row: many
# equal weights are all rounded alike when added to a large sum.
LANES, SHORT = 64, 256


@kernel(fastmath=REORDER)
def largest(row):  # type: ignore[no-untyped-def]
    """The largest number of a row."""
    best = row[0]
    for j in range(row.size):
        best = larger(row[j], best)
    return best


@kernel()
def scale(row, factor):  # type: ignore[no-untyped-def]
    """Multiply a row by a factor, in place."""
    for k in range(row.size):
        row[k] *= factor


@kernel(fastmath={"contract"})
def add_to(row, factor, other):  # type: ignore[no-untyped-def]
    """Add a multiple of another row, in place."""
    for k in range(row.size):
        row[k] += factor * other[k]


@kernel()
def copy(row, target):  # type: ignore[no-untyped-def]
    """Copy a row; an assignment of rows would compile its error messages, for seconds."""
    for k in range(row.size):
        target[k] = row[k]


@kernel(fastmath=REORDER)
def _count(row, limit):  # type: ignore[no-untyped-def]
    """How many logits reach the limit."""
    total = 0
    for j in range(row.size):
        total += row[j] >= limit
    return total


@kernel(inline="always")
def are_few(row, limit):  # type: ignore[no-untyped-def]
    """Whether no more than one in 32 logits reaches the limit."""
    total = 0
    for start in range(0, row.size, SHORT):
        total += _count(row[start : start + SHORT], limit)
        if 32 * total > row.size:
            return False
    return True


@kernel(fastmath=REORDER)
def weigh(row, top, shift):  # type: ignore[no-untyped-def]
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
