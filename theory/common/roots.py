"""A root inside a bracket, without the import time of scipy.optimize.

Brent (1973), Algorithms for minimization without derivatives, chapter 4. It takes the steps of
`scipy.optimize.brentq`, to the last bit; that one costs a tenth of a short prediction to import.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def bracketed_root(
    function: Callable[[float], float],
    low: float,
    high: float,
    *,
    xtol: float,
    rtol: float,
    maxiter: int = 100,
) -> float:
    """Root of a continuous function that changes sign between two points.

    Parameters
    ----------
    function : callable
        Of one number.
    low, high : float
        Ends of the bracket.
    xtol, rtol : float
        Absolute and relative tolerance.
    maxiter : int
        Steps at most.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the function has the same sign at both ends.
    RuntimeError
        If the tolerance is not reached.
    """
    last, best = float(low), float(high)
    at_last, at_best = float(function(last)), float(function(best))
    if at_last == 0.0:
        return last
    if at_best == 0.0:
        return best
    if (at_last < 0.0) == (at_best < 0.0):
        raise ValueError(f"the function has the same sign at {low:g} and {high:g}")
    other, at_other = last, at_last
    before = step = best - last
    for _ in range(maxiter):
        if abs(at_other) < abs(at_best):
            last, best, other = best, other, best
            at_last, at_best, at_other = at_best, at_other, at_best
        tolerance = (xtol + rtol * abs(best)) / 2.0
        half = (other - best) / 2.0
        if at_best == 0.0 or abs(half) < tolerance:
            return best
        wanted = math.nan
        if abs(before) > tolerance and abs(at_best) < abs(at_last):
            if last == other:
                wanted = -at_best * (best - last) / (at_best - at_last)
            else:
                # Inverse quadratic interpolation through the last three points.
                first = (at_last - at_best) / (last - best)
                second = (at_other - at_best) / (other - best)
                scale = second * first * (at_other - at_last)
                if scale != 0.0:
                    wanted = -at_best * (at_other * second - at_last * first) / scale
        if 2.0 * abs(wanted) < min(abs(before), 3.0 * abs(half) - tolerance):
            before, step = step, wanted
        else:
            before = step = half
        last, at_last = best, at_best
        best += step if abs(step) > tolerance else math.copysign(tolerance, half)
        at_best = float(function(best))
        if (at_last < 0.0) != (at_best < 0.0):
            other, at_other = last, at_last
            before = step = best - last
    raise RuntimeError(f"no root after {maxiter} steps: the last point is {best:g}")
