"""Which rows of the data the two sides of a split take, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.theory.common.checks import InputError

Rows = NDArray[np.int64]

# Part of the groups that is kept for testing; without groups, whatever no side needs.
_RESERVED = 0.125


def row_orders(data: DataSet, rng: np.random.Generator) -> tuple[Rows, Rows, Rows]:
    """Order in which side a, side b and the test set take their rows.

    Parameters
    ----------
    data : DataSet
        What is divided.
    rng : numpy.random.Generator
        Source of the permutations.

    Returns
    -------
    front, back, reserve : ndarray of int64
        Without groups one permutation, its reverse, and itself again; with groups three disjoint
        sets of whole groups, each in random order.

    Raises
    ------
    InputError
        If there are fewer than three groups.
    """
    if data.groups is None:
        order = rng.permutation(len(data))
        return order, order[::-1], order
    names, group, sizes = np.unique(data.groups, return_inverse=True, return_counts=True)
    if len(names) < 3:
        raise InputError(
            f"{data.name} has {len(names)} group(s) of points that must stay together, but two "
            "sides and a test set need 3: give data with more groups."
        )
    order = rng.permutation(len(names))
    # Where the middle of each group lies among all rows, in [0, 1].
    place = (np.cumsum(sizes[order]) - 0.5 * sizes[order]) / len(data)
    part = np.digitize(place, [0.5 - 0.5 * _RESERVED, 0.5 + 0.5 * _RESERVED])
    side = np.empty(len(names), dtype=np.int64)
    side[order] = part
    rows = rng.permutation(len(data))
    front, reserve, back = (rows[side[group[rows]] == k] for k in range(3))
    return front, back, reserve


def take_in_turns(front: Rows, back: Rows, clusters: Rows, most: int) -> tuple[Rows, Rows, Rows]:
    """Let the sides take rows, one by one, passing over those of the other side's clusters.

    Parameters
    ----------
    front, back : ndarray of int64
        Rows in the order in which side a and side b want them.
    clusters : ndarray of int64, shape (N,)
        Label of each row; the side that takes the first row of a label owns it.
    most : int
        How many rows each side takes, if there are that many for both.

    Returns
    -------
    a, b : ndarray of int64
        As many for one side as for the other; each order is a prefix of that for a larger `most`.
    owner : ndarray of int64
        For each label 0 (nobody's), 1 (of a) or 2 (of b).
    """
    owner = np.zeros(int(clusters.max()) + 1, dtype=np.int64)
    queue_a, queue_b = iter(front), iter(back)
    a: list[int] = []
    b: list[int] = []
    for _ in range(most):
        first = _next(queue_a, clusters, owner, 1)
        second = _next(queue_b, clusters, owner, 2)
        if first is None or second is None:
            break
        a.append(first)
        b.append(second)
    return np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), owner


def _next(queue: Iterator[Any], clusters: Rows, owner: Rows, side: int) -> int | None:
    """Next row whose cluster is free or of this side, which owns it from then on."""
    for row in queue:
        if owner[clusters[row]] in (0, side):
            owner[clusters[row]] = side
            return int(row)
    return None
