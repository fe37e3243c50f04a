"""The table of numbers: each with chance beside it and a sentence that says how to read it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.neighbours import Near, nearest
from convergen.empirical.diagnose.distances.ratios import second_distances
from convergen.empirical.diagnose.evidence.leaning import Leaning
from convergen.empirical.diagnose.evidence.measured import Measured, RealPoints
from convergen.empirical.diagnose.evidence.scores import (
    Score,
    auth_pct,
    c_t,
    cells_of,
    f_mem,
    mean_cosine,
)
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import spread_rows
from convergen.theory.messages.progress import phase

# Samples, spread over all, whose nearest training points are held against the others.
_AUTHENTIC = 512


def score_rows(measured: Measured, lean: Leaning | None, true: Near, seed: int) -> list[Score]:
    """All numbers of the field.

    Parameters
    ----------
    measured : Measured
        Nearest neighbours.
    lean : Leaning or None
        Nearness to training and unseen points.
    true : Near
        Training points nearest to true points.
    seed : int
        Of the cells of C_T.

    Returns
    -------
    list of Score
    """
    true_still = (measured.unseen_points or measured.seen_points).still
    first, fresh = measured.near.distances[:, 0], true.distances[:, 0]
    second, fresh_second = (
        second_distances(near, measured.training.rows, measured.space)
        for near in (measured.near, true)
    )
    with phase("cells of C_T"):
        cells = cells_of(measured.seen_points.still, measured.still, true_still, seed)
    rows = [
        Score(
            "f_mem", "samples three times nearer to one training point than to the next",
            f_mem(first, second), f_mem(fresh, fresh_second),
            "far above the value of real points it is memorisation.",
            "Yoon et al. 2023; arXiv:2310.02664",
        ),
        Score(
            "m", "mean |cosine| with the nearest training point",
            mean_cosine(measured.near.cosines), mean_cosine(true.cosines),
            "it means nothing without that of real points; in few dimensions it is always high.",
            "arXiv:2605.21402",
        ),
    ]  # fmt: skip
    if lean is not None:
        rows.append(Score(
            "nearer", "samples nearer to the training set than to as large an unseen set",
            lean.share, None,
            "a model that remembers nothing has one half, however good or bad it is.",
            "two-sample test of labels",
        ))  # fmt: skip
    rows += [
        Score(
            "C_T", "distances to the training set beside those of real points",
            c_t(first, fresh, cells), None,
            "below −3: nearer than real points are (copies, or too little variety); above 3: "
            "farther (blurred, or outside the data).",
            "arXiv:2004.05675",
        ),
        Score(
            "AuthPct", "samples farther from a training point than its nearest companion",
            _authentic(measured, measured.near),
            _authentic(measured, true),
            "it is low where samples crowd around training points.",
            "arXiv:2102.08921",
        ),
    ]  # fmt: skip
    return rows


def _authentic(measured: Measured, near: Near) -> Estimate:
    """AuthPct of some points; what lies alone is looked up, or found."""
    some = near[spread_rows(len(near.indices), _AUTHENTIC)]
    first = some.indices[:, 0]
    wanted = np.unique(first)
    alone = _alone(measured, wanted)
    return auth_pct(some.distances[:, 0], alone[np.searchsorted(wanted, first)])


def _alone(measured: Measured, rows: NDArray[np.int64]) -> FloatArray:
    """Distance of training points to the nearest other one."""
    known: RealPoints = measured.seen_points
    place = np.minimum(np.searchsorted(known.rows, rows), len(known.rows) - 1)
    there = known.rows[place] == rows
    found = np.where(there, known.training.distances[place, 0], np.nan)
    if not there.all():
        missing = rows[~there]
        queries = measured.space.still(np.asarray(measured.training.rows[missing]))
        near = nearest(
            queries, measured.training.rows, measured.space, own=missing,
            skip=measured.sets.skipped, words="training points among themselves",
        )  # fmt: skip
        found[~there] = near.distances[:, 0]
    return found
