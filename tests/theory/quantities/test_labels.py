"""Results in a notebook: words and units on everything, short lines at a prompt."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from convergen import theory
from convergen.theory.common.brief import brief
from convergen.theory.denoisers.samplers import Samples
from tests.labels import unlabelled

SPECTRUM = theory.Spectrum.spiked(12, [9.0])


def pilot():
    rows = np.random.default_rng(0).standard_normal((40, 6)) * np.arange(1, 7) ** -0.5
    return theory.estimate_population(rows)


def mixture():
    return theory.GaussianMixture([0.5, 0.5], [[2.0, 0.0], [-2.0, 0.0]], [1.0, 1.0])


RESULTS = {
    "a spectrum": lambda: theory.predict(SPECTRUM, [10, 100]),
    "a pilot": lambda: theory.predict(pilot(), [10, 100], quantities=["convergence"]),
    "a mixture": lambda: theory.predict(mixture(), [10, 100]),
    "a simulation": lambda: theory.simulate(SPECTRUM, [10], repeats=2),
    "a plan": lambda: theory.plan(SPECTRUM, have=20, budget=100, wishes=["convergence=0.9"]),
    "collapse": lambda: theory.predict_collapse(SPECTRUM, SPECTRUM, [10], [1.0]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_everything_has_words_and_units(name):
    assert unlabelled(RESULTS[name]()) == []


def test_a_plot_of_a_quantity_says_what_it_shows():
    matplotlib.use("agg")
    found = theory.predict(SPECTRUM, [10, 100], quantities=["convergence", "denoising"])
    (line,) = found["convergence"].plot()
    assert line.axes.get_ylabel().startswith("convergence")
    assert line.axes.get_xlabel().startswith("number of training samples")
    plt.close("all")
    shown = found._repr_html_()
    assert "convergence" in shown
    assert "number of training samples" in shown


def test_results_are_short_at_a_prompt():
    found = theory.order_parameters(SPECTRUM, [10, 20])
    q = ", ".join(f"{value:.4g}" for value in found.convergence)
    assert repr(found).startswith(f"OrderParameters(convergence=[{q}], convergence_to_truth=[")
    drawn = Samples(np.zeros((4, 1, 8, 8)), None, np.array([2.0, 0.0]), 35)
    assert repr(drawn) == "Samples(points=<4×1×8×8 float64>, sigmas=[2, 0], evaluations=35)"
    assert brief(drawn) == repr(drawn)
    size = theory.samples_for(SPECTRUM, convergence=0.9)
    assert repr(size) == f"SampleSize({float(size):.6g}: {size.explanation})"
    assert str(size) == str(float(size)) == f"{size}"


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: SPECTRUM, "Spectrum(spiked (9) on isotropic, dim=12, rank=12, trace=20)"),
        (lambda: theory.GaussianDenoiser(SPECTRUM), f"GaussianDenoiser(shape (12,), {SPECTRUM!r})"),
        (
            lambda: theory.LinearDenoiser.fit(np.eye(5, 3), ridge=0.1),
            "LinearDenoiser(5 training points of shape (3,), ridge 0.1)",
        ),
        (
            lambda: theory.EmpiricalScore(np.eye(5, 3)),
            "EmpiricalScore(5 training points of shape (3,))",
        ),
        (lambda: theory.load_source("digits"), "Source(digits: data)"),
        (lambda: theory.load_source("isotropic", dim=3), "Source(isotropic: known law)"),
    ],
)
def test_objects_say_what_they_are(make, shown):
    assert repr(make()) == shown


def test_a_population_says_what_it_was_estimated_from():
    assert repr(pilot()).startswith("Population(behind 40 points: Spectrum(data, dim=6")
