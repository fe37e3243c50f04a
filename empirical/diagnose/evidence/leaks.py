"""Real sets that are not what they are called.

Training points return in the reference or in the training set, changed: too far for
near-duplicates, too near for chance. Or samples are copies of points that the model is said not to
have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.comparable.honest_sets import named_rows
from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.distances.ratios import distinct_distances, ratios
from convergen.empirical.diagnose.evidence.chance import Chance
from convergen.empirical.diagnose.evidence.copies import Copies, Look, find_copies
from convergen.empirical.diagnose.evidence.measured import Measured, RealPoints
from convergen.empirical.diagnose.evidence.shares import share_of
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.sources.points import Points

# Share of the reference that may be changed training points.
_MOST = 0.5
# Innocent ones among points that are taken for training points: a share, or a number.
_INNOCENT_SHARE, _INNOCENT = 0.05, 0.5
# Chance below which samples are taken for copies of unseen points. Shares of them, in both sets
# together, beyond which the model has seen both: without repeats between the sets, and with some.
_SURE, _MANY, _MOST_OF_ALL = 1e-5, 0.25, 0.5
# Ratio below which a sample is a plain copy, that of f_mem.
_PLAIN = 1.0 / 3.0


def changed_leaks(measured: Measured) -> NDArray[np.int64]:
    """Points of the reference that are training points, compressed again or noisy.

    Parameters
    ----------
    measured : Measured
        Nearest neighbours.

    Returns
    -------
    ndarray of int64
        Rows of the reference, as far as they were looked at; empty if chance makes as many.

    Raises
    ------
    InputError
        If they are about half of the reference or more.

    Notes
    -----
    The reference is judged as samples would be: by ratios of distances to training points alone,
    beside those of training points held against the others.
    """
    unseen, reference = measured.unseen_points, measured.reference
    if unseen is None or reference is None or measured.sets.natural:
        return np.empty(0, np.int64)
    values = _ratios(measured, unseen)
    chance = Chance.of(_ratios(measured, measured.seen_points))
    found = find_copies([Look("", values, values, unseen.training, chance)])
    if not found.significant:
        return np.empty(0, np.int64)
    if found.share.value > _MOST:
        raise InputError(
            f"about {found.share.value:.0%} of the points of {reference.name} are training points "
            "that were changed a little (compressed again, noisy): it cannot stand for unseen "
            "data; give points that the model has not seen, or leave --reference out."
        )
    return unseen.rows[_repeats(chance.probability(values))]


def changed_repeats(measured: Measured) -> NDArray[np.int64]:
    """Training points that repeat another one, compressed again or noisy: no measure of chance.

    Parameters
    ----------
    measured : Measured
        Nearest neighbours.

    Returns
    -------
    ndarray of int64
        Places in `measured.seen_points`; empty without a reference, or if chance makes as many.

    Notes
    -----
    Training points are judged as samples would be, beside unseen points: by ratios of distances to
    training points alone. Of those taken for repeats 5 % are others, on average (Benjamini &
    Hochberg 1995), or half a one.
    """
    unseen, seen = measured.unseen_points, measured.seen_points
    if unseen is None or measured.sets.natural:
        return np.empty(0, np.int64)
    values, chance = _ratios(measured, seen), Chance.of(_ratios(measured, unseen))
    if not find_copies([Look("", values, values, seen.training, chance)]).significant:
        return np.empty(0, np.int64)
    return _repeats(chance.probability(values))


def _repeats(p: FloatArray) -> NDArray[np.int64]:
    """Places of points that are no work of chance, but for a few (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    return np.flatnonzero(
        (false_discovery_control(p) < _INNOCENT_SHARE) | (p < _INNOCENT / len(p))
    )  # fmt: skip


def check_unseen(
    found: Copies, looks: Sequence[Look], samples: Points, reference: Points, *, leaked: bool
) -> list[str]:
    """Refuse a reference that samples copy: beside it, copies of the training set pass for chance.

    Parameters
    ----------
    found : Copies
        Of the training set; where there are some, nothing is hidden.
    looks : sequence of Look
        Of samples at both real sets.
    samples, reference : Points
        The sets, for the message.
    leaked : bool
        Whether training points were found in the reference: perhaps the law repeats itself.

    Returns
    -------
    list of str
        A doubt that remains.

    Raises
    ------
    InputError
        If samples copy points of the reference, alone or as often as training points.
    """
    if found.significant:
        return []
    turned = [look.turned for look in looks]
    other = find_copies(turned)
    if other.significant and other.evidence < _SURE:
        many = len(other.suspected)
        raise InputError(
            f"{many} of {len(samples)} samples of {samples.name} copy points of {reference.name} "
            f"({named_rows(samples, other.suspected)}), and hardly any copies a training point: "
            "if these are what the model was trained on, exchange --train and --reference; if "
            "they are no samples, give what the model made."
        )
    alone = [
        find_copies([replace(look, control=None) for look in each]) for each in (looks, turned)
    ]
    if not all(each.significant for each in alone):
        return []
    # Real points that their space was learnt from, as by whitening, lie further from each other
    # than any sample does: only copies far nearer to one point than to the next count here.
    own, others = (
        share_of(int(np.sum(each.ratios[each.suspected] < _PLAIN)), len(samples)) for each in alone
    )
    if not min(own.value, others.value):
        return []
    what = (
        f"samples of {samples.name} copy training points and points of {reference.name} alike "
        f"(about {own.value:.0%} and {others.value:.0%} of them)"
    )
    if own.low + others.low > (_MOST_OF_ALL if leaked else _MANY):
        raise InputError(
            f"{what}: the model has seen both; give points that it has not seen, or leave "
            "--reference out."
        )
    return [f"{what[0].upper()}{what[1:]}: if the model was trained on both, it remembers them."]


def _ratios(measured: Measured, points: RealPoints) -> FloatArray:
    """Ratios of distances to training points alone."""
    near: Near = points.training
    rows = measured.training.rows
    return ratios(distinct_distances(near, None, rows, None, measured.space))
