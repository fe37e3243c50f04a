"""What a diagnosis says, as text, as JSON and as a list of suspects."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from convergen.empirical.diagnose.evidence.classes import ClassRow
from convergen.empirical.diagnose.verdict.by_class import class_words
from convergen.empirical.diagnose.verdict.diagnose import Diagnosis
from convergen.empirical.diagnose.verdict.words import GLOSSARY, sentences, with_interval
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.messages.text import about, plain, table, wrapped

_LISTED = 5
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


def suspects(found: Diagnosis) -> list[tuple[int, int, float, float, float]]:
    """Suspected copies, the surest first.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    list of tuple
        Row of the sample, row of the training point, distance, its ratio to that of the next
        distinct real point, and the chance of such a ratio without copying.
    """
    copies = found.judgement.copies
    return [
        (
            int(i), int(copies.points[i]), float(copies.look.near.distances[i, 0]),
            float(copies.ratios[i]), float(copies.chance[i]),
        )
        for i in copies.suspected
    ]  # fmt: skip


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
    return ["number", "samples", "true points"], rows


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


def diagnosis_text(found: Diagnosis) -> str:
    """A readable report: words first, tables last.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    str
    """
    said = sentences(found)
    lines = [line for text in said.values() for line in (wrapped(text), "")]
    lines += ["In these words"]
    lines += [wrapped(f"  {word}: {meaning}.") for word, meaning in GLOSSARY.items()]
    lines += ["", wrapped(heading(found)), ""]
    lines += [table(*score_table(found)), ""]
    lines += [wrapped(f"{key}: {meaning}") for key, meaning in meanings(found).items()]
    lines.append("")
    if found.classes:
        lines += [table(*class_table(found)), "", wrapped(class_words(found.judgement)), ""]
    if found.prediction is not None:
        lines += [table(*recovery_rows(found)), "", wrapped(RECOVERY_WORDS), ""]
    lines += _suspect_lines(found)
    lines += ["", *(wrapped(f"Note: {note}") for note in found.notes)] if found.notes else []
    return "\n".join(lines)


def _suspect_lines(found: Diagnosis) -> list[str]:
    listed = [[str(i), str(row), f"{ratio:.4f}"] for i, row, ratio in closest(found, _LISTED)]
    count = len(found.judgement.copies.suspected)
    return [
        "Samples most like one training point (ratio: distance to it over that to the next real "
        "one)",
        table(["sample", "training point", "ratio"], listed),
        f"{count} suspected in all; --copies FILE.csv lists them.",
    ]


def write_suspects(found: Diagnosis, file: Path) -> None:
    """Write all suspected copies as comma-separated values.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.
    file : Path
        Where to.
    """
    names = [_names(found.samples[0]), _names(found.training)]
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow([*SUSPECT_HEAD, "sample file", "training file"])
        for sample, point, *numbers in suspects(found):
            files = [names[0].get(sample, ""), names[1].get(point, "")]
            writer.writerow([sample, point, *(f"{value:.6g}" for value in numbers), *files])


def _names(points: Any) -> dict[int, str]:
    record = points.record
    if record is None or record.names is None or len(record.names) != len(points):
        return {}
    return dict(enumerate(record.names))


def diagnosis_json(found: Diagnosis) -> dict[str, Any]:
    """Everything as one JSON object.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    dict
        Infinities and NaN are None, for JSON has neither.
    """
    from convergen.theory.common.versions import package_version

    judgement = found.judgement
    copies, near, lean = judgement.copies, judgement.near, judgement.leaning
    return {
        "samples": [each.name for each in found.samples],
        "train": found.training.name,
        "reference": None if judgement.reference is None else judgement.reference.name,
        "dimension": found.training.dim,
        "features": {
            "name": judgement.view.name,
            "count": found.law.dim,
            **judgement.view.record,
        },
        "draws": len(found.samples[0]),
        "training_samples": len(found.training),
        "verdict": found.verdict,
        "words": sentences(found),
        "copies": {
            **_interval(copies.share),
            "smallest_visible_share": copies.visible,
            "smallest_visible_share_of_changed_copies": copies.faint,
            "seen": copies.look.words,
            "suspected": [dict(zip(SUSPECT_HEAD, row, strict=True)) for row in suspects(found)],
            "evidence": copies.evidence,
            "control": copies.control,
            "ignored": judgement.orbit.names,
        },
        "leaning": None if lean is None else {**_interval(lean.share), "score": lean.score},
        "scores": {
            each.key: {
                **_interval(each.value),
                "true_points": None if each.chance is None else _interval(each.chance),
                "source": each.source,
            }
            for each in judgement.scores
        },
        "true_points": judgement.true_from,
        "quality": {
            each.key: {**_interval(each.ratio), "finding": each.finding or None}
            for each in judgement.remarks
        },
        "nearest": {
            "indices": near.indices[:, 0].tolist(),
            "distances": plain(near.distances[:, 0]),
            "ratios": plain(copies.ratios),
        },
        "sets": {
            "training_repeats": int(np.count_nonzero(judgement.sets.repeated)),
            "training_near_repeats": judgement.sets.near,
            "training_groups": [group.tolist() for group in judgement.sets.groups],
            "reference_leaked": judgement.sets.leaked.tolist(),
            "samples_identical": judgement.sets.samples.tolist(),
        },
        "variance_ratio": [_interval(each) for each in found.variance],
        "convergence": None if found.convergence is None else _interval(found.convergence),
        "latent_recovery": plain(found.latent_recovery),
        "latent_recovery_stderr": plain(found.latent_recovery_stderr),
        "lost_factors": found.lost_factors,
        "latent_recovery_of_truth": plain(found.latent_recovery_draws),
        "classes": {row.label: _class(row) for row in found.classes},
        **_predicted(found),
        "notes": found.notes,
        "attributes": {
            "seed": found.seed,
            "centered": found.centered,
            "convergen": package_version("convergen"),
            "numpy": package_version("numpy"),
        },
    }


def _class(row: ClassRow) -> dict[str, Any]:
    shares = {"suspected": row.copies, "f_mem": row.f_mem, "m": row.m}
    return {
        "samples": row.samples, "training_samples": row.training, "copied": row.copied,
        "too_few": row.few,
        **{key: None if each is None else _interval(each) for key, each in shares.items()},
    }  # fmt: skip


def _predicted(found: Diagnosis) -> dict[str, Any]:
    """What the theory says; nothing of features."""
    if found.prediction is None:
        return {"predicted": None, "samples_for": None}
    needed = {
        f"{level:g}": _ends(*found.intervals("convergence_samples")[place])
        for place, level in enumerate(found.levels)
    }
    return {
        "predicted": {
            "from": found.law.name,
            "convergence": _ends(*found.intervals("convergence")[0]),
            "memorisation": plain(found.prediction["memorisation"].values[0]),
            "memorisation_baseline": plain(found.prediction["memorisation_baseline"].values[0]),
        },
        "samples_for": {**needed, "factors": plain(found.factor_samples)},
    }


def _interval(value: Estimate) -> dict[str, Any]:
    return {key: plain(number) for key, number in value.as_dict().items()}


def _ends(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": plain(value), "low": plain(low), "high": plain(high)}
