"""What a prediction says in words, each line from numbers made for it."""

import re

import numpy as np
import pytest

from convergen.theory.cli.reports.prediction_words import (
    eigenspaces,
    excess_lines,
    factor_lines,
    first_words,
    memorisation_lines,
    precision,
    recovery_lines,
    threshold_lines,
    trivial,
)
from convergen.theory.quantities.labelled import Labelled


def joined(lines):
    return " ".join(" ".join(lines).split())


def factors(eigenvalue, multiplicity, dimension, **attributes):
    found = Labelled(attributes={"dimension": dimension, **attributes})
    found.mark("factor", "factor", np.arange(1, len(eigenvalue) + 1))
    found.mark("eigenvalue", "factor", eigenvalue)
    found.mark("multiplicity", "factor", multiplicity)
    found.add("recovery_threshold", np.arange(10.0, 10.0 + len(eigenvalue)))
    return found


def test_factors_that_chance_half_recovers_are_trivial():
    found = factors([3.0, 2.0, 2.0, 1.0], [1, 10, 10, 9], 20)
    assert trivial(found).tolist() == [False, True, True, False]
    assert joined(factor_lines(found)).startswith(
        "Recovered in the limit of large d: factor 1 from n = 10 on, factor 4 from n = 13 on. At "
    )
    seen = factors([3.0, 2.0, 1.0], [1, 1, 1], 20, visible_factors=2)
    assert trivial(seen).tolist() == [False, False, True]
    assert "factor 3" not in joined(factor_lines(seen))


def test_groups_of_equal_eigenvalues_get_a_line_each():
    found = factors([3.0, 2.0, 2.0, 1.0], [1, 2, 2, 4], 20)
    assert eigenspaces(found) == [
        "Q2–3: overlap with an eigenspace of dimension 2; chance is 0.1.",
        "Q4: overlap with an eigenspace of dimension 4; chance is 0.2.",
    ]
    assert eigenspaces(factors([1.0, 1.0], [19, 19], 20)) == [
        "Factors 1–2: equal variance in 19 of 20 directions, nothing to recover."
    ]
    assert eigenspaces(factors([2.0, 1.0], [1, 19], 20)) == [
        "Factor 2: equal variance in 19 of 20 directions, nothing to recover."
    ]
    assert eigenspaces(factors([2.0, 1.0], [1, 19], 20, visible_factors=1)) == []


def test_no_recovery_is_no_line():
    assert recovery_lines({}) == []
    assert factor_lines(factors([1.0], [20], 20)) == []


@pytest.mark.parametrize(
    ("levels", "sizes", "words"),
    [
        ([0.5, 0.8, 0.99], [10.0, 40.0, 400.0], "about 400 training samples .* q = 0.99;"),
        ([0.5, 0.7, 0.85], [10.0, 40.0, 90.0], "about 90 training samples .* q = 0.85;"),
        ([0.85, 0.99], [40.0, 400.0], "about 40 training samples .* q = 0.85;"),
        ([0.5, 0.9, 0.99], [0.2, 40.0, 400.0], "about 40 training samples .* q = 0.9;"),
        ([0.9], [0.3], "about 1 training samples .* q = 0.9;"),
    ],
)
def test_the_first_sentence_takes_the_level_nearest_to_nine_tenths(levels, sizes, words):
    found = Labelled()
    found.mark("level", "level", levels)
    found.add("convergence_samples", sizes)
    assert re.search(words, first_words(found, None))
    assert joined(threshold_lines(found)).startswith(
        f"In training samples, q = {levels[0]:g} takes"
    )


@pytest.mark.parametrize(
    ("memorisation", "words"),
    [
        ([0.9, 0.6, 0.524], "no nearer to the training set .* from n = 30 on, of the n listed"),
        ([0.9, 0.524, 0.6], "At n = 30 samples are still nearer"),
        ([0.524, 0.6, 0.5], "from n = 30 on"),
        ([0.6, 0.5, 0.5], "from n = 20 on"),
        ([0.524, 0.524, 0.4], "at every n listed"),
    ],
)
def test_samples_are_quiet_from_the_last_n_at_which_they_are_not(memorisation, words):
    found = Labelled()
    found.mark("samples", "samples", [10, 20, 30])
    found.add("memorisation", memorisation)
    found.add("memorisation_baseline", [0.5, 0.5, 0.5])
    assert re.search(words, joined(memorisation_lines(found)))


def test_excess_and_precision_are_said_where_there_are_some():
    found = Labelled()
    found.add("memorisation_stderr", [0.0, 0.0])
    assert excess_lines(found) == precision(found) == []
    found.add("memorisation_stderr", [0.0, 0.0123])
    assert precision(found) == ["Standard errors of m are at most 0.01."]
    found.attributes = {"gap_over_gaussian": 1.234, "amplitude_second_moment": 1.0}
    assert excess_lines(found) == ["", "Points differ in amplitude no more than Gaussian ones do."]
    found.attributes["amplitude_second_moment"] = 1.2
    blank, words = excess_lines(found)
    assert blank == ""
    assert words.startswith("At large n, 1 − q is expected 1.23 times the Gaussian value, because")


def test_no_number_of_samples_is_below_one():
    found = Labelled()
    found.mark("level", "level", [0.5, 0.95, 1.0])
    found.add("convergence_samples", [0.2, 81.4, np.inf])
    assert threshold_lines(found) == [
        "In training samples, q = 0.5 takes 1, q = 0.95 takes 81, q = 1 is reached at no finite n."
    ]
    assert joined(recovery_lines({1: 0.48, 2: 20.2, 4: np.inf})[:1]) == (
        "Recovered in the limit of large d: factor 1 from n = 1 on, factor 2 from n = 20 on, "
        "factor 4 at no n."
    )
    found.mark("level", "level", [1.0])
    found.add("convergence_samples", [np.inf])
    assert first_words(found, None) == (
        "Two linear models trained on different data never reach q = 1."
    )


def test_a_group_of_three_is_named_by_its_first_and_last():
    found = factors([5.0, 3.0, 3.0, 3.0, 1.0], [1, 3, 3, 3, 6], 12)
    assert eigenspaces(found) == [
        "Q2–4: overlap with an eigenspace of dimension 3; chance is 0.25.",
        "Factor 5: equal variance in 6 of 12 directions, nothing to recover.",
    ]
