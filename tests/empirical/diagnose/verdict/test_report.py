"""Text, JSON and list of suspects against what the diagnosis holds."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from convergen.empirical.diagnose.evidence.classes import ClassRow
from convergen.empirical.diagnose.verdict.diagnose import diagnose
from convergen.empirical.diagnose.verdict.report import (
    diagnosis_json,
    diagnosis_text,
    write_suspects,
)
from convergen.empirical.diagnose.verdict.tables import heading
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.data.record import Record
from convergen.theory.messages.text import wrapped
from convergen.theory.sources.points import Points

DIM = 6
FILES = tuple(f"{row}.png" for row in range(30))


def record(names):
    return Record("a", "folder", len(names), "encoded images", "uint8", names=names)


def sets():
    """Two models, training set and unseen points; three samples of the first are copies."""
    rng = np.random.default_rng(0)
    every = rng.standard_normal((130, DIM)) * [4.0, 3.0, 2.0, 1.0, 1.0, 1.0]
    a, b, training, unseen = np.split(every, [30, 60, 100])
    a[[4, 7, 20]] = training[[11, 0, 39]] + 1e-3
    named = Points("A", a, (DIM,), record=record(FILES))
    return named, *(Points(n, x, (DIM,)) for n, x in zip("BTU", (b, training, unseen), strict=True))


@pytest.fixture(scope="module")
def found():
    a, b, training, unseen = sets()
    return diagnose([a, b], training, unseen, factors=2, seed=5)


@pytest.fixture(scope="module")
def said(found):
    return json.loads(json.dumps(diagnosis_json(found), allow_nan=False))


def test_names_and_sizes(said):
    assert said["samples"] == ["A", "B"]
    assert (said["train"], said["reference"]) == ("T", "U")
    assert said["dimension"] == said["features"]["count"] == DIM
    assert said["features"]["name"] == "pixels"
    assert (said["draws"], said["training_samples"]) == (30, 40)
    assert said["attributes"]["seed"] == 5
    assert said["attributes"]["centered"] is True


def test_copies_by_their_rows(found, said):
    listed = {each["sample"]: each["training point"] for each in said["copies"]["suspected"]}
    assert listed == {4: 11, 7: 0, 20: 39}
    near = said["nearest"]
    assert len(near["indices"]) == len(near["distances"]) == len(near["ratios"]) == 30
    assert [near["indices"][row] for row in (4, 7, 20)] == [11, 0, 39]
    assert near["distances"][4] == pytest.approx(1e-3 * np.sqrt(DIM), rel=1e-3)
    copies = found.judgement.copies
    assert said["copies"]["smallest_visible_share"] == copies.visible
    assert said["copies"]["smallest_visible_share_of_changed_copies"] == copies.faint
    assert said["copies"]["evidence"] == copies.evidence
    assert said["copies"]["value"] == pytest.approx(copies.share.value)
    assert said["copies"]["ignored"] == []
    assert said["verdict"] == found.verdict == "partly memorising"


def test_scores_with_what_the_truth_has(found, said):
    assert [*said["scores"]] == [each.key for each in found.judgement.scores]
    for each in found.judgement.scores:
        row = said["scores"][each.key]
        assert row["value"] == pytest.approx(each.value.value, nan_ok=True)
        assert (row["true_points"] is None) == (each.chance is None)
        if each.chance is not None:
            assert row["true_points"]["low"] == pytest.approx(each.chance.low)
    assert said["true_points"] == "unseen points"
    assert said["leaning"]["score"] == pytest.approx(found.judgement.leaning.score)


def test_theory_is_that_of_the_prediction(found, said):
    low, high = (found.prediction[f"convergence_{end}"].values[0] for end in ("low", "high"))
    expected = {"value": float(found.prediction["convergence"].values[0]), "low": low, "high": high}
    assert said["predicted"]["convergence"] == pytest.approx(expected)
    for key in ("memorisation", "memorisation_baseline"):
        assert said["predicted"][key] == pytest.approx(float(found.prediction[key].values[0]))
    assert said["predicted"]["from"] == "U"
    needed = said["samples_for"]
    assert [*needed] == [*(f"{level:g}" for level in found.levels), "factors"]
    values = [needed[f"{level:g}"]["value"] for level in found.levels]
    assert values == pytest.approx(found.prediction["convergence_samples"].values.ravel().tolist())
    assert len(said["latent_recovery"]) == len(said["latent_recovery_of_truth"]) == 2
    assert said["convergence"]["value"] == pytest.approx(found.convergence.value)
    assert len(said["variance_ratio"]) == 2


def test_sets_are_counted(found, said):
    clean = {
        "training_repeats": 0, "training_near_repeats": 0, "training_groups": [],
        "reference_leaked": [], "samples_identical": [],
    }  # fmt: skip
    assert said["sets"] == clean
    a, _, training, unseen = sets()
    rows, leaky = training.rows.copy(), unseen.rows.copy()
    rows[1], leaky[[2, 5]] = rows[0], rows[[8, 9]]
    same = a.rows.copy()
    same[3] = rows[6]
    dirty = diagnose(
        [replace(a, rows=same)], replace(training, rows=rows), replace(unseen, rows=leaky)
    )
    assert diagnosis_json(dirty)["sets"] == clean | {
        "training_repeats": 1, "training_groups": [[0, 1]], "reference_leaked": [2, 5],
        "samples_identical": [3],
    }  # fmt: skip


def test_what_was_not_measured_is_none(found):
    judgement = replace(found.judgement, reference=None, leaning=None)
    bare = replace(found, judgement=judgement, convergence=None, prediction=None)
    said = diagnosis_json(bare)
    for key in ("reference", "leaning", "convergence", "predicted", "samples_for"):
        assert said[key] is None


def test_classes_are_listed_by_their_label(found):
    share = Estimate(0.5, 0.25, 0.75, 0.125)
    rows = [
        ClassRow("cat", 4, 10, share, None, share, copied=True),
        ClassRow("dog", 2, 3, None, None, None, copied=False),
    ]
    said = diagnosis_json(replace(found, classes=rows))["classes"]
    assert [*said] == ["cat", "dog"]
    assert said["cat"]["suspected"] == {"value": 0.5, "low": 0.25, "high": 0.75}
    assert said["cat"]["f_mem"] is None
    assert said["dog"] == {
        "samples": 2, "training_samples": 3, "copied": False, "too_few": True, "suspected": None,
        "f_mem": None, "m": None,
    }  # fmt: skip
    text = diagnosis_text(replace(found, classes=rows))
    assert "cat" in text
    assert "dog" in text
    assert "cat" not in diagnosis_text(found)


def indent(line):
    return len(line) - len(line.lstrip())


def text_of(paragraph):
    return wrapped(paragraph).splitlines()[0]


def test_the_text_says_words_first_and_tables_then(found):
    found = replace(found, notes=["The first.", "The second."])
    text = diagnosis_text(found)
    lines = text.splitlines()
    order = [lines.index(line) for line in lines if line in ("In these words",)]
    assert len(order) == 1
    assert lines[order[0] - 1] == ""
    assert "3 suspected in all; --copies FILE.csv lists them." in lines
    start = next(i for i, line in enumerate(lines) if line.startswith("Samples most like one"))
    listed = [line.split()[0] for line in lines[start + 1 :] if line.strip().startswith(FILES)]
    assert len(listed) == 5  # the five that are most alike, whether suspected or not
    assert set(listed[:3]) == {"4.png", "7.png", "20.png"}
    assert text.count("Note: ") == 2
    assert all(len(line) <= 100 for line in lines)
    # What is wrapped goes on further in: words by four, what numbers mean by two.
    words, numbers = (lines.index(line) for line in ("In these words", text_of(heading(found))))
    assert {indent(line) for line in lines[words + 1 : numbers - 1]} == {2, 4}
    start = next(i for i, line in enumerate(lines) if line.startswith("f_mem: "))
    end = lines.index("", start)
    assert {indent(line) for line in lines[start:end]} == {0, 2}
    bare = diagnosis_text(replace(found, notes=[], prediction=None))
    assert "Note: " not in bare
    assert len(bare.splitlines()) < len(lines) - 2


def test_suspects_are_listed_with_their_files(found, tmp_path):
    write_suspects(found, tmp_path / "copies.csv")
    with (tmp_path / "copies.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    for row, suspect in zip(rows, found.suspects, strict=True):
        assert int(row["sample"]) == suspect.sample
        assert int(row["training point"]) == suspect.training_point
        assert float(row["distance"]) == pytest.approx(suspect.distance, rel=1e-5)
        assert float(row["ratio"]) == pytest.approx(suspect.ratio, rel=1e-5)
        assert row["sample file"] == FILES[suspect.sample]
        assert row["training file"] == ""


def test_names_that_belong_to_other_points_are_not_used(found, tmp_path):
    for names in (FILES[:29], (*FILES, "30.png")):
        a = replace(found.samples[0], record=record(names))
        judgement = replace(found.judgement, samples=[a, found.samples[1]])
        write_suspects(replace(found, judgement=judgement), tmp_path / "copies.csv")
        assert ".png" not in (tmp_path / "copies.csv").read_text()
