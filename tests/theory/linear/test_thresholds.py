import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import hyp2f1

from convergen import theory

SPECTRUM = theory.Spectrum.power_law(300, 1.0)


@pytest.mark.parametrize("level", [0.3, 0.5, 0.9, 0.999, 1.0 - 1e-9])
def test_level_is_met_exactly(level):
    n = theory.samples_for(SPECTRUM, convergence=level)
    gap = theory.order_parameters(SPECTRUM, float(n)).gap
    assert n.converged
    assert float(gap) == pytest.approx(1.0 - level, rel=1e-9)
    assert f"n = {float(n):.6g}" in n.explanation


def test_isotropic_threshold_against_the_closed_form():
    load = brentq(lambda g: hyp2f1(-0.5, 0.5, 2.0, 1.0 / g) ** 2 - 0.9, 1.0, 10.0, xtol=1e-14)
    n = theory.samples_for(theory.Spectrum.isotropic(1000), convergence=0.9)
    assert float(n) == pytest.approx(1000.0 * load, rel=1e-9)


@pytest.mark.parametrize(
    ("wanted", "measure"),
    [
        ({"convergence_to_truth": 0.95}, theory.convergence_to_truth),
        ({"bures_wasserstein": 0.05}, theory.bures_wasserstein),
        ({"kullback_leibler": 3.0}, theory.kullback_leibler),
        (
            {"test_error": 1.5, "sigma": 0.1},
            lambda spectrum, n: theory.denoising_errors(spectrum, n, 0.1).test,
        ),
        (
            {"agreement": 0.7, "sigma": 0.1},
            lambda spectrum, n: theory.denoising_errors(spectrum, n, 0.1).agreement,
        ),
    ],
)
def test_other_quantities_are_met_exactly(wanted, measure):
    n = theory.samples_for(SPECTRUM, **wanted)
    assert float(measure(SPECTRUM, float(n))) == pytest.approx(
        next(iter(wanted.values())), rel=1e-8
    )


def test_ridge_changes_the_threshold():
    with_ridge = theory.samples_for(SPECTRUM, convergence=0.9, ridge=0.01)
    assert float(theory.convergence(SPECTRUM, float(with_ridge), 0.01)) == pytest.approx(0.9)


def test_levels_that_hold_from_the_start_give_one():
    assert theory.samples_for(SPECTRUM, convergence=1e-6) == 1.0
    loose = theory.samples_for(SPECTRUM, bures_wasserstein=2.0)
    assert loose == 1.0
    assert loose.explanation == "bures wasserstein 2 is held from n = 1 on."
    assert repr(loose) == f"SampleSize(1: {loose.explanation})"
    # A divergence is finite from n = rank on, with a ridge from the first sample.
    assert theory.samples_for(SPECTRUM, kullback_leibler=1e9, ridge=0.01) == 1.0
    every = theory.samples_for(SPECTRUM, kullback_leibler=1e12)
    assert float(every) == pytest.approx(300.0, rel=1e-6)


def test_divergences_are_looked_for_up_to_a_thousand_times_the_rank():
    spectrum = theory.Spectrum.isotropic(9 * 10**15)
    n = theory.samples_for(spectrum, kullback_leibler=1e13)
    assert 1e18 < float(n) < 3e18
    assert float(theory.kullback_leibler(spectrum, float(n))) == pytest.approx(1e13, rel=1e-8)


def test_what_is_reached_beyond_all_sizes_is_said():
    far = theory.samples_for(SPECTRUM, kullback_leibler=1e-300)
    assert np.isinf(far)
    assert far.explanation.startswith("kullback leibler 1e-300 is not reached below n = ")


def test_no_sample_size_suffices():
    never = theory.samples_for(SPECTRUM, convergence=1.0)
    assert np.isinf(never)
    assert "no finite n" in never.explanation
    floor = theory.samples_for(SPECTRUM, test_error=0.5, sigma=0.1)
    assert np.isinf(floor)
    assert "true denoiser" in floor.explanation


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one"),
        ({"convergence": 0.9, "bures_wasserstein": 0.1}, "exactly one"),
        ({"convergence": 0.0}, r"\(0, 1\]"),
        ({"convergence": 1.5}, r"\(0, 1\]"),
        ({"convergence": float("nan")}, "NaN"),
        ({"test_error": 1.0}, "sigma"),
        ({"convergence": 0.9, "sigma": 1.0}, "sigma"),
        ({"test_error": 1.0, "sigma": -1.0}, "positive"),
        ({"test_error": 1.0, "sigma": 0.0}, "positive"),
        ({"bures_wasserstein": 0.0}, "positive"),
        ({"bures_wasserstein": 0.1, "ridge": 0.1}, "ridge"),
        ({"convergence": 0.9, "ridge": -0.1}, "negative"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(theory.InputError, match=message):
        theory.samples_for(SPECTRUM, **arguments)
