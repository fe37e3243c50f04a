"""What a diagnosis has to say, as titles and rows that texts and pages print alike."""

from __future__ import annotations

import numpy as np

from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
from convergen.empirical.diagnose.verdict.words import with_interval
from convergen.theory.data.regular_files import printable
from convergen.theory.messages.text import about
from convergen.theory.sources.points import Points

SUSPECT_HEAD = ("sample", "training point", "distance", "ratio", "chance")


def heading(found: Diagnosis) -> str:
    """What was compared with what.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    str
    """
    names = " and ".join(f"{len(x)} samples of {x.name}" for x in found.samples)
    unseen = found.judgement.reference
    other = "" if unseen is None else f", reference {len(unseen)} points of {unseen.name}"
    view = found.judgement.view
    seen_as = f"; compared: {view.words}, {found.law.dim} numbers each"
    compared = "" if view.name == "pixels" else seen_as
    return (
        f"{names}; trained on {len(found.training)} points of {found.training.name}{other}; "
        f"{found.training.dim} dimensions{compared}, effective dimension "
        f"{found.spectrum.participation_ratio:.3g}"
    )


def recovery_rows(found: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Table of the latent factors.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    head : list of str
        Column titles.
    rows : list of list of str
        One for each factor.
    """
    head = ["factor", "Q", "±", f"at {len(found.samples[0])} draws", "n needed"]
    starts = found.factor_samples
    rows = []
    for k, value in enumerate(found.latent_recovery):
        error = found.latent_recovery_stderr[k]
        shown = about(max(starts[k], 1.0)) if k < len(starts) else "not visible"
        if k < len(starts) and np.isnan(starts[k]):
            shown = "not told apart"
        rows.append(
            [
                str(k + 1), f"{value:.3f}", "" if np.isnan(error) else f"{error:.3f}",
                f"{found.latent_recovery_draws[k]:.3f}", shown,
            ]
        )  # fmt: skip
    return head, rows


RECOVERY_WORDS = (
    "Q: squared overlap of the k-th axis of the samples with the factor; at … draws: what as many "
    "draws of the truth itself would show; n needed: training samples from which a linear model "
    "recovers it."
)


def closest(found: Diagnosis, count: int) -> list[tuple[int, int, float]]:
    """Samples that are most like one training point and nothing else.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.
    count : int
        How many at most.

    Returns
    -------
    list of (int, int, float)
        Row of the sample, row of the training point, ratio of distances; surest first.
    """
    copies = found.judgement.copies
    order = np.argsort(copies.ratios, kind="stable")[:count]
    return [(int(i), int(copies.points[i]), float(copies.ratios[i])) for i in order]


def named(points: Points, row: int) -> str:
    """The file of a point, or its row.

    Parameters
    ----------
    points : Points
        Its set.
    row : int
        Which of its points.

    Returns
    -------
    str
    """
    names = None if points.record is None else points.record.names
    return printable(names[row]) if names and len(names) == len(points) else str(row)


def score_table(found: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Table of the numbers of the field.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    head : list of str
        Column titles.
    rows : list of list of str
        One for each number.
    """
    judgement = found.judgement
    rows = [
        [each.key, with_interval(each.value), (each.chance and with_interval(each.chance)) or "—"]
        for each in judgement.scores
    ]
    if found.convergence is not None:
        rows.append(["q", with_interval(found.convergence), "—"])
    rows += [[each.key, with_interval(each.ratio), "1"] for each in judgement.remarks]
    return ["number", "samples", "real points"], rows


def class_table(found: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Table of classes.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    head : list of str
        Column titles.
    rows : list of list of str
        One for each class; those with too few samples say so.
    """
    rows = []
    for row in found.classes:
        numbers = [
            "too few" if each is None else with_interval(each)
            for each in (row.copies, row.f_mem, row.m)
        ]
        mark = "" if row.few else ("yes" if row.copied else "no")
        rows.append([row.label, str(row.samples), str(row.training or "—"), *numbers, mark])
    return ["class", "samples", "training", "suspected", "f_mem", "m", "copied"], rows


def meanings(found: Diagnosis) -> dict[str, str]:
    """What each row of `score_table` is, and how to read it.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    dict of str
        One sentence by number.
    """
    judgement = found.judgement
    said = {each.key: f"{each.words}; {each.meaning}" for each in judgement.scores}
    if found.convergence is not None:
        said["q"] = "agreement of both models on the same seeds; 1 once they have converged."
    for each in judgement.remarks:
        low, high = each.bounds
        said[each.key] = (
            f"{each.words}, samples over real points; unremarkable from {low:g} to {high:g}."
        )
    return said
