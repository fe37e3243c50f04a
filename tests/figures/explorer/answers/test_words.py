import re

import numpy as np
import pytest

from convergen.figures.explorer.answers import words
from convergen.figures.explorer.answers.curves import moving, settled
from convergen.theory.forecast.subject import Subject
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.sources.source import Source
from convergen.theory.spectra.spectrum import Spectrum
from tests.figures.explorer.answers.test_curves import data


def curves(q, m=None, fresh=None):
    result = Labelled()
    result.mark("samples", "samples", [10.0])
    result.add("convergence", [q])
    if m is not None:
        result.add("memorisation", [m])
        result.add("memorisation_baseline", [fresh])
    return result


@pytest.mark.parametrize(
    ("q", "m", "fresh", "state", "copies"),
    [
        (0.49, 0.9, 0.2, "disagree", "nearer to their training"),
        (0.5, 0.211, 0.2, "half agree", "nearer to their training"),
        (0.89, 0.209, 0.2, "half agree", "no nearer to training"),
        (0.9, 0.2, 0.2, "have converged", "no nearer to training"),
    ],
)
def test_the_answer_says_where_one_stands(q, m, fresh, state, copies):
    text = words.answer_words(curves(q, m, fresh), 10)
    assert text.startswith("With <b>10</b> samples the two models")
    assert state in text
    assert f"lies {copies}" in text


def test_without_memorisation_nothing_is_said_of_copies():
    assert "training points" not in words.answer_words(curves(0.7), 10)


@pytest.mark.parametrize("population", [False, True])
def test_the_page_says_whether_numbers_are_for_a_sample(population):
    subject = Subject.of(data(np.random.default_rng(3)), population=population)
    text = words.subject_words(subject)
    assert ("for the law behind them, with a 90 % interval" in text) == (not population)
    assert ("taken for <b>all there is</b>" in text) == population
    assert "60 points" in text
    assert "<b>mine</b>, 6 dimensions" in text


def test_a_known_law_is_no_estimate():
    law = Subject(Source("law", lambda: Spectrum.isotropic(5)))
    assert "no number is an estimate from data" in words.subject_words(law)


def numbers(text):
    return {
        key: float(value) for key, value in re.findall(r'data-key="(.*?)" data-value="(.*?)"', text)
    }


def test_the_table_holds_every_number_of_a_known_law():
    subject = Subject(Source("law", lambda: Spectrum.spiked(9, [8.0])))
    result = settled(subject, subject.request(np.array([4.0, 20.0])))
    text = words.number_table(result, 4.0, exact=True)
    found = numbers(text)
    for key in ("convergence", "memorisation", "bures_wasserstein", "kullback_leibler"):
        assert found[key] == result[key][0]
    assert found["latent_recovery_finite_size[0]"] == result["latent_recovery_finite_size"][0, 0]
    # The second and third are two of eight equal directions.
    assert "latent_recovery_finite_size[1]" not in found
    assert "∞" in text
    assert "infinite while the model lacks a direction" in text
    assert "≈" not in text
    assert "interval" not in text
    assert "…" not in text
    late = words.number_table(result, 20.0, exact=False)
    assert "≈ " in late
    assert "∞" not in late


def test_what_waits_until_the_sliders_rest_is_dots():
    subject = Subject(Source("law", lambda: Spectrum.spiked(9, [8.0])))
    result = moving(subject, subject.request(np.array([4.0, 20.0])), 4.0)
    text = words.number_table(result, 4.0, exact=False)
    assert text.count('<td class="number">…</td>') == 1
    assert numbers(text)["convergence"] == result["convergence"][0]


def test_the_table_of_a_sample_has_intervals_or_says_that_there_is_none():
    subject = Subject.of(data(np.random.default_rng(3)))
    result = settled(subject, subject.request(np.array([5.0, 20.0])))
    text = words.number_table(result, 5.0, exact=True)
    low, high = (result[f"convergence_{end}"][0] for end in ("low", "high"))
    assert f"{result['convergence'][0]:.3f}<small>{low:.3f} to {high:.3f}</small>" in text
    assert text.count("no interval") == 2
    shown = len(subject.pilot.factors.eigenvalues)
    assert len(words.shown_factors(result)) == min(3, max(shown, 0))


def test_repetitions_are_said():
    subject = Subject(Source("law", lambda: Spectrum.isotropic(5)))
    result = curves(0.5)
    assert words.remarks_words(subject, result) == ""
    result.attributes["repeated"] = 4
    assert "4 of the points repeat another one" in words.remarks_words(subject, result)
