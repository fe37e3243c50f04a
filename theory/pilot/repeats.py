"""Points of a pilot that repeat others: every estimate takes them for independent ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.row_blocks import row_blocks
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
    # Rows that are the same have the same sum: only such rows are compared.
    sums = np.concatenate([_sums(block) for block in row_blocks(array)])
    _, group, counts = np.unique(sums, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(counts[group] > 1)
    return len(shared) - len({hash(array[i].tobytes()) for i in shared})


def _sums(block: NDArray[Any]) -> NDArray[np.uint64]:
    """Sums of the bytes of rows, taken for integers as long as they are."""
    rows = np.ascontiguousarray(block).reshape(len(block), -1).view(np.uint8)
    width = next(size for size in (8, 4, 2, 1) if rows.shape[1] % size == 0)
    return np.asarray(rows.view(f"u{width}").sum(axis=1, dtype=np.uint64))


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
