"""A small linear program, without the import time of scipy.optimize.

The dual simplex method (Lemke 1954, doi:10.1002/nav.3800010107) on a dense table: a bound on a sum
of all variables gives it a start.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.compiled import kernel

# Numbers below these, of the bound or of the largest in a row, are rounding.
_FEASIBLE, _PIVOT = 1e-11, 1e-9
_MOST = 10_000


def least_cost(cost: FloatArray, matrix: FloatArray, limits: FloatArray) -> FloatArray | None:
    """Weights ≥ 0 of least cost under upper limits.

    Parameters
    ----------
    cost : ndarray, shape (n,)
        c of cᵀx.
    matrix : ndarray, shape (m, n)
        A of Ax ≤ b; its last row is positive, so that it bounds every weight.
    limits : ndarray, shape (m,)
        b; the last one positive.

    Returns
    -------
    ndarray, shape (n,), or None
        x; None where no weights are within the limits.

    Raises
    ------
    RuntimeError
        If rounding makes it run in a circle.
    """
    unit = limits[-1] / matrix[-1]  # x in units of its bound
    rows, count = matrix.shape
    table = np.zeros((rows + 1, count + 1))
    table[:-1, :-1], table[:-1, -1], table[-1, :-1] = matrix * unit, limits, cost * unit
    columns = np.hstack([table[:-1, :-1], np.eye(rows)])
    # Which of the columns are of zeros, and which of numbers that the rows determine.
    zero, used = np.arange(count), np.arange(count, count + rows)
    lowest = int(table[-1, :-1].argmin())
    done = _solve(table, zero, used, lowest if cost[lowest] < 0.0 else -1)
    if done < 0:
        raise RuntimeError(f"no end after {_MOST} steps")
    if not done:
        return None
    found = np.zeros(count + rows)
    # Once more from what was given: steps have rounded.
    found[used] = np.linalg.solve(columns[:, used], limits)
    return np.asarray(np.maximum(found[:count], 0.0) * unit)


@kernel(arrays=False)
def _exchange(table, zero, used, row, column):  # type: ignore[no-untyped-def]
    """Let a number of a column be other than zero, in place of that of a row."""
    pivot = table[row, column]
    for j in range(table.shape[1]):
        table[row, j] /= pivot
    for i in range(table.shape[0]):
        factor = table[i, column]
        if i != row and factor != 0.0:
            for j in range(table.shape[1]):
                table[i, j] -= factor * table[row, j]
            table[i, column] = -factor / pivot
    table[row, column] = 1.0 / pivot
    used[row], zero[column] = zero[column], used[row]


@kernel(arrays=False)
def _solve(table, zero, used, lowest):  # type: ignore[no-untyped-def]
    """Exchange until no limit is passed: 1; 0 where one must be, −1 without an end.

    Costs below zero are met first by as much of the lowest one as the bound allows.
    """
    rows, count = table.shape[0] - 1, table.shape[1] - 1
    if lowest >= 0:
        _exchange(table, zero, used, rows - 1, lowest)
    for _ in range(_MOST):
        row = 0
        for i in range(rows):
            if table[i, count] < table[row, count]:
                row = i
        if table[row, count] >= -_FEASIBLE:
            return 1
        largest = 0.0
        for j in range(count):
            largest = max(largest, abs(table[row, j]))
        column, least = -1, np.inf
        for j in range(count):
            if table[row, j] < -_PIVOT * largest:
                ratio = max(table[rows, j], 0.0) / -table[row, j]
                if ratio < least:
                    column, least = j, ratio
        if column < 0:
            return 0
        _exchange(table, zero, used, row, column)
    return -1
