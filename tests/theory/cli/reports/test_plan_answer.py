"""What a plan says in words, sentence by sentence."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.cli.reports.plan_answer import plan_answers, plan_trust, standing
from convergen.theory.pilot.interval import Interval
from convergen.theory.quantities.labelled import Labelled

INF, NAN = np.inf, np.nan


def interval(value, low=None, high=None):
    value = np.asarray(value, float)
    low, high = (value if end is None else np.asarray(end, float) for end in (low, high))
    return Interval(value, low, high, np.zeros_like(value), np.zeros_like(value))


def request(pilot=None, affordable=None, wishes=()):
    words = [SimpleNamespace(words=wish, name=wish) for wish in wishes]
    return SimpleNamespace(pilot=pilot, have=100.0, affordable=affordable, wishes=words)


def pilot(factors=2, amplitudes=1, repeated=0, nearly=0):
    return SimpleNamespace(
        points=100, repeated=repeated, nearly_repeated=nearly, amplitudes=np.ones(amplitudes),
        factors=SimpleNamespace(eigenvalues=np.ones(factors)),
    )  # fmt: skip


def result(samples=(100.0, 150.0, 400.0), ends=False):
    found = Labelled()
    found.mark("samples", "samples", samples)
    numbers = {"convergence": [0.5, 0.6, 0.75], "convergence_gain": [0.0, 0.1, 0.25]}
    for key, values in numbers.items():
        values = np.array(values[: len(samples)])
        found.add(key, values)
        if ends:
            for end, shift in (("low", -0.125), ("high", 0.125)):
                found.variables[f"{key}_{end}"] = ("samples",), values + shift, {}
    return found


def answer(halfway=None, together=NAN, wishes=(), more=NAN):
    found = together if isinstance(together, Interval) else interval(together)
    wishes = wishes if isinstance(wishes, Interval) else interval(wishes)
    return SimpleNamespace(halfway=halfway, together=found, wishes=wishes, more=more)


TODAY = "Two linear models, each trained on 100 samples, would agree to q = 0.500; 1 is the same "


def test_a_law_that_is_known_has_numbers_without_intervals():
    assert plan_answers(request(), result(), answer(interval(140.0))) == [
        TODAY + "model.",
        "4 times as many would gain 0.25, half of it with the first 40.",
    ]
    assert plan_answers(request(), result((100.0,)), answer()) == [TODAY + "model."]
    assert plan_answers(request(), result((100.0, 150.0)), answer())[1:] == [
        "1.5 times as many would gain 0.1."
    ]
    assert plan_answers(request(), result(), answer())[1] == "4 times as many would gain 0.25."


def test_a_budget_pays_for_what_is_beyond_the_samples_at_hand():
    (_, gains) = plan_answers(request(affordable=300.0), result(), answer(interval(100.2)))
    assert gains == (
        "The budget pays for 300 more, which would gain 0.25, half of it with the first 1."
    )


def test_a_pilot_has_intervals_everywhere():
    found = plan_answers(
        request(pilot(), wishes=["q = 0.9"]), result(ends=True),
        answer(interval(140.0, 90.0, 190.0), interval(900.0, 700.0, 1200.0), [900.0]),
    )  # fmt: skip
    assert found == [
        TODAY.replace("0.500", "0.500 (0.375 to 0.625)") + "model.",
        "4 times as many would gain 0.25 (0.125 to 0.375), half of it with the first 40 (1 to 90).",
        "It takes 900 samples (700 to 1200) in all until q = 0.9.",
    ]


def test_wishes_are_listed_and_placed():
    known = request(affordable=50.0, wishes=["a", "b", "c"])
    found = plan_answers(known, result(), answer(together=120.0, wishes=[1.0, 2.0, 120.0]))
    assert found[-1] == "It takes 120 samples in all until a, b and c: within the budget."
    two = request(affordable=50.0, wishes=["a", "b"])
    found = plan_answers(two, result(), answer(together=151.0, wishes=[1.0, 151.0]))
    assert found[-1] == "It takes 151 samples in all until a and b: beyond the budget."


@pytest.mark.parametrize(
    ("factors", "shown"), [(0, "no factors"), (1, "one factor"), (2, "2 factors")]
)
def test_what_a_pilot_does_not_show_is_said(factors, shown):
    asked = request(pilot(factors), wishes=["a", "b"])
    found = plan_answers(asked, result(ends=True), answer(wishes=[NAN, 3.0]))
    assert found[-1] == (
        f"From which n a cannot be said: these points show {shown} and no further one."
    )


@pytest.mark.parametrize(
    ("ends", "affordable", "place"),
    [
        ((NAN, NAN, NAN), None, "unseen in the pilot"),
        ((INF, INF, INF), None, "at no n"),
        ((90.0, 80.0, 100.0), None, "reached"),
        ((90.0, 80.0, 101.0), None, "perhaps reached"),
        ((110.0, 100.0, 120.0), None, "perhaps reached"),
        ((110.0, 101.0, 150.0), None, ""),
        ((110.0, 101.0, 150.0), 50.0, "within the budget"),
        ((110.0, 101.0, 151.0), 50.0, "perhaps within the budget"),
        ((155.0, 150.0, 160.0), 50.0, "perhaps within the budget"),
        ((155.0, 151.0, 160.0), 50.0, "beyond the budget"),
    ],
)
def test_a_size_stands_where_its_interval_lies(ends, affordable, place):
    assert standing(request(affordable=affordable), interval(*ends)) == place


def test_what_a_pilot_leaves_open_is_said():
    assert plan_trust(request(), answer(more=3.0)) == ""
    assert plan_trust(request(pilot()), answer(more=250.0)) == (
        "The 100 points were read as a sample of the law behind them; 90 % intervals are in "
        "parentheses. About 250 points would halve the widest interval."
    )
    words = plan_trust(request(pilot(amplitudes=2, repeated=1)), answer(more=INF))
    assert words == (
        "The 100 points were read as a sample of the law behind them; 90 % intervals are in "
        "parentheses. No pilot of a feasible size halves the widest interval. Points differ in "
        "amplitude (contrast, brightness): q, q* and the test error account for that, the recovery "
        "of factors does not. Beware: 1 of the points repeats an earlier one exactly, which makes "
        "all of this too optimistic: remove repetitions."
    )
