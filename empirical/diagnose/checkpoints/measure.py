"""Several checkpoints against one training set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from convergen.empirical.diagnose.checkpoints.onset import Onset, onset
from convergen.empirical.diagnose.comparable.pairing import check_counts_and_names
from convergen.empirical.diagnose.verdict.judgement import Judgement, judge_each
from convergen.empirical.diagnose.verdict.overlaps import overlaps
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.common.checks import InputError, as_seed
from convergen.theory.sources.points import Points


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What was found at one step.

    Attributes
    ----------
    step : int
        Of training.
    judgement : Judgement
        Of the samples of A.
    variance : Estimate
        Of these samples over that of real points.
    convergence : Estimate or None
        q of A and B.
    """

    step: int
    judgement: Judgement
    variance: Estimate
    convergence: Estimate | None

    def score(self, key: str) -> Estimate:
        """A number of the field."""
        return next(each.value for each in self.judgement.scores if each.key == key)

    def numbers(self) -> dict[str, Estimate]:
        """All numbers that are followed over training, by name."""
        copies = self.judgement.copies
        # What is not beyond chance is no copy; the upper end says what could be.
        none = Estimate(0.0, 0.0, copies.share.high, copies.share.stderr)
        found = {
            "copied": copies.share if copies.significant else none, "f_mem": self.score("f_mem"),
            "m": self.score("m"), "variance": self.variance,
        }  # fmt: skip
        if self.judgement.leaning is not None:
            found["nearer"] = self.judgement.leaning.share
        if self.convergence is not None:
            found["q"] = self.convergence
        return found


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """All of them.

    Attributes
    ----------
    found : list of Checkpoint
        In the order of steps.
    onset : Onset
        Where copying begins.
    seed : int
        Of random subsets.
    """

    found: list[Checkpoint]
    onset: Onset
    seed: int

    @property
    def steps(self) -> list[int]:
        """Steps of training."""
        return [each.step for each in self.found]


def measure_checkpoints(
    steps: Sequence[int],
    first: Sequence[Points],
    training: Points,
    reference: Points | None = None,
    second: Sequence[Points] = (),
    *,
    center: bool = True,
    seed: int = 0,
    **options: Any,
) -> Checkpoints:
    """Judge a generator at several steps of its training.

    Parameters
    ----------
    steps : sequence of int
        Of training, rising.
    first : sequence of Points
        Samples of A at these steps.
    training : Points
        What A was trained on.
    reference : Points, optional
        Points of the same law that it has not seen.
    second : sequence of Points
        Samples of B, of the same seeds; empty without a second model.
    center : bool
        Whether the mean of all real points is subtracted before overlaps.
    seed : int
        Of random subsets and of the bootstrap.
    **options
        ``invariant``, ``mend_units``, ``features``, ``weights`` and ``workers`` of `judge`.

    Returns
    -------
    Checkpoints

    Raises
    ------
    InputError
        If sets cannot be compared or do not pair.
    """
    if len(steps) != len(first) or (second and len(second) != len(first)):
        raise InputError(
            f"there are {len(steps)} steps, {len(first)} sets of samples of A and {len(second)} of "
            "B: give one for each step."
        )
    if any(later <= earlier for earlier, later in pairwise(steps)):
        raise InputError(f"steps {list(steps)} do not rise: give checkpoints in their order.")
    for own, other in zip(first, second, strict=False):
        check_counts_and_names(own, other)
    groups = [[own, *second[i : i + 1]] for i, own in enumerate(first)]
    rng = np.random.default_rng(as_seed(seed))
    found = []
    judgements = judge_each(groups, training, reference, seed=seed, **options)
    for step, judgement in zip(steps, judgements, strict=True):
        both = overlaps(judgement, rng, center=center)
        found.append(Checkpoint(step, judgement, both.variance[0], both.convergence))
    begins = onset(
        steps, [each.judgement.verdict for each in found],
        [each.judgement.copies.visible for each in found],
    )  # fmt: skip
    return Checkpoints(found, begins, seed)
