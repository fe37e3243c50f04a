"""How much nearer the nearest training point is than anything else that is real.

For a point s, the ratio is |s − t₁| over the distance to the next *distinct* real point. It is
near 1 for whatever lies between the data or outside them (blurred, brightened, averaged, noisy
points), for seen and unseen points alike, and small for a copy alone. What chance gives is read
from real points, each held against the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.neighbours import Near, Space, pair_distances
from convergen.theory.common.checks import FloatArray

# A real point t is another view of t₁ if |t − t₁| is below this share of |t − s|.
_SAME = 0.5
# The lowest tenth of the ratios of real points, at least so many, shows how chance falls off.
_TAIL, _LEAST = 0.1, 10
# A real point is a repeat of another if its ratio is below this, and as improbable.
_REPEAT_RATIO, _REPEAT = 1.0 / 3.0, 0.05
# Standard errors of its decay by which the tail is taken to be heavier.
_DOUBT = 1.5
# No chance is taken for less.
_FLOOR = 1e-9


def ratios(
    queries: FloatArray,
    own: Near,
    other: Near | None,
    own_rows: NDArray[Any],
    other_rows: NDArray[Any] | None,
    space: Space,
) -> FloatArray:
    """Distance to the nearest point of a set over that to the next distinct real point.

    Parameters
    ----------
    queries : ndarray, shape (m, d′)
        From `Space.still`.
    own, other : Near
        Neighbours in the set, and in the other set of real points if there is one.
    own_rows, other_rows : ndarray
        Both sets.
    space : Space
        Where points are compared.

    Returns
    -------
    ndarray, shape (m,)
        0 for exact copies; above 1 where a point of the other set is nearer; 1 where there is no
        second point.
    """
    first = own.distances[:, 0]
    second = second_distances(own, own_rows, space)
    if other is not None and other_rows is not None:
        centre = space.still(np.asarray(own_rows[own.indices[:, 0]]))
        second = np.minimum(second, _first_distinct(centre, other, other_rows, space))
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
    # The nearest point as a sample would be: |t₁ − t| over the forms of t.
    centre = space.still(np.asarray(rows[near.indices[:, 0]]))
    rest = Near(near.indices[:, 1:], near.distances[:, 1:], near.cosines)
    return _first_distinct(centre, rest, rows, space)


def _first_distinct(centre: FloatArray, near: Near, rows: NDArray[Any], space: Space) -> FloatArray:
    """Distance from the query to its first neighbour that is no other view of the centre."""
    apart = pair_distances(centre, near.indices, rows, space)
    with np.errstate(invalid="ignore"):
        distinct = (apart >= _SAME * near.distances) & (apart > 0.0)
    distances = np.where(distinct, near.distances, np.inf)
    found = distances.min(axis=1)
    # All kept ones are views of one point: the last bounds what lies beyond.
    last = np.where(np.isfinite(near.distances), near.distances, 0.0).max(axis=1, initial=0.0)
    full = near.indices[:, -1] >= 0 if near.indices.shape[1] else np.zeros(len(found), bool)
    return np.where(np.isinf(found) & full, last, found)


@dataclass(frozen=True, eq=False)
class Chance:
    """How small ratios become by chance, from real points.

    Attributes
    ----------
    ratios : ndarray, shape (N,)
        Of real points that are no repeats, sorted.
    repeats : float
        Share of unseen points that repeat a training point, as this law makes them.
    start, decay : float
        The tail: below ratio `start` the probability falls like the ratio to the power 1/`decay`.
    """

    ratios: FloatArray
    repeats: float
    start: float
    decay: float

    @classmethod
    def of(cls, found: FloatArray, repeats: float = 0.0) -> Chance:
        """Fit the tail to ratios of real points.

        Parameters
        ----------
        found : ndarray, shape (N,)
            Ratios of real points.
        repeats : float
            Share of repeats that belongs to the law.

        Returns
        -------
        Chance
        """
        values = np.sort(np.maximum(found, _FLOOR))
        start, decay = _tail(values)
        share = max(_TAIL, min(1.0, _LEAST / values.size))
        # Twice: repeats would make the tail look heavy.
        for _ in range(2):
            expected = values.size * share * (values / start) ** (1.0 / decay)
            kept = values[(expected > _REPEAT) | (values > _REPEAT_RATIO)]
            if kept.size == values.size:
                break
            values = kept
            start, decay = _tail(values)
        return cls(values, repeats, start, decay)

    def probability(self, found: FloatArray) -> FloatArray:
        """Chance that an unseen point of the law has a ratio as small.

        Parameters
        ----------
        found : ndarray, shape (m,)
            Ratios of any points.

        Returns
        -------
        ndarray, shape (m,)
        """
        count = self.ratios.size
        body = (np.searchsorted(self.ratios, found, side="right") + 1.0) / (count + 1.0)
        share = (np.searchsorted(self.ratios, self.start, side="right") + 1.0) / (count + 1.0)
        part = np.clip(found / self.start, 0.0, 1.0)
        # What no real point happened to show may still be as frequent as half a point.
        tail = share * part ** (1.0 / self.decay) + 0.5 * part / (count + 1.0)
        chance = np.where(found < self.start, tail, body)
        return np.clip(self.repeats + (1.0 - self.repeats) * chance, _FLOOR, 1.0)


def _tail(values: FloatArray) -> tuple[float, float]:
    """Where the tail starts, and its mean decay, at the upper end of what the points allow."""
    count = int(np.clip(round(_TAIL * values.size), min(_LEAST, values.size), values.size))
    start = min(float(values[count - 1]), 1.0)
    logs = np.log(start / np.minimum(values[:count], start))
    # Half of an exponential law lies beyond ln 2 means; the median does not feel repeats.
    mean = min(float(logs.mean()), float(np.median(logs)) / np.log(2.0) * 1.5)
    return start, max(mean * (1.0 + _DOUBT / np.sqrt(count)), 0.01)
