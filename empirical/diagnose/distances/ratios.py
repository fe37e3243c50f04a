"""How much nearer the nearest training point is than anything else that is real.

For a point s, the ratio is |s − t₁| over the distance to the next *distinct* real point. It is
near 1 for whatever lies between the data or outside them (blurred, brightened, averaged, noisy
points), for seen and unseen points alike, and small for a copy alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.neighbours import Near, Space, pair_distances
from convergen.theory.common.checks import FloatArray
from convergen.theory.messages.progress import phase

# Distinct neighbours beyond the nearest point that are looked at.
_COMPANIONS = 8
# A real point t is another view of t₁ if |t − t₁| is below this share of |t − s|.
_SAME = 0.5
# Queries whose neighbours are looked at together.
_QUERIES = 1024


def distinct_distances(
    own: Near,
    other: Near | None,
    own_rows: NDArray[Any],
    other_rows: NDArray[Any] | None,
    space: Space,
) -> FloatArray:
    """Distances to the nearest point of a set, and to the next distinct real points.

    Parameters
    ----------
    own, other : Near
        Neighbours in the set, and in the other set of real points if there is one.
    own_rows, other_rows : ndarray
        Both sets.
    space : Space
        Where points are compared.

    Returns
    -------
    ndarray, shape (m, k)
        First that of the set, then the others in ascending order; infinite where there are fewer.
    """
    first = own.distances[:, :1]
    nearest = own.indices[:, 0]
    found = [_distinct((own_rows, nearest), _rest(own), own_rows, space)]
    if other is not None and other_rows is not None:
        found.append(_distinct((own_rows, nearest), other, other_rows, space))
    companions = np.sort(np.concatenate(found, axis=1), axis=1)[:, :_COMPANIONS]
    return np.concatenate([first, companions], axis=1)


def ratios(distances: FloatArray) -> FloatArray:
    """Distance to the nearest point of a set over that to the next distinct real point.

    Parameters
    ----------
    distances : ndarray, shape (m, k)
        From `distinct_distances`.

    Returns
    -------
    ndarray, shape (m,)
        0 for exact copies; above 1 where a point of the other set is nearer; 1 where there is no
        second point.
    """
    first, second = distances[:, 0], distances[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = first / second
    found[np.isinf(second)] = 1.0
    found[np.isnan(found)] = 1.0  # both 0: the point is no more like one than like the other
    return np.asarray(found)


def second_distances(near: Near, rows: NDArray[Any], space: Space) -> FloatArray:
    """Distance to the second distinct point of a set.

    Parameters
    ----------
    near : Near
        Neighbours in the set.
    rows : ndarray, shape (n, …)
        The set.
    space : Space
        Where points are compared.

    Returns
    -------
    ndarray, shape (m,)
        Infinite where there is none.
    """
    found = _distinct((rows, near.indices[:, 0]), _rest(near), rows, space)
    return np.asarray(found.min(axis=1, initial=np.inf))


def _rest(near: Near) -> Near:
    """All neighbours but the nearest."""
    return Near(near.indices[:, 1:], near.distances[:, 1:], near.cosines)


def _distinct(
    centres: tuple[NDArray[Any], NDArray[np.int64]], near: Near, rows: NDArray[Any], space: Space
) -> FloatArray:
    """Distances from queries to neighbours that are no other views of the centre of each.

    Centres are points of a set: it, and which.
    """
    points, which = centres
    apart = np.empty(near.indices.shape)
    with phase("distances between neighbours", len(which), "point") as done:
        for at in range(0, len(which), _QUERIES):
            part = slice(at, at + _QUERIES)
            # As a sample would be: |t₁ − t| over the forms of t.
            centre = space.still(np.asarray(points[which[part]]))
            apart[part] = pair_distances(centre, near.indices[part], rows, space)
            done(len(centre))
    # Equal points are one, however near a query lies.
    distinct = apart >= np.maximum(_SAME * near.distances, np.finfo(float).tiny)
    # Where all kept ones are views of one point, the last bounds what lies beyond.
    distinct[:, -1:] |= ~distinct.any(axis=1, keepdims=True)
    return np.where(distinct, near.distances, np.inf)
