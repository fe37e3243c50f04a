import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import hyp2f1

from convergen import theory
from convergen.theory.linear.thresholds import _last_crossing

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


def message(**wanted):
    with pytest.raises(theory.InputError) as caught:
        theory.samples_for(SPECTRUM, **wanted)
    return str(caught.value)


def test_sentences():
    quantities = (
        "convergence, convergence_to_truth, bures_wasserstein, kullback_leibler, test_error, "
        "agreement."
    )
    needs = "samples_for needs exactly one wanted quantity, but {} were given: choose one of "
    assert message() == needs.format(0) + quantities
    assert message(convergence=0.9, agreement=0.9, sigma=1.0) == needs.format(2) + quantities
    for wanted in ({"test_error": 1.0}, {"convergence": 0.5, "sigma": 1.0}):
        said = "sigma belongs to test_error and agreement: give it with these only."
        assert message(**wanted) == said
    for name in ("bures_wasserstein", "test_error", "agreement"):
        sigma = {} if name == "bures_wasserstein" else {"sigma": 1.0}
        said = f"{name} is defined without a ridge: leave ridge at 0."
        assert message(**{name: 0.1}, ridge=0.1, **sigma) == said
    assert message(agreement=1.25, sigma=1.0) == (
        "agreement must lie in (0, 1], but 1.25 was asked for."
    )


def test_explanations():
    far = theory.samples_for(SPECTRUM, kullback_leibler=1e-300)
    assert far.explanation == "kullback leibler 1e-300 is not reached below n = 1e+18."
    never = theory.samples_for(SPECTRUM, convergence_to_truth=1.0)
    assert never.explanation == "convergence to truth tends to 1 but equals it at no finite n."
    lam = SPECTRUM.eigenvalues
    floor = np.sum(lam * 0.01 / (lam + 0.01))
    for level in (0.5, float(theory.denoising_errors(SPECTRUM, 1e18, 0.1).optimal)):
        none = theory.samples_for(SPECTRUM, test_error=level, sigma=0.1)
        assert np.isinf(none)
        assert none.explanation == (
            f"no n suffices: even the true denoiser has error {floor:.6g} at sigma = 0.1."
        )
    error = theory.samples_for(SPECTRUM, test_error=1.5, sigma=0.1)
    assert error.explanation == f"test error 1.5 is held from n = {float(error):.6g} on."
    half = theory.samples_for(SPECTRUM, convergence=0.5)
    assert half.explanation == f"convergence 0.5 is held from n = {float(half):.6g} on."
    assert repr(half) == f"SampleSize({float(half):.6g}: {half.explanation})"
    assert str(half) == repr(float(half))


def test_the_last_crossing_of_a_curve_that_is_not_monotone_counts():
    """Above the wanted level at small n, below it, above it again between 1e4 and 1e6."""

    def excess(n):
        return np.where((n < 50.0) | ((n > 1e4) & (n < 1e6)), 2.0, 0.5)

    found = _last_crossing(excess, 1.0, "some_thing")
    assert float(found) == pytest.approx(1e6, rel=1e-9)
    assert found.explanation == "some thing 1 is held from n = 1e+06 on."
    # A level that is met exactly is held.
    first = _last_crossing(lambda n: np.ones_like(n), 1.0, "some_thing", 7.0)
    assert (float(first), first.explanation) == (7.0, "some thing 1 is held from n = 7 on.")
    last = _last_crossing(lambda n: np.where(n < 9e17, 2.0, 0.5), 1.0, "some_thing")
    assert float(last) == pytest.approx(9e17, rel=1e-9)
    beyond = _last_crossing(lambda n: np.where(n < 2e18, 2.0, 0.5), 1.0, "some_thing", 1e16)
    assert float(beyond) == pytest.approx(2e18, rel=1e-9)
    nothing = _last_crossing(lambda n: np.where(n < 300.0, 2.0, 0.0), 1.0, "some_thing")
    assert float(nothing) == pytest.approx(300.0, rel=1e-9)


def test_divergences_are_looked_for_from_just_above_the_rank():
    assert theory.samples_for(SPECTRUM, kullback_leibler=1e300) == 300.0 * (1.0 + 1e-9)
