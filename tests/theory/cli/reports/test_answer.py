"""What is said of the factors that a pilot shows."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.cli.reports.answer import factors, needed, repeats_text, trust, verdict

NAN = np.nan


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ([], "So few points show no leading factor: none can be told apart from the others."),
        ([20.0], "These points show factor 1: recovered from n = 20 (10 to 40) on; further"),
        ([NAN], "These points show factor 1, but not from which n on it is recovered; further"),
        ([NAN, NAN], "show factors 1 to 2, but not from which n on they are recovered; further"),
        (
            [20.0, NAN],
            "show factors 1 to 2: factor 1 recovered from n = 20 (10 to 40) on, the others from an "
            "n that these points do not tell; further ones",
        ),
        (
            [20.0, 30.0],
            "factors 1 to 2: factor 1 recovered from n = 20 (10 to 40) on, factor 2 from n = 30 "
            "(15 to 60) on; further",
        ),
        ([NAN, 30.0], "factor 2 recovered from n = 30 (15 to 60) on, the others from an n"),
    ],
)
def test_only_factors_with_a_known_start_have_a_number(starts, words):
    value = np.array(starts)
    answer = SimpleNamespace(factors=SimpleNamespace(value=value, low=value / 2, high=value * 2))
    assert words in factors(answer)
    assert "nan" not in factors(answer)


def test_a_start_that_is_known_roughly_is_a_range():
    value, low = np.array([11.0, NAN, NAN]), np.array([10.0, 15.0, NAN])
    high = np.array([13.0, 50.0, NAN])
    words = factors(SimpleNamespace(factors=SimpleNamespace(value=value, low=low, high=high)))
    assert (
        "factor 1 recovered from n = 11 (10 to 13) on, factor 2 from an n between 15 and 50 on, "
        "the others from an n that these points do not tell" in words
    )
    assert "nan" not in words


def test_a_long_list_of_factors_ends_with_dots():
    value = np.arange(10.0, 70.0, 10.0)
    for count, dots in ((5, False), (6, True)):
        few = value[:count]
        found = SimpleNamespace(factors=SimpleNamespace(value=few, low=few, high=few))
        assert ("…" in factors(found)) == dots
        assert "factor 5 from n = 50 (50 to 50) on" in factors(found)
        assert "factor 6" not in factors(found)
        assert "from an n" not in factors(found)


@pytest.mark.parametrize(
    ("today", "state", "who"),
    [
        (0.49, "are too few", "differ: each mostly repeats its own training set"),
        (0.5, "are not quite enough", "agree in part"),
        (0.89, "are not quite enough", "agree in part"),
        (0.9, "are enough", "agree almost entirely"),
    ],
)
def test_the_verdict_goes_by_the_agreement_of_today(today, state, who):
    answer = SimpleNamespace(points=30, today=SimpleNamespace(value=today))
    assert verdict(answer) == (
        f"30 points like these {state}: two linear models, each trained on as many of its own, "
        f"would {who}."
    )


def test_levels_have_their_samples_with_an_interval_of_no_less_than_one():
    answer = SimpleNamespace(
        today=SimpleNamespace(value=0.25, low=0.125, high=0.5),
        needed=SimpleNamespace(
            value=np.array([2.0, np.inf]), low=np.array([0.5, 9.0]), high=np.array([8.0, np.inf])
        ),
    )
    assert needed(answer, [0.5, 1.0]) == (
        "Their agreement would be q = 0.250 (0.125 to 0.500); 1 is the same model. In training "
        "samples, q = 0.5 takes 2 (1 to 8), q = 1 is reached at no finite n."
    )


@pytest.mark.parametrize(
    ("exact", "near", "words"),
    [
        (0, 0, ""),
        (1, 0, "1 of the points repeats an earlier one exactly"),
        (2, 0, "2 of the points repeat an earlier one exactly"),
        (0, 1, "1 of the points nearly repeats another one"),
        (
            3, 2, "3 of the points repeat an earlier one exactly and 2 of the points nearly repeat "
            "another one",
        ),
    ],
)  # fmt: skip
def test_repetitions_are_counted(exact, near, words):
    end = ", which makes all of this too optimistic: remove repetitions."
    assert repeats_text(exact, near) == (f" Beware: {words}{end}" if words else "")


def trusted(sampling, unseen, excess=(1.0, 1.0, 1.0), by_amplitudes=1.0, more=np.inf):
    return trust(SimpleNamespace(
        points=30, more=more, repeated=0, nearly_repeated=0, by_amplitudes=by_amplitudes,
        needed=SimpleNamespace(sampling=np.array(sampling), unseen=np.array(unseen)),
        excess=np.array(excess),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("sampling", "unseen", "cause"),
    [
        ([0.3, NAN], [0.2, NAN], "which points happened to be drawn"),
        ([0.3, 0.4], [0.2, 0.5], "what 30 points cannot show"),
        ([0.2, 0.9], [0.3, 0.1], "which points happened to be drawn"),
    ],
)
def test_the_widest_interval_has_its_cause(sampling, unseen, cause):
    words = trusted(sampling, unseen)
    assert "in brackets 90 % intervals" in words
    assert words.endswith(
        f"The widest interval comes from {cause}; no pilot of a feasible size halves it."
    )
    assert trusted(sampling, unseen, more=600.0).endswith("; about 600 points would halve it.")


@pytest.mark.parametrize(
    ("excess", "by_amplitudes", "words"),
    [
        ((1.0, 1.0, 1.0), 1.0, "halves it."),
        ((1.1, 0.9, 1.3), 1.0, " models disagree as much as on Gaussian data."),
        ((1.1, 1.004, 1.3), 1.0, " models disagree as much as on Gaussian data."),
        ((0.9, 0.8, 0.996), 1.0, " models disagree as much as on Gaussian data."),
        ((1.1, 1.006, 1.3), 1.04, "ways other than amplitude."),
        ((0.9, 0.8, 0.994), 0.9, "points differ in amplitude (contrast, brightness)."),
        (
            (2.0, 1.5, 3.0), 1.5, " Models disagree 2 times (1.5 to 3) as much as on Gaussian data "
            "of the same covariance: points differ in amplitude (contrast, brightness).",
        ),
        ((2.0, 1.5, 3.0), 1.4, "the data are far from Gaussian in ways other than amplitude."),
        ((0.5, 0.4, 0.6), 0.7, "points differ in amplitude (contrast, brightness)."),
        ((0.5, 0.4, 0.6), 0.8, "the data are far from Gaussian in ways other than amplitude."),
    ],
)  # fmt: skip
def test_what_is_not_gaussian_is_put_down_to_what_explains_more(excess, by_amplitudes, words):
    assert trusted([0.3], [0.2], excess, by_amplitudes).endswith(words)
