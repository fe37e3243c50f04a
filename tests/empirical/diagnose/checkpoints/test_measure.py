"""A generator that begins to copy at a known step."""

import json

import numpy as np
import pytest

from convergen.empirical.diagnose.checkpoints.arrays import judge_checkpoints
from convergen.empirical.diagnose.checkpoints.measure import measure_checkpoints
from convergen.empirical.diagnose.checkpoints.report import (
    checkpoints_dataset,
    checkpoints_json,
    checkpoints_text,
)
from convergen.empirical.diagnose.comparable import honest_sets
from convergen.empirical.diagnose.evidence import measured
from convergen.empirical.diagnose.verdict.judgement import judge, judge_each
from convergen.figures.plots.checkpoints import draw
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws

STEPS, SHARES = (100, 300, 1000, 5000), (0.0, 0.0, 0.2, 1.0)


def points(name, rows):
    return Points(name, rows, rows.shape[1:])


@pytest.fixture(scope="module")
def sets():
    """Samples of two models that share more and more of their noise, and real points."""
    rng = np.random.default_rng(0)
    rows = laws.digits(80 * 6, rng)
    training, unseen, *fresh = np.split(rows, 6)
    first, second = [], []
    for k, (step, share) in enumerate(zip(STEPS, SHARES, strict=True)):
        x = fresh[k].copy()
        copies = round(share * 80)
        x[:copies] = training[rng.integers(80, size=copies)]
        x += 0.02 * rng.standard_normal(x.shape)
        first.append(points(f"a{step}", x))
        second.append(points(f"b{step}", x + (0.8 - 0.2 * k) * rng.standard_normal(x.shape)))
    return first, second, points("t", training), points("u", unseen)


@pytest.fixture(scope="module")
def found(sets):
    first, second, training, unseen = sets
    return measure_checkpoints(STEPS, first, training, unseen, second)


def test_the_step_at_which_copying_begins(found):
    assert (found.onset.after, found.onset.by) == (300, 1000)
    verdicts = [each.judgement.verdict for each in found.found]
    assert verdicts == ["not memorising"] * 2 + ["partly memorising", "memorising"]
    copied = [each.numbers()["copied"] for each in found.found]
    for value, share in zip(copied, SHARES, strict=True):
        assert value.low <= share <= value.high
    assert copied[0].value == 0.0
    q = [each.convergence.value for each in found.found]
    assert q == sorted(q)
    assert q[-1] > 0.8


def test_real_points_are_looked_at_once(sets, monkeypatch):
    first, _, training, unseen = sets
    called = []
    for module, name in ((honest_sets, "near_groups"), (measured, "_mean")):
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *given, real=real, name=name: called.append(name) or real(*given)
        )
    copied = points("files", training.rows[:20])
    judged = list(judge_each([[first[0]], [copied], [first[1]]], training, unseen))
    assert sorted(called) == ["_mean", "_mean", "near_groups"]  # both sizes of images
    assert [len(each.sets.samples) for each in judged] == [0, 20, 0]
    words = [" ".join(each.notes) for each in judged]
    assert ["20 of 20 samples equal" in each for each in words] == [False, True, False]


def test_numbers_are_those_of_each_alone(sets, found):
    first, _, training, unseen = sets
    for own, each in zip(first, found.found, strict=True):
        alone = judge([own], training, unseen)
        np.testing.assert_array_equal(each.judgement.copies.ratios, alone.copies.ratios)
        assert each.judgement.copies.evidence == alone.copies.evidence
        assert each.judgement.scores == alone.scores


def test_text_json_and_netcdf_say_the_same(found, tmp_path):
    text = checkpoints_text(found)
    assert text.startswith("Copying begins between steps 300 and 1000")
    said = json.loads(json.dumps(checkpoints_json(found)))
    curves = checkpoints_dataset(found)
    assert (
        [each["step"] for each in said["checkpoints"]] == list(STEPS) == curves.step.values.tolist()
    )
    for key in ("copied", "f_mem", "m", "nearer", "variance", "q"):
        for end, name in (("value", key), ("low", f"{key}_low"), ("high", f"{key}_high")):
            numbers = [each[key][end] for each in said["checkpoints"]]
            np.testing.assert_allclose(curves[name], numbers)
        assert f"{numbers[-1]:.3f}" in text
    assert said["copying_begins"] == {"after": 300, "by": 1000, "seemed_to_copy_before": []}
    assert curves.attrs["copying_begins_by"] == 1000


def test_the_picture_shows_every_curve_and_where_copying_begins(found):
    left, right = draw(checkpoints_dataset(found)).axes
    labels = {text.get_text() for text in left.get_legend().get_texts()}
    assert labels == {"copying begins", "copies", "$f_{mem}$", "nearer to the training set"}
    assert {"$m$", "$q$"} < {text.get_text() for text in right.get_legend().get_texts()}
    (span,) = left.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (300.0, 1000.0)
    assert left.get_xscale() == "log"


def test_arrays_by_step_give_the_same(sets, found):
    """In whatever order the steps come."""
    first, second, training, unseen = sets
    by_step = [
        dict(zip(STEPS[::-1], (x.rows for x in each[::-1]), strict=True))
        for each in (first, second)
    ]
    curves = judge_checkpoints(by_step[0], training.rows, unseen.rows, by_step[1])
    assert curves.drop_attrs().equals(checkpoints_dataset(found).drop_attrs())
    assert curves.attrs["copying_begins_by"] == 1000
    with pytest.raises(InputError, match="steps of both models differ"):
        judge_checkpoints(by_step[0], training.rows, unseen.rows, {100: by_step[1][100]})


@pytest.mark.parametrize(
    ("steps", "second", "words"),
    [((1, 2, 3), 0, "there are 3 steps, 4 sets"), ((1, 3, 2, 4), 0, "do not rise"),
     (STEPS, 3, "and 3 of B")],
)  # fmt: skip
def test_steps_must_fit(sets, steps, second, words):
    first, other, training, unseen = sets
    with pytest.raises(InputError, match=words):
        measure_checkpoints(steps, first, training, unseen, other[:second])
