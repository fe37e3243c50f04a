"""Whether samples lie nearer to the training set than to unseen points, though none is a copy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.evidence.shares import share_of
from convergen.empirical.measure.intervals import Estimate

# Standard deviations by which samples lean to the training set, and least share of it.
_LEANING, _LEAST_LEANING = 3.5, 0.05


@dataclass(frozen=True, eq=False)
class Leaning:
    """Whether samples lie nearer to the training set than to unseen points.

    Attributes
    ----------
    share : Estimate
        Of samples whose nearest real point is a training point, weighted so that ½ is chance.
    score : float
        Standard deviations from chance, samples with one nearest point counted together.
    significant : bool
        Whether they do.
    """

    share: Estimate
    score: float
    significant: bool

    def beyond(self, other: Leaning) -> bool:
        """Whether these lean surely more than others.

        Parameters
        ----------
        other : Leaning
            Of independent points.

        Returns
        -------
        bool
        """
        error = np.hypot(self.share.stderr, other.share.stderr)
        return bool(self.share.value - other.share.value > _LEANING * error)


def leaning(near: Near, other: Near, sizes: tuple[int, int]) -> Leaning:
    """Compare distances to the training set with those to an unseen one.

    Parameters
    ----------
    near, other : Near
        Neighbours of the samples in the training set and in the reference.
    sizes : tuple of int
        Distinct points in both.

    Returns
    -------
    Leaning

    Notes
    -----
    For a model that saw neither, the nearest of all real points is a training point with
    probability n/(n + r), whatever the samples are. The labels of points that are nearest to
    several samples are drawn once, so the variance is that of Σ_j c_j over points j.
    """
    n, r = sizes
    first, second = near.distances[:, 0], other.distances[:, 0]
    part = n / (n + r)
    nearer = (first < second) + part * (first == second)
    point = np.where(first <= second, near.indices[:, 0], ~other.indices[:, 0])
    counts = np.unique(point, return_counts=True)[1]
    effective = len(point) ** 2 / float(np.sum(counts.astype(float) ** 2))
    raw = float(nearer.mean())
    score = (raw - part) / np.sqrt(part * (1.0 - part) / effective)
    ends = share_of(round(raw * effective), round(effective))
    value, low, high = (_at_half(each, part) for each in (raw, ends.low, ends.high))
    estimate = Estimate(value, min(low, value), max(high, value), 0.5 / np.sqrt(effective))
    significant = score > _LEANING and value > 0.5 + _LEAST_LEANING
    return Leaning(estimate, float(score), bool(significant))


def _at_half(share: float, part: float) -> float:
    """What a share would be between two sets of equal size."""
    odds = share * (1.0 - part)
    return odds / (odds + (1.0 - share) * part)
