"""Which samples are copies, and whether there are more of them than chance makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.evidence.chance import Chance
from convergen.empirical.diagnose.evidence.shares import at_least, share_of
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.common.checks import FloatArray

# Chances below which a sample may be called a copy; the one that shows most is taken.
_LADDER = (0.2, 0.1, 0.03, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-7)
# Chance that innocent samples show as many, and that unseen points are copied as often. Rungs are
# allowed for; looks are not, for they show nearly the same (tests count false alarms).
_SIGNIFICANT, _CONTROL = 5e-3 / len(_LADDER), 0.01
# Without unseen points the same must be beyond doubt.
_SIGNIFICANT_ALONE = 1e-5
# Chance that as many innocent samples are added to the suspects.
_ADDED = 0.01
# Chance of missing what is called visible, and the ratio of faint copies (that of f_mem).
_MISSED, _FAINT = 0.05, 1.0 / 3.0


@dataclass(frozen=True, eq=False)
class Look:
    """One way to look for copies: what stands out in samples, and what chance gives.

    Attributes
    ----------
    words : str
        How samples were looked at.
    values : ndarray, shape (m,)
        Small for copies.
    ratios : ndarray, shape (m,)
        Distance to the nearest training point over that to the next distinct real point.
    near : Near
        Training points nearest to the samples.
    chance : Chance
        Of such values.
    control : tuple of ndarray, Near and float, or None
        Values and neighbours with the reference in the place of the training set, and the share
        that the training set has in all real points: what is copied by chance is copied from both
        alike.
    """

    words: str
    values: FloatArray
    ratios: FloatArray
    near: Near
    chance: Chance
    control: tuple[FloatArray, Near, float] | None = None

    @property
    def turned(self) -> Look:
        """The same with both real sets exchanged; needs a control."""
        assert self.control is not None
        values, near, part = self.control
        other = self.values, self.near, 1.0 - part
        return Look(self.words, values, values, near, self.chance, other)


@dataclass(frozen=True, eq=False)
class Copies:
    """Suspected copies.

    Attributes
    ----------
    look : Look
        In which they show best.
    chance : ndarray, shape (m,)
        Probability that an unseen point looks as much like a copy.
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
    faint : float
        Smallest share of copies three times nearer to their training point than to the next one
        that shows with 95 % probability; 1 where none would.
    """

    look: Look
    chance: FloatArray
    cut: float
    suspected: NDArray[np.int64]
    share: Estimate
    evidence: float
    control: float | None
    significant: bool
    faint: float

    @property
    def ratios(self) -> FloatArray:
        """Distance to the nearest training point over that to the next distinct real point."""
        return self.look.ratios

    @property
    def points(self) -> NDArray[np.int64]:
        """Row of the training point that each sample is nearest to, shape (m,)."""
        return self.look.near.indices[:, 0]

    @property
    def visible(self) -> float:
        """Smallest share of plain copies that shows with 95 % probability among as many samples."""
        return float(1.0 - _MISSED ** (1.0 / len(self.chance)))


def find_copies(looks: Sequence[Look]) -> Copies:
    """Count samples that stand out as chance does not make them.

    Parameters
    ----------
    looks : sequence of Look
        The plain one first; the best one counts. Several samples of one training point count once
        as evidence: a generator may repeat itself without having seen that point.

    Returns
    -------
    Copies
    """
    tried = [_best_evidence(look) for look in looks]
    plain = looks[0]
    limit = _SIGNIFICANT_ALONE if plain.control is None else _SIGNIFICANT
    best = min(range(len(looks)), key=lambda place: tried[place][0])
    significant = tried[best][0] < limit
    chosen = best if significant else 0
    look, (evidence, alike) = looks[chosen], tried[chosen]
    p = look.chance.probability(look.values)
    cut, below, rate = _beyond_chance(p, look.chance.repeats)
    share = _without_chance(below, rate)
    # Faint copies may be among those that are not suspected.
    high = max(share.high, _without_chance(*_widest(p, look.chance.repeats)).high)
    order = np.argsort(np.where(below, look.values, np.inf), kind="stable")[: int(below.sum())]
    return Copies(
        look, p, cut, order, replace(share, high=high), evidence, alike, significant,
        _faintest(plain, len(p), limit),
    )  # fmt: skip


def _beyond_chance(p: FloatArray, repeats: float) -> tuple[float, NDArray[np.bool_], float]:
    """The rung that suspects are below, who is, and what chance gives.

    A wider one than the sharpest counts only if it adds more samples than chance does: the rung
    that shows most would call the innocents of a lucky draw copies.
    """
    sharpest, *wider = sorted(_LADDER)
    cut, below, rate = sharpest, p < sharpest, _rate(sharpest, repeats)
    for each in wider:
        further, more = p < each, _rate(each, repeats)
        added, rest = int(further.sum() - below.sum()), int((~below).sum())
        if added and at_least(added, rest, (more - rate) / (1.0 - rate)) < _ADDED:
            cut, below, rate = each, further, more
    return cut, below, rate


def _widest(p: FloatArray, repeats: float) -> tuple[NDArray[np.bool_], float]:
    """Who is below the rung that shows most copies beyond chance, and what chance gives."""

    def shown(cut: float) -> float:
        return share_of(int((p < cut).sum()), len(p)).low - _rate(cut, repeats)

    cut = max(_LADDER, key=shown)
    return p < cut, _rate(cut, repeats)


def _without_chance(below: NDArray[np.bool_], rate: float) -> Estimate:
    """Share of copies: that of suspects, what chance gives taken off."""
    raw = share_of(int(below.sum()), len(below))
    ends = np.maximum((np.array([raw.value, raw.low, raw.high]) - rate) / (1.0 - rate), 0.0)
    value, low, high = ends.tolist()
    return Estimate(value, low, high, raw.stderr)


def _best_evidence(look: Look) -> tuple[float, float | None]:
    """Evidence on the sharpest rung, and there the chance that unseen points are copied alike.

    Rungs where unseen points are copied about as often show no memory.
    """
    p, repeats = look.chance.probability(look.values), look.chance.repeats
    points = look.near.indices[:, 0]
    found = []
    for cut in _LADDER:
        evidence, alike = _evidence(p, points, cut, repeats), _alike(look, p, points, cut)
        found.append((evidence if alike is None or alike <= _CONTROL else 1.0, evidence, alike))
    allowed, _, alike = min(found, key=lambda each: each[:2])
    return allowed, alike


def _alike(
    look: Look, p: FloatArray, points: NDArray[np.int64], cut: float
) -> float | None:  # fmt: skip
    """Chance that training points have so many more suspects than unseen ones."""
    if look.control is None:
        return None
    other, near, part = look.control
    own_count = _points(p < cut, points)
    other_count = _points(look.chance.probability(other) < cut, near.indices[:, 0])
    if not own_count + other_count:
        return 1.0
    alike = at_least(own_count, own_count + other_count, part)
    return alike if other_count else min(alike, _CONTROL)


def _faintest(look: Look, count: int, limit: float) -> float:
    """Share of faint copies, each of another point, that passes the limit in 19 of 20 cases."""
    each = look.chance.probability(np.array([_FAINT])).item()
    hits = np.arange(1, count + 1)
    rates = np.array([_rate(cut, look.chance.repeats) for cut in _LADDER if cut > each])
    enough = 2.0 * betainc(hits[:, None], count - hits[:, None] + 1, rates) < limit
    if not enough.any():
        return 1.0
    wanted = int(hits[enough.any(axis=1)][0])
    return float(betaincinv(wanted, count - wanted + 1, 1.0 - _MISSED))


def _rate(cut: float, repeats: float) -> float:
    """Chance of a suspect by the law."""
    return repeats + (1.0 - repeats) * cut


def _points(below: NDArray[np.bool_], points: NDArray[np.int64]) -> int:
    """Real points that have a suspect."""
    return len(np.unique(points[below]))


def _evidence(p: FloatArray, points: NDArray[np.int64], cut: float, repeats: float) -> float:
    """Chance that as many training points have suspects.

    Two ways to count, both allowed for: points with any suspect, if all draws are independent;
    points half of whose samples are suspects, however the samples of one point depend on each
    other (Markov's inequality gives the factor 2).
    """
    each = _rate(cut, repeats)
    _, place, sizes = np.unique(points, return_inverse=True, return_counts=True)
    hits = np.bincount(place, p < cut)
    any_rate = -np.expm1(len(points) / len(sizes) * np.log1p(-each))
    by_any = at_least(int(np.count_nonzero(hits)), len(sizes), any_rate)
    by_half = at_least(int(np.sum(2 * hits >= sizes)), len(sizes), min(1.0, 2.0 * each))
    return min(1.0, 2.0 * min(by_any, by_half))
