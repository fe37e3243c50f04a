"""What a diagnosis says in words, from findings made for it."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import INVARIANCES
from convergen.empirical.diagnose.verdict.words import (
    _share,
    copying,
    flaws,
    needed,
    quality,
    sentences,
    with_interval,
)
from convergen.empirical.measure.intervals import Estimate


class Sized:
    """Points of which only number, shape and name are asked for."""

    def __init__(self, count, shape=(1, 8, 8), name="reference"):
        self.count, self.shape, self.name = count, shape, name

    def __len__(self):
        return self.count


def estimate(value, low=None, high=None):
    return SimpleNamespace(
        value=value, low=value if low is None else low, high=value if high is None else high
    )


def found(
    *, share=None, lean=None, verdict="not memorising", total=200, shape=(1, 8, 8), faint=0.25,
    visible=0.0125, names=(), reference=True, view="pixels", remarks=(), lost=(), repeated=False,
    convergence=None,
):  # fmt: skip
    copies = SimpleNamespace(significant=share is not None, share=share, faint=faint,
                             visible=visible)  # fmt: skip
    leaning = lean and SimpleNamespace(significant=lean[0], share=estimate(*lean[1:]))
    judgement = SimpleNamespace(
        copies=copies, leaning=leaning, orbit=SimpleNamespace(names=list(names)),
        reference=Sized(50, shape) if reference else None,
        view=SimpleNamespace(name=view, words="features of a network"),
        remarks=[SimpleNamespace(finding=each) for each in remarks],
        sets=SimpleNamespace(repeated=np.array([False, repeated])),
    )  # fmt: skip
    intervals = {
        "convergence_samples": [(500.0, 0.5, 700.4), (np.inf, np.inf, np.inf)],
        "convergence": [(0.625, 0.5, 0.75), (0.9, 0.8, 1.0)],
    }
    return SimpleNamespace(
        judgement=judgement, verdict=verdict, samples=[Sized(total, shape), Sized(7)],
        training=Sized(300, shape), law=Sized(400, shape, "real images"), prediction=object(),
        levels=[0.9, 1.0], intervals=intervals.__getitem__, lost_factors=list(lost),
        convergence=convergence,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            {"share": estimate(1.0, 0.97, 1.0)},
            "All of your 200 images copy a training image (between 194 and 200).",
        ),
        (
            {"share": estimate(0.25, 0.2, 0.3)},
            "About 50 of your 200 images copy a training image (between 40 and 60).",
        ),
        (
            {"share": estimate(0.001, 0.0, 0.01), "shape": (5,)},
            "About 1 of your 200 samples copies a training point (between 1 and 2).",
        ),
        (
            {"share": estimate(0.01, 0.01, 0.02), "shape": (2, 4, 4, 4)},
            "About 2 of your 200 samples copy a training point (between 2 and 4).",
        ),
        (
            {"lean": (True, 0.75, 0.7, 0.8)},
            "None of your 200 images is a plain copy, but 75 % of them lie nearer to the training "
            "set than to unseen data (70 % to 80 %; 50 % would be fair): the model partly "
            "remembers its data.",
        ),
        (
            {"verdict": "undecided"},
            "200 images are too few to say whether the model copies: none of them does, but a "
            "model half of whose samples are copies could show as many.",
        ),
        (
            {"lean": (False, 0.75, 0.4, 0.8)},
            "None of your 200 images copies a training image, as far as can be seen.",
        ),
        (
            {"shape": (5,)},
            "None of your 200 samples copies a training point, as far as can be seen.",
        ),
    ],
)
def test_the_first_line_says_how_many_are_copies(case, words):
    assert copying(found(**case)) == words


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({}, "sharpness, variety and variance of the samples are like those of real data."),
        ({"remarks": ["", "blurred"]}, "compared with real data, the samples are blurred."),
        (
            {"remarks": ["blurred", "too alike"], "lost": [2]},
            "compared with real data, the samples are blurred, too alike and without the data's "
            "factor 2.",
        ),
        (
            {"lost": [2, 5]},
            "compared with real data, the samples are without the data's factors 2, 5.",
        ),
    ],
)
def test_the_second_line_names_every_flaw(case, words):
    assert quality(found(**case)) == f"Quality: {words}"
    assert len(flaws(found(**case))) == len([each for each in case.get("remarks", ()) if each]) + (
        "lost" in case
    )


def test_how_many_samples_have_their_intervals_and_where_they_come_from():
    assert needed(found()) == (
        "How many images: you trained on 300. Two linear models, each trained on 300 other images "
        "of this kind, would agree to q = 0.62 (0.50 to 0.75), where 1 is the same model. q = 0.9 "
        "takes 500 images (1 to 700); q = 1 is reached at no n. Photographs and digits obey this "
        "theory within about 10 %; trained networks may need several times as many images (U-Nets "
        "on digits: four times for q = 0.9). Estimated from 400 points of real images."
    )


@pytest.mark.parametrize(
    ("shape", "plain"),
    [((1, 8, 8), "pixels"), ((5,), "points as they are"), ((2, 4, 4, 4), "points as they are")],
)
def test_no_theory_speaks_of_features(shape, plain):
    case = found(shape=shape, view="vgg")
    case.prediction = None
    assert needed(case) == (
        f"How many samples: the theory speaks of {plain} and of whitened points, not of features "
        "of a network: measure without --features to read it."
    )


PLACE = "Only copies in the same position and brightness were looked for."


def missed(what, faint="if fewer than 25 %"):
    return (
        f"What may have been missed: plain copies, if they are fewer than 1.2 % of the {what}; "
        f"copies changed as by compression or noise, {faint}."
    )


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"shape": (5,)}, f"{missed('samples')} {PLACE}"),
        (
            {"shape": (2, 4, 4, 4), "view": "dinov2"},
            f"{missed('samples')} {PLACE} Distances are those of features of a network.",
        ),
        (
            {"shape": (5,), "reference": False, "view": "vgg", "faint": 1.0},
            f"{missed('samples', 'however many they are')} {PLACE} Without unseen data, only "
            "copies of single training points can be seen. Distances are those of features of a "
            "network.",
        ),
        (
            {"share": estimate(0.5), "names": ["mirror"], "faint": 0.0512},
            f"{missed('images', 'if fewer than 5.1 %')} Copies that differ in left and right "
            "count, too.",
        ),
        (
            {"share": estimate(0.5), "names": ["mirror", "turn"], "faint": 0.00125},
            f"{missed('images', 'if fewer than 0.12 %')} Copies that differ in left and right or "
            "quarter turns count, too.",
        ),
    ],
)
def test_what_may_have_been_missed_is_said(case, words):
    assert sentences(found(**case))["certainty"] == words


def test_changes_that_hide_copies_are_named_with_the_option_that_looks_for_them():
    said = sentences(found(names=["mirror"]))["certainty"]
    turn, shift, crop, contrast = (
        INVARIANCES[each].words for each in ("turn", "shift", "crop", "contrast")
    )
    assert f"Those changed by {turn}, {shift}, {crop} or {contrast} may have been missed" in said
    assert "--invariant mirror,turn,shift,crop,contrast looks for them." in said
    said = sentences(found(names=["mirror", "turn", "crop", "contrast"]))["certainty"]
    assert "may have been missed, too: --invariant mirror,turn,crop,contrast,shift looks" in said
    assert " or " not in said.split("Those changed by")[1].split(":")[0]
    everything = found(names=["turn", "shift", "crop", "contrast"])
    assert "Those changed by" not in sentences(everything)["certainty"]


@pytest.mark.parametrize(
    ("case", "steps"),
    [
        ({}, ["nothing stands out; more samples would show smaller shares of copies"]),
        ({"verdict": "undecided"}, ["generate a few hundred samples and measure again"]),
        (
            {"share": estimate(0.5)},
            [
                "look at the suspected copies beside their training points",
                "train on more data or stop earlier",
            ],
        ),
        (
            {"share": estimate(0.5), "repeated": True, "reference": False, "lost": [1]},
            [
                "look at the suspected copies beside their training points",
                "remove repeated training points: they are copied first",
                "keep some data unseen and give them as --reference",
                "look at samples beside real data, and train longer or change the model",
            ],
        ),
        (
            {"share": estimate(0.5), "lean": (True, 0.7), "repeated": True},
            [
                "look at the suspected copies beside their training points",
                "remove repeated training points: they are copied first",
            ],
        ),
        (
            {"lean": (True, 0.7)},
            ["train on more data, stop earlier, or use a smaller model"],
        ),
        ({"repeated": True}, ["remove repeated training points: they are copied first"]),
    ],
)
def test_what_to_do_follows_from_what_was_found(case, steps):
    assert sentences(found(**case))["todo"] == f"What to do: {'; '.join(steps)}."


def test_convergence_is_measured_or_asked_for():
    said = sentences(found())
    assert list(said) == ["copying", "quality", "needed", "todo", "certainty", "converged"]
    assert said["converged"].startswith("Convergence was not measured: that takes the")
    measured = Estimate(0.8125, 0.75, 0.875, 0.03)
    assert with_interval(measured) == "0.812 [0.750, 0.875]"
    assert sentences(found(convergence=measured))["converged"] == (
        "Two models agree to q = 0.812 [0.750, 0.875]."
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100 %"), (0.1, "10 %"), (0.099, "9.9 %"), (0.01, "1.0 %"), (0.0099, "0.99 %"),
        (0.0012, "0.12 %"),
    ],
)  # fmt: skip
def test_a_share_has_two_digits(share, words):
    assert _share(share) == words
