"""A judgement by class."""

from __future__ import annotations

import numpy as np

from convergen.empirical.diagnose.comparable.labels import own_labels
from convergen.empirical.diagnose.distances.neighbours import Space
from convergen.empirical.diagnose.distances.ratios import second_distances
from convergen.empirical.diagnose.evidence.classes import ClassRow, Found, class_rows
from convergen.empirical.diagnose.verdict.judgement import Judgement


def rows_of_classes(judgement: Judgement) -> list[ClassRow]:
    """What was found among the samples of each class.

    Parameters
    ----------
    judgement : Judgement
        Of all samples.

    Returns
    -------
    list of ClassRow
        Samples without labels count to the class of their nearest training point; empty if there
        are no labels at all, or one class alone.
    """
    training = own_labels(judgement.training)
    labels = own_labels(judgement.samples[0])
    if labels is None and training is None:
        return []
    near, copies = judgement.near, judgement.copies
    if labels is None:
        assert training is not None
        labels = tuple(training[row] for row in near.indices[:, 0])
    if len({*labels, *(training or ())}) < 2:
        return []
    view = judgement.view
    # Only cosines depend on the origin.
    space = Space(view.orbit, np.zeros(1))
    natural = judgement.sets.natural
    suspected = np.zeros(len(labels), np.bool_)
    suspected[copies.suspected] = True
    found = Found(
        suspected, natural + (1.0 - natural) * copies.cut, copies.significant,
        near.distances[:, 0], second_distances(near, view.training.rows, space), near.cosines,
    )  # fmt: skip
    return class_rows(found, labels, training or ())


def class_words(judgement: Judgement) -> str:
    """Where classes of samples come from.

    Parameters
    ----------
    judgement : Judgement
        Of all samples.

    Returns
    -------
    str
    """
    if own_labels(judgement.samples[0]) is not None:
        return "Classes are those of the samples' own labels."
    return "Samples have no labels: each counts to the class of its nearest training point."
