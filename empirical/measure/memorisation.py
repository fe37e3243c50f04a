"""How much generated points repeat training points, beside what chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.measure.intervals import Estimate, average, bootstrap, wilson
from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.common.row_blocks import as_float_rows, row_blocks

# A |cosine| from which a point looks like a copy to the eye.
COPY = 0.95
# Share of points that may exceed the threshold by chance.
CHANCE = 0.01
# Points nearer than this are the same point twice, but for rounding.
_SAME = 1.0 - 1e-9
# Products of one block of training points with all generated ones.
_VALUES = 2**24


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The training points nearest in direction.

    Attributes
    ----------
    indices : ndarray of int64, shape (draws, k)
        Rows of the training set, nearest first.
    cosines : ndarray of float64, shape (draws, k)
        |cosine| with each.
    """

    indices: NDArray[np.int64]
    cosines: FloatArray


@dataclass(frozen=True, eq=False)
class Memorisation:
    """Memorisation of one model, its baseline and its copies.

    Attributes
    ----------
    m : Estimate
        Mean of the largest |cosine| with a training point.
    baseline : Estimate
        The same with a fresh data set; m means nothing without it, since it rises with n too.
    excess : Estimate
        (m − baseline)/(1 − baseline): 0 for chance, 1 for copies.
    fraction : Estimate
        Share of points whose nearest training point is nearer than `threshold` (Wilson).
    chance : Estimate
        The same share against the fresh data set.
    threshold : float
        The |cosine| that counts as a copy.
    own : Neighbours
        Nearest training points.
    fresh : ndarray, shape (draws,)
        Largest |cosine| with a fresh point.
    """

    m: Estimate
    baseline: Estimate
    excess: Estimate
    fraction: Estimate
    chance: Estimate
    threshold: float
    own: Neighbours
    fresh: FloatArray

    @property
    def verdict(self) -> str:
        """``memorising``, ``partly memorising`` or ``not memorising``.

        Memorising: more than half of the points are copies, the interval's lower end included.
        Partly: significantly more copies than by chance, or an excess significantly above 0.05.
        """
        if self.fraction.low > max(0.5, self.chance.high):
            return "memorising"
        if self.fraction.low > self.chance.high or self.excess.low > 0.05:
            return "partly memorising"
        return "not memorising"


def nearest_training_points(points: NDArray[Any], training: NDArray[Any], k: int = 1) -> Neighbours:
    """Training points of largest |cosine|, block by block.

    Parameters
    ----------
    points : ndarray, shape (draws, …)
        Generated points.
    training : ndarray or memmap, shape (n, …)
        Training points, perhaps larger than memory.
    k : int
        How many for each; at most n.

    Returns
    -------
    Neighbours

    Raises
    ------
    InputError
        If dimensions differ, or there are fewer training points than `k`.
    """
    count = as_count(k, "k")
    x = _directions(points)
    dim = x.shape[1]
    if int(np.prod(training.shape[1:])) != dim:
        raise InputError(
            f"training points have shape {training.shape[1:]}, but generated points have "
            f"{points.shape[1:]}: give points of one shape."
        )
    if len(training) < count:
        raise InputError(
            f"{count} nearest points were asked for, but there are {len(training)}: ask for fewer."
        )
    cosines = np.full((len(x), count), -np.inf)
    indices = np.zeros((len(x), count), dtype=np.int64)
    start = 0
    for large in row_blocks(training):
        step = max(1, _VALUES // len(x))
        for at in range(0, len(large), step):
            block = _directions(large[at : at + step])
            found = np.abs(x @ block.T)
            both = np.concatenate([cosines, found], axis=1)
            place = np.broadcast_to(np.arange(start, start + len(block)), found.shape)
            rows = np.concatenate([indices, place], axis=1)
            # A stable sort: of equal neighbours the first one in the data wins.
            order = np.argsort(-both, axis=1, kind="stable")[:, :count]
            cosines = np.take_along_axis(both, order, axis=1)
            indices = np.take_along_axis(rows, order, axis=1)
            start += len(block)
    return Neighbours(indices, np.minimum(cosines, 1.0))


def memorisation(
    points: NDArray[Any],
    training: NDArray[Any],
    fresh: NDArray[Any],
    rng: np.random.Generator,
    *,
    threshold: float | None = None,
    neighbours: int = 1,
) -> Memorisation:
    """Compare generated points with the training set and with a fresh data set.

    Parameters
    ----------
    points : ndarray, shape (draws, …)
        Generated points.
    training : ndarray, shape (n, …)
        What the model was trained on.
    fresh : ndarray, shape (n, …)
        As many points of the same law that it has not seen.
    rng : numpy.random.Generator
        For the bootstrap over draws.
    threshold : float, optional
        |cosine| that counts as a copy. Default: 0.95, or what 99 % of the points stay below
        against the fresh set, if that is more; in few effective dimensions any point is near.
    neighbours : int
        Nearest training points that are kept for each.

    Returns
    -------
    Memorisation
    """
    own = nearest_training_points(points, training, neighbours)
    other = nearest_training_points(points, fresh).cosines.ravel()
    pair = np.stack([own.cosines[:, 0], other], axis=1)
    return _judged(own, other, bootstrap(pair, _excess, rng), threshold)


def _judged(
    own: Neighbours,
    other: FloatArray,
    excess: Estimate,
    threshold: float | None,
) -> Memorisation:
    largest = own.cosines[:, 0]
    limit = _limit(other) if threshold is None else threshold
    return Memorisation(
        m=average(largest),
        baseline=average(other),
        excess=excess,
        fraction=wilson(int(np.sum(largest > limit)), len(largest)),
        chance=wilson(int(np.sum(other > limit)), len(other)),
        threshold=float(limit),
        own=own,
        fresh=other,
    )


def _limit(other: FloatArray) -> float:
    """|cosine| that is rare among true points that are no duplicates of each other."""
    apart = other[other < _SAME]
    if not apart.size:
        return COPY
    return max(COPY, float(np.quantile(apart, 1.0 - CHANCE)))


def _excess(means: FloatArray) -> FloatArray:
    gap = np.maximum(1.0 - means[..., 1], np.finfo(np.float64).tiny)
    return np.asarray((means[..., 0] - means[..., 1]) / gap)


def _directions(points: NDArray[Any]) -> FloatArray:
    """Rows of unit length; a zero row stays zero."""
    rows = as_float_rows(points, int(np.prod(points.shape[1:])))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths.astype(bool))
