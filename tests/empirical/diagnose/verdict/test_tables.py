"""Rows that texts and pages print, from findings made for them."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
from convergen.empirical.diagnose.verdict.judgement import Judgement
from convergen.empirical.diagnose.verdict.tables import (
    class_table,
    closest,
    heading,
    meanings,
    named,
    recovery_rows,
    score_table,
)
from convergen.empirical.measure.intervals import Estimate


class Points:
    def __init__(self, name, count, dim=6):
        self.name, self.count, self.dim = name, count, dim

    def __len__(self):
        return self.count


def estimate(value):
    return Estimate(value, value - 0.125, value + 0.125, 0.1)


@pytest.fixture
def found():
    remark = SimpleNamespace(
        key="sharpness", words="fine detail", ratio=estimate(0.5), bounds=(0.75, 1.25)
    )
    scores = [
        SimpleNamespace(
            key="m", words="mean cosine", meaning="1: copies.", value=estimate(0.75),
            chance=estimate(0.25),
        ),
        SimpleNamespace(
            key="KID", words="a distance", meaning="0: alike.", value=estimate(1.0), chance=None
        ),
    ]  # fmt: skip
    judgement = SimpleNamespace(
        scores=scores, remarks=[remark], reference=Points("unseen", 30),
        view=SimpleNamespace(name="vgg", words="features of VGG"),
        copies=SimpleNamespace(
            ratios=np.array([0.5, 0.25, 0.5, 0.125]), points=np.array([7, 8, 9, 10])
        ),
    )  # fmt: skip
    return SimpleNamespace(
        samples=[Points("mine", 20), Points("other", 10)], training=Points("train", 50),
        law=Points("unseen", 30, 4), judgement=judgement, convergence=estimate(0.5),
        spectrum=SimpleNamespace(participation_ratio=3.14159),
        factor_samples=np.array([0.25, np.nan]),
        latent_recovery=np.array([0.75, 0.5, 0.25]),
        latent_recovery_stderr=np.array([0.125, 0.0625, np.nan]),
        latent_recovery_draws=np.array([0.875, 0.75, 0.5]),
    )  # fmt: skip


def test_the_heading_says_what_was_compared_with_what(found):
    assert heading(found) == (
        "20 samples of mine and 10 samples of other; trained on 50 points of train, reference 30 "
        "points of unseen; 6 dimensions; compared: features of VGG, 4 numbers each, effective "
        "dimension 3.14"
    )
    found.judgement.view.name, found.judgement.reference = "pixels", None
    assert heading(found).endswith(
        "trained on 50 points of train; 6 dimensions, effective dimension 3.14"
    )


def test_factors_have_their_start_or_say_why_not(found):
    assert recovery_rows(found) == (
        ["factor", "Q", "±", "at 20 draws", "n needed"],
        [
            ["1", "0.750", "0.125", "0.875", "1"],
            ["2", "0.500", "0.062", "0.750", "not told apart"],
            ["3", "0.250", "", "0.500", "not visible"],
        ],
    )
    found.factor_samples = np.array([40.4])
    assert [row[-1] for row in recovery_rows(found)[1]] == ["40", "not visible", "not visible"]


def test_the_smallest_ratios_come_first_and_equal_ones_in_order(found):
    assert closest(found, 3) == [(3, 10, 0.125), (1, 8, 0.25), (0, 7, 0.5)]
    assert len(closest(found, 9)) == 4


def test_numbers_stand_beside_those_of_true_points(found):
    assert score_table(found) == (
        ["number", "samples", "real points"],
        [
            ["m", "0.750 [0.625, 0.875]", "0.250 [0.125, 0.375]"],
            ["KID", "1.000 [0.875, 1.125]", "—"],
            ["q", "0.500 [0.375, 0.625]", "—"],
            ["sharpness", "0.500 [0.375, 0.625]", "1"],
        ],
    )
    assert meanings(found) == {
        "m": "mean cosine; 1: copies.",
        "KID": "a distance; 0: alike.",
        "q": "agreement of both models on the same seeds; 1 once they have converged.",
        "sharpness": "fine detail, samples over real points; unremarkable from 0.75 to 1.25.",
    }
    found.convergence = None
    assert [row[0] for row in score_table(found)[1]] == ["m", "KID", "sharpness"]
    assert "q" not in meanings(found)


def test_classes_say_where_there_are_too_few_samples(found):
    def row(label, few, copied, number, training):
        return SimpleNamespace(
            label=label, samples=9, training=training, few=few, copied=copied, copies=number,
            f_mem=number, m=estimate(0.5),
        )  # fmt: skip

    found.classes = [
        row("a", False, True, estimate(0.25), 5), row("b", False, False, estimate(0.25), 5),
        row("c", True, True, None, 0),
    ]  # fmt: skip
    shares = ["0.250 [0.125, 0.375]"] * 2
    assert class_table(found) == (
        ["class", "samples", "training", "suspected", "f_mem", "m", "copied"],
        [
            ["a", "9", "5", *shares, "0.500 [0.375, 0.625]", "yes"],
            ["b", "9", "5", *shares, "0.500 [0.375, 0.625]", "no"],
            ["c", "9", "—", "too few", "too few", "0.500 [0.375, 0.625]", ""],
        ],
    )


@pytest.mark.parametrize(
    ("significant", "low", "lean", "visible", "verdict"),
    [
        (True, 0.51, None, 0.0, "memorising"),
        (True, 0.5, None, 0.0, "partly memorising"),
        (False, 0.9, True, 0.9, "partly memorising"),
        (False, 0.9, False, 0.51, "undecided"),
        (False, 0.9, None, 0.5, "not memorising"),
    ],
)
def test_the_verdict_goes_by_the_lower_end_and_by_what_could_be_seen(
    significant, low, lean, visible, verdict
):
    copies = SimpleNamespace(
        significant=significant, share=SimpleNamespace(low=low), visible=visible
    )
    leaning = None if lean is None else SimpleNamespace(significant=lean)
    judgement = SimpleNamespace(copies=copies, leaning=leaning)
    assert Judgement.verdict.fget(judgement) == verdict


def test_intervals_are_those_of_the_population_where_there_is_one():
    class Column:
        def __init__(self, *values):
            self.values = np.array([values])

    prediction = {"q": Column(2.0, 3.0), "q_low": Column(1.0, 2.5), "q_high": Column(4.0, 5.0)}
    found = SimpleNamespace(prediction=prediction)
    assert Diagnosis.intervals(found, "q") == [(2.0, 1.0, 4.0), (3.0, 2.5, 5.0)]
    del prediction["q_low"], prediction["q_high"]
    assert Diagnosis.intervals(found, "q") == [(2.0, 2.0, 2.0), (3.0, 3.0, 3.0)]
    assert Diagnosis.factor_samples.fget(SimpleNamespace(prediction=None)).shape == (0,)


def test_suspects_keep_their_numbers_in_the_order_of_the_evidence():
    copies = SimpleNamespace(
        suspected=np.array([2, 0]), points=np.array([5, 6, 7]), ratios=np.array([0.5, 0.75, 0.25]),
        chance=np.array([0.1, 0.2, 0.05]),
        look=SimpleNamespace(near=SimpleNamespace(distances=np.array([[1.0, 9], [2, 9], [3, 9]]))),
    )  # fmt: skip
    found = SimpleNamespace(judgement=SimpleNamespace(copies=copies))
    assert Diagnosis.suspects.fget(found) == [(2, 7, 3.0, 0.25, 0.05), (0, 5, 1.0, 0.5, 0.1)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a.png", "b.png", "c\n.png"), "b.png"),
        (("a.png", "b.png"), "1"),
        (None, "1"),
        (("a.png", "b.png", "c.png", "d.png"), "1"),
    ],
)
def test_points_are_named_by_their_files_or_rows(names, expected):
    given = Points("mine", 3)
    given.record = SimpleNamespace(names=names)
    assert named(given, 1) == expected
    given.record = None
    assert named(given, 1) == "1"
