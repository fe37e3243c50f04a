"""Which samples are copies, and whether there are more of them than chance makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.distances.ratios import Chance
from convergen.empirical.measure.intervals import LEVEL, Estimate
from convergen.theory.common.checks import FloatArray

# Chances below which a sample may be called a copy; the one that shows most is taken.
_LADDER = (0.2, 0.1, 0.03, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-7)
# Chance that innocent samples show as many, and that unseen points are copied as often.
_SIGNIFICANT, _CONTROL = 5e-3 / len(_LADDER), 0.01
# Without unseen points the same must be beyond doubt.
_SIGNIFICANT_ALONE = 1e-5
# Standard deviations by which samples lean to the training set, and least share of it.
_LEANING, _LEAST_LEANING = 3.5, 0.05


def share_of(count: int, total: int) -> Estimate:
    """A share and its exact (Clopper–Pearson) interval.

    Parameters
    ----------
    count, total : int
        Hits and tries.

    Returns
    -------
    Estimate
        Inside [0, 1].
    """
    value, tail = count / total, 0.5 * (1.0 - LEVEL)
    low = float(betaincinv(count, total - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, total - count, 1.0 - tail)) if count < total else 1.0
    return Estimate(value, low, high, float(np.sqrt(value * (1.0 - value) / total)))


def at_least(count: int, total: int, rate: float) -> float:
    """Chance of so many hits or more.

    Parameters
    ----------
    count, total : int
        Hits and tries.
    rate : float
        Chance of each.

    Returns
    -------
    float
    """
    return float(betainc(count, total - count + 1, rate)) if count else 1.0


@dataclass(frozen=True, eq=False)
class Copies:
    """Suspected copies.

    Attributes
    ----------
    ratios : ndarray, shape (m,)
        Distance to the nearest training point over that to the next distinct real point.
    chance : ndarray, shape (m,)
        Probability that an unseen point has a ratio as small.
    cut : float
        The chance below which a sample is suspected.
    suspected : ndarray of int64
        Rows of the samples, the surest first.
    share : Estimate
        Of copies among the samples, what chance gives taken off.
    evidence : float
        Probability that innocent samples show as many suspects.
    control : float or None
        Probability that training and unseen points are copied alike; None without a reference.
    significant : bool
        Whether there are copies.
    """

    ratios: FloatArray
    chance: FloatArray
    cut: float
    suspected: NDArray[np.int64]
    share: Estimate
    evidence: float
    control: float | None
    significant: bool

    @property
    def visible(self) -> float:
        """Smallest share of copies that shows with 95 % probability among as many samples."""
        return float(1.0 - 0.05 ** (1.0 / len(self.ratios)))


def find_copies(
    found: FloatArray,
    near: Near,
    chance: Chance,
    control: tuple[FloatArray, Near, float] | None = None,
) -> Copies:
    """Count samples whose ratio chance does not give.

    Parameters
    ----------
    found : ndarray, shape (m,)
        Ratios of the samples.
    near : Near
        Their nearest training points. Several samples of one training point count once as
        evidence: a generator may repeat itself without having seen that point.
    chance : Chance
        From real points.
    control : tuple of ndarray, Near and float, optional
        Ratios and neighbours with the reference in the place of the training set, and the share
        that the training set has in all real points: what is copied by chance is copied from both
        alike.

    Returns
    -------
    Copies
    """
    p = chance.probability(found)
    points = near.indices[:, 0]
    best: tuple[float, float, NDArray[np.bool_], float] | None = None
    for cut in _LADDER:
        below = p < cut
        rate = chance.repeats + (1.0 - chance.repeats) * cut
        low = share_of(int(below.sum()), len(p)).low - rate
        if best is None or low > best[0]:
            best = low, cut, below, rate
    assert best is not None
    _, cut, below, rate = best
    counts = [(_evidence(p, points, each, chance.repeats), each) for each in _LADDER]
    evidence, sharpest = min(counts)
    alike = None
    if control is not None:
        other, other_near, part = control
        own_count = _points(p < sharpest, points)
        other_count = _points(chance.probability(other) < sharpest, other_near.indices[:, 0])
        alike = 1.0
        if own_count + other_count:
            alike = at_least(own_count, own_count + other_count, part)
            if other_count == 0:
                alike = min(alike, _CONTROL)
    limit = _SIGNIFICANT if alike is not None else _SIGNIFICANT_ALONE
    significant = bool(evidence < limit and (alike is None or alike <= _CONTROL))
    raw = share_of(int(below.sum()), len(p))
    shrunk = [float(np.clip((v - rate) / (1.0 - rate), 0.0, 1.0)) for v in (
        raw.value, raw.low, raw.high)]  # fmt: skip
    order = np.argsort(np.where(below, found, np.inf), kind="stable")[: int(below.sum())]
    return Copies(
        found, p, cut, order, Estimate(*shrunk, raw.stderr), evidence, alike, significant
    )  # fmt: skip


def _points(below: NDArray[np.bool_], points: NDArray[np.int64]) -> int:
    """Real points that have a suspect."""
    return len(np.unique(points[below]))


def _evidence(p: FloatArray, points: NDArray[np.int64], cut: float, repeats: float) -> float:
    """Chance that as many training points have suspects.

    Two ways to count, both allowed for: points with any suspect, if all draws are independent;
    points half of whose samples are suspects, however the samples of one point depend on each
    other (Markov's inequality gives the factor 2).
    """
    each = repeats + (1.0 - repeats) * cut
    _, place, sizes = np.unique(points, return_inverse=True, return_counts=True)
    hits = np.bincount(place, p < cut)
    any_rate = -np.expm1(len(points) / len(sizes) * np.log1p(-each))
    by_any = at_least(int(np.sum(hits > 0)), len(sizes), any_rate)
    by_half = at_least(int(np.sum(2 * hits >= sizes)), len(sizes), min(1.0, 2.0 * each))
    return min(1.0, 2.0 * min(by_any, by_half))


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
    nearer = np.where(first == second, n / (n + r), first < second).astype(float)
    point = np.where(first <= second, near.indices[:, 0], -1 - other.indices[:, 0])
    counts = np.unique(point, return_counts=True)[1]
    part = n / (n + r)
    effective = len(point) ** 2 / float(np.sum(counts.astype(float) ** 2))
    raw = float(nearer.mean())
    score = (raw - part) / np.sqrt(part * (1.0 - part) / effective)
    hits = round(raw * effective)
    ends = share_of(min(hits, round(effective)), max(1, round(effective)))
    value, low, high = (_at_half(each, part) for each in (raw, ends.low, ends.high))
    estimate = Estimate(value, min(low, value), max(high, value), 0.5 / np.sqrt(effective))
    significant = score > _LEANING and value > 0.5 + _LEAST_LEANING
    return Leaning(estimate, float(score), bool(significant))


def _at_half(share: float, part: float) -> float:
    """What a share would be between two sets of equal size."""
    odds = share * (1.0 - part)
    whole = odds + (1.0 - share) * part
    return odds / whole if whole else share
