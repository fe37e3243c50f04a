"""Points of a pilot that repeat others: every estimate takes them for independent ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.data.near_duplicates import DUPLICATE_LIMIT, near_duplicates
from convergen.theory.pilot.sample import PilotSample

# In fewer effective dimensions independent points come as close by chance.
_LEAST_DIMENSION = 8.0
# Points that are compared with each other, at most.
_MOST = 8192


def exact_repeats(data: ArrayLike) -> int:
    """Count points that repeat an earlier one exactly.

    Parameters
    ----------
    data : array_like, shape (N, …)
        The pilot.

    Returns
    -------
    int
    """
    array = np.asarray(data)
    return len(array) - len({hash(row.tobytes()) for row in array})


def near_repeats(sample: PilotSample) -> int:
    """Count points that nearly repeat another one, exact repetitions among them.

    Parameters
    ----------
    sample : PilotSample
        The pilot.

    Returns
    -------
    int
        Points less clusters of points whose |cosine| about the mean is at least 0.999, among at
        most 8192 points; 0 in fewer than eight effective dimensions, where chance makes such
        pairs.

    Notes
    -----
    Principal coordinates are known, so that the search multiplies blocks in 64 of them only.
    """
    values = sample.eigenvalues
    if values.sum() ** 2 < _LEAST_DIMENSION * np.sum(values**2):
        return 0
    rows = sample.left[:: -(-len(sample.left) // _MOST)] * np.sqrt(values)
    labels = near_duplicates(rows, DUPLICATE_LIMIT, principal=True)
    return len(rows) - len(np.unique(labels))
