"""A generator that begins to copy at a known step."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.checkpoints import measure as module
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
from convergen.empirical.measure.intervals import Estimate
from convergen.figures.plots.checkpoints import draw
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws
from tests.empirical.diagnose.checkpoints.made import checkpoint

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
    for owner, name in ((honest_sets, "near_groups"), (measured, "_mean")):
        real = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda *given, real=real, name=name: called.append(name) or real(*given)
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


def test_what_is_followed_over_training():
    """Suspects that chance makes as well are none, up to what could be."""
    clean, copying = checkpoint(10, 1), checkpoint(20, 2)
    assert clean.numbers()["copied"] == Estimate(0.0, 0.0, 0.375, 0.125)
    assert copying.numbers()["copied"] == copying.judgement.copies.share
    for each in (clean, copying):
        numbers = each.numbers()
        assert list(numbers) == ["copied", "f_mem", "m", "variance", "nearer", "q"]
        scores = {score.key: score.value for score in each.judgement.scores}
        assert (numbers["f_mem"], numbers["m"]) == (scores["f_mem"], scores["m"])
        assert numbers["nearer"] == each.judgement.leaning.share
        assert (numbers["variance"], numbers["q"]) == (each.variance, each.convergence)
    alone = checkpoint(10, 1, reference=False, pair=False).numbers()
    assert list(alone) == ["copied", "f_mem", "m", "variance"]


@pytest.fixture
def asked(monkeypatch):
    """What is judged, without judging it; all verdicts are those of `checkpoint`."""
    seen = {}

    def each(groups, training, reference, **options):
        seen.update(groups=groups, sets=(training, reference), options=options)
        return [checkpoint(10, place).judgement for place in range(len(groups))]

    def overlaps(judgement, rng, *, center):
        seen.setdefault("draws", []).append(rng.integers(10**9))
        seen["center"] = center
        return SimpleNamespace(variance=["variance", "other"], convergence="q")

    monkeypatch.setattr(module, "judge_each", each)
    monkeypatch.setattr(module, "overlaps", overlaps)
    return seen


def test_one_model_or_two_at_each_step(asked):
    a, b = ([points(f"{name}{n}", np.ones((4, 2))) for n in range(3)] for name in "ab")
    found = measure_checkpoints([1, 2, 5], a, "t", "u", features="pixels")
    assert asked["groups"] == [[a[0]], [a[1]], [a[2]]]
    assert asked["options"] == {"seed": 0, "features": "pixels"}
    assert asked["center"] is True
    assert asked["draws"] == list(np.random.default_rng(0).integers(10**9, size=3))
    assert found.steps == [1, 2, 5]
    assert (found.onset.after, found.onset.by, found.seed) == (2, 5, 0)
    assert found.onset.blind == 0.0625
    assert [each.variance for each in found.found] == ["variance"] * 3
    measure_checkpoints([1, 2, 5], a, "t", None, b, center=False, seed=3)
    assert asked["groups"] == [[a[0], b[0]], [a[1], b[1]], [a[2], b[2]]]
    assert asked["center"] is False
    assert asked["options"]["seed"] == 3


@pytest.mark.parametrize(
    ("steps", "first", "second", "words"),
    [
        ([1, 2], 3, 0, "there are 2 steps, 3 sets of samples of A and 0 of B"),
        ([1, 2], 2, 1, "there are 2 steps, 2 sets of samples of A and 1 of B"),
        ([2, 1], 2, 0, r"steps \[2, 1\] do not rise"), ([1, 1], 2, 0, r"steps \[1, 1\] do not"),
    ],
)  # fmt: skip
def test_steps_rise_and_each_has_its_sets(asked, steps, first, second, words):
    sets = [points("x", np.ones((4, 2)))] * 3
    with pytest.raises(InputError, match=words):
        measure_checkpoints(steps, sets[:first], "t", None, sets[:second])


def test_samples_of_both_models_pair_at_each_step(asked):
    a, b = points("a", np.ones((4, 2))), points("b", np.ones((3, 2)))
    with pytest.raises(InputError, match="a holds 4 samples, b 3"):
        measure_checkpoints([1, 2], [a, a], "t", None, [a, b])
