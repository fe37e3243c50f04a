"""What a diagnosis says, as text, as JSON and as a file of suspects."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from convergen.empirical.diagnose.evidence.classes import ClassRow
from convergen.empirical.diagnose.verdict.by_class import class_words
from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
from convergen.empirical.diagnose.verdict.tables import (
    RECOVERY_WORDS,
    SUSPECT_HEAD,
    class_table,
    closest,
    heading,
    meanings,
    named,
    recovery_rows,
    score_table,
)
from convergen.empirical.diagnose.verdict.words import GLOSSARY, sentences
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.messages.text import plain, table, wrapped

_LISTED = 5


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
    lines += [wrapped(f"  {word}: {meaning}.", 4) for word, meaning in GLOSSARY.items()]
    lines += ["", wrapped(heading(found)), ""]
    lines += [table(*score_table(found)), ""]
    lines += [wrapped(f"{key}: {meaning}", 2) for key, meaning in meanings(found).items()]
    lines.append("")
    if found.classes:
        lines += [table(*class_table(found)), "", wrapped(class_words(found.judgement)), ""]
    if found.prediction is not None:
        lines += [table(*recovery_rows(found)), "", wrapped(RECOVERY_WORDS), ""]
    lines += _suspect_lines(found)
    lines += ["", *(wrapped(f"Note: {note}") for note in found.notes)] if found.notes else []
    return "\n".join(lines)


def _suspect_lines(found: Diagnosis) -> list[str]:
    samples, training = found.samples[0], found.training
    listed = [
        [named(samples, i), named(training, row), f"{ratio:.4f}"]
        for i, row, ratio in closest(found, _LISTED)
    ]
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
        for sample, point, *numbers in found.suspects:
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
            "suspected": [dict(zip(SUSPECT_HEAD, row, strict=True)) for row in found.suspects],
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
    (ends,) = found.intervals("convergence")
    return {
        "predicted": {
            "from": found.law.name,
            "convergence": _ends(*ends),
            "memorisation": plain(found.prediction["memorisation"].item()),
            "memorisation_baseline": plain(found.prediction["memorisation_baseline"].item()),
        },
        "samples_for": {**needed, "factors": plain(found.factor_samples)},
    }


def _interval(value: Estimate) -> dict[str, Any]:
    return {key: plain(number) for key, number in value.as_dict().items()}


def _ends(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": plain(value), "low": plain(low), "high": plain(high)}
