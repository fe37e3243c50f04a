"""A small linear program, without the import time of scipy.optimize.

The dual simplex method (Lemke 1954, doi:10.1002/nav.3800010107) on a dense table: a bound on a sum
of all variables gives it a start, and for a few dozen rows it takes as long as HiGHS does.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray

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
    table = np.empty((rows + 1, count + 1))
    table[:-1, :-1], table[:-1, -1] = matrix * unit, limits
    table[-1, :-1], table[-1, -1] = cost * unit, 0.0
    start = np.hstack([table[:-1, :-1], np.eye(rows)])
    # Numbers of the columns of `start`: those that are zero, and those that are not.
    zero, used = np.arange(count), np.arange(count, count + rows)

    def exchange(row: int, column: int) -> None:
        pivot = table[row, column]
        across, down = table[row] / pivot, table[:, column].copy()
        np.subtract(table, np.multiply.outer(down, across), out=table)
        table[row], table[:, column], table[row, column] = across, -down / pivot, 1.0 / pivot
        used[row], zero[column] = zero[column], used[row]

    if table[-1, :-1].min() < 0.0:
        exchange(rows - 1, int(table[-1, :-1].argmin()))
    for _ in range(_MOST):
        row = int(table[:-1, -1].argmin())
        if table[row, -1] >= -_FEASIBLE:
            found = np.zeros(count + rows)
            # Once more from what was given: steps have rounded.
            found[used] = np.linalg.solve(start[:, used], limits)
            return np.asarray(np.maximum(found[:count], 0.0) * unit)
        across = table[row, :-1]
        able = np.flatnonzero(across < -_PIVOT * np.abs(across).max())
        if not able.size:
            return None
        ratio = np.maximum(table[-1, able], 0.0) / -across[able]
        exchange(row, int(able[ratio.argmin()]))
    raise RuntimeError(f"no end after {_MOST} steps")
