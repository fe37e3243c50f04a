"""Copying by class: which classes are copied, and which have too few samples to tell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.evidence.scores import F_MEM, mean_cosine
from convergen.empirical.diagnose.evidence.shares import at_least, share_of
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.common.checks import FloatArray

# Samples of a class below which its shares say nothing, and chance over all classes together that
# an innocent one is called copied.
_FEWEST, _SURE = 10, 0.01


@dataclass(frozen=True)
class ClassRow:
    """What was found among the samples of one class.

    Attributes
    ----------
    label : str
        Name of the class.
    samples, training : int
        Its points; the second is 0 if training points have no labels.
    copies : Estimate or None
        Share of suspected copies among its samples; None if there are too few.
    f_mem, m : Estimate or None
        As for all samples.
    copied : bool
        Whether there are more suspects than chance gives.
    """

    label: str
    samples: int
    training: int
    copies: Estimate | None
    f_mem: Estimate | None
    m: Estimate | None
    copied: bool

    @property
    def few(self) -> bool:
        """Whether there are too few samples for shares."""
        return self.copies is None


@dataclass(frozen=True, eq=False)
class Found:
    """What is counted by class.

    Attributes
    ----------
    suspected : ndarray of bool, shape (m,)
        Samples that are suspected copies.
    rate : float
        Share of them that chance gives.
    significant : bool
        Whether there are copies at all.
    first, second : ndarray, shape (m,)
        Distances to the nearest training point and to the next distinct one.
    cosines : ndarray, shape (m,)
        Largest |cosine| with a training point.
    """

    suspected: NDArray[np.bool_]
    rate: float
    significant: bool
    first: FloatArray
    second: FloatArray
    cosines: FloatArray


def class_rows(found: Found, labels: Sequence[str], training: Sequence[str] = ()) -> list[ClassRow]:
    """One row for each class.

    Parameters
    ----------
    found : Found
        Of all samples.
    labels : sequence of str, length m
        Class of each sample.
    training : sequence of str
        Classes of training points, if they are known.

    Returns
    -------
    list of ClassRow
        Most copied first, those with too few samples last.
    """
    named, sizes = np.asarray(labels), Counter(training)
    every = sorted({*labels, *sizes})
    rows = []
    for label in every:
        own = np.flatnonzero(named == label)
        if len(own) < _FEWEST:
            rows.append(ClassRow(label, len(own), sizes[label], None, None, None, False))
            continue
        hits = int(found.suspected[own].sum())
        chance = at_least(hits, len(own), found.rate)
        close = int(np.sum(found.first[own] < F_MEM * found.second[own]))
        rows.append(
            ClassRow(
                label, len(own), sizes[label], share_of(hits, len(own)),
                share_of(close, len(own)), mean_cosine(found.cosines[own]),
                found.significant and chance * len(every) < _SURE,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: -row.copies.value if row.copies else math.inf)
