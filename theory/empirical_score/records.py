"""What a pass keeps of each query, and the numbers that all queries share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# One query. Approximate logits are −|x − y|²/2σ² plus `lift`, with rounding errors; weights
# p = exp(l) are relative to the reference, the nearest training point so far, whose logit l is 0.
QUERY = np.dtype([
    ("half", np.float64),  # 1/2σ²
    ("lift", np.float64),  # |x|²/2σ² where the approximate logits lack −|x|²/2σ², else 0
    ("usual", np.float64),  # usual error of a logit, without its part in proportion to the logit
    ("worst", np.float64),  # the largest error, likewise
    ("top", np.float64),  # the logit of the reference plus `lift`, without error
    ("error", np.float64),  # usual error of logits near that of the reference
    ("total", np.float64),  # Σp
    ("squares", np.float64),  # Σp²
    ("weighted", np.float64),  # Σp·l
    ("doubt", np.float64),  # Σ(p·error)² of the logits that were taken as they are
    ("mended", np.int64),  # how many logits were computed again, from differences
])  # fmt: skip
# The largest error of a logit over its usual one.
WORST = 8.0


class Limits(NamedTuple):
    """Numbers that are common to all queries.

    Attributes
    ----------
    slope : float
        Error of a logit relative to the largest term that it is made of.
    tolerance : float
        Error of a logit that is good enough, whatever its weight.
    power, crowd : float
        Logits within power · log(error/tolerance) + crowd − log Σp of the largest are computed
        again. In double precision (1, log n): the others may all err alike. In single precision
        (2, log of the copies of a point): the errors of the others are independent, but for copies.
    reach : float
        A logit by this below the largest does not matter, even if it occurs n times.
    share : float
        No more than this share of the logits is computed again, beyond the first few.
    """

    slope: float
    tolerance: float
    power: float
    crowd: float
    reach: float
    share: float


class Sums(NamedTuple):
    """What a pass over the training points finds, one row a query.

    Attributes
    ----------
    query : ndarray of QUERY, shape (batch,)
        Constants and sums of each.
    mean : ndarray, shape (batch, dim)
        Σp·y.
    reference : ndarray, shape (batch, dim)
        The training point whose logit is 0.
    values : ndarray of float64, shape (batch, k)
        Logits of the k nearest training points, descending, in float64 from differences.
    indices : ndarray of int64, shape (batch, k)
        Their indices.
    """

    query: Array
    mean: Array
    reference: Array
    values: Array
    indices: Array


def read_only(rows: Array, dtype: np.dtype[Any]) -> Array:
    """Rows in the one layout that the kernels are compiled for: contiguous, and not to be written.

    Parameters
    ----------
    rows : ndarray, shape (count, dim)
        Points, copied only if they must be.
    dtype : dtype
        Precision.

    Returns
    -------
    ndarray, shape (count, dim)
    """
    view = np.ascontiguousarray(rows, dtype=dtype).view()
    view.flags.writeable = False
    return view
