"""Test errors of linear denoisers of data as they are, against the laws that they are made of."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory import Spectrum
from convergen.theory.forecast.laws.denoiser_law import DenoiserLaw, gaussian_excess
from convergen.theory.linear.denoising_errors import denoising_errors
from convergen.theory.linear.elliptical.elliptical_denoising import elliptical_test_error
from convergen.theory.pilot.amplitudes import by_width

SPECTRUM, OTHER = Spectrum.spiked(20, [9.0, 4.0]), Spectrum.power_law(20, 1.0)
SAMPLES, SIGMA = np.array([4.0, 30.0, 600.0]), 0.8
TAU = np.random.default_rng(0).gamma(2.0, 0.5, 400)
TAU /= TAU.mean()


def pilot(amplitudes):
    return SimpleNamespace(spectrum=SPECTRUM, amplitudes=np.asarray(amplitudes))


def elliptical(tau, n=SAMPLES):
    best = denoising_errors(SPECTRUM, n, SIGMA).optimal
    return elliptical_test_error(SPECTRUM, n, SIGMA, tau) / best - 1.0


def test_excess_of_gaussian_data_is_the_error_over_its_limit():
    found = denoising_errors(OTHER, SAMPLES, SIGMA)
    expected = (found.test - found.optimal) / found.optimal
    np.testing.assert_allclose(gaussian_excess(OTHER, SAMPLES, SIGMA), expected, rtol=1e-10)
    # It falls like 1/n, and ends where rounding errors begin.
    near, far = gaussian_excess(OTHER, np.array([1e4, 2e4]), SIGMA)
    assert near / far == pytest.approx(2.0, rel=0.01)
    assert gaussian_excess(OTHER, np.array([1e17]), SIGMA) == 1e-12


@pytest.mark.parametrize("population", [None, pilot([1.0])])
def test_equal_amplitudes_are_gaussian_data(population):
    law = DenoiserLaw(population, SAMPLES, SIGMA)
    np.testing.assert_array_equal(law.excess(OTHER), gaussian_excess(OTHER, SAMPLES, SIGMA))


def test_amplitudes_multiply_the_excess_of_every_spectrum_alike():
    law = DenoiserLaw(pilot(TAU), SAMPLES, SIGMA)
    np.testing.assert_allclose(law.excess(SPECTRUM), elliptical(TAU), rtol=1e-9)
    raised = elliptical(TAU) / gaussian_excess(SPECTRUM, SAMPLES, SIGMA)
    assert np.all(np.diff([1.0, *raised]) > 0.0)
    expected = raised * gaussian_excess(OTHER, SAMPLES, SIGMA)
    np.testing.assert_allclose(law.excess(OTHER), expected, rtol=1e-9)


def test_beyond_a_thousand_times_the_dimension_the_factor_stays():
    n = np.array([50.0, 2e4, 2.5e4, 1e9])
    law = DenoiserLaw(pilot(TAU), n, SIGMA)
    ratio = law.excess(SPECTRUM) / gaussian_excess(SPECTRUM, n, SIGMA)
    end = elliptical(TAU, np.array([2e4])) / gaussian_excess(SPECTRUM, np.array([2e4]), SIGMA)
    np.testing.assert_allclose(ratio[1:], float(end[0]), rtol=1e-9)
    assert ratio[0] != pytest.approx(ratio[1], rel=1e-6)


def test_wider_amplitudes_of_another_sample_move_the_excess_along_its_derivative():
    law = DenoiserLaw(pilot(TAU), SAMPLES, SIGMA)
    wide = TAU**1.02
    wide /= wide.mean()
    wider = np.log(np.mean(wide**2) / np.mean(TAU**2))
    other = SimpleNamespace(spectrum=SPECTRUM, wider=wider)
    moved = np.log(law.excess_shown(other) / law.excess(SPECTRUM))
    np.testing.assert_allclose(moved, np.log(elliptical(wide) / elliptical(TAU)), rtol=0.05)
    assert np.all(moved > 0.0)
    same = SimpleNamespace(spectrum=OTHER, wider=0.0)
    np.testing.assert_array_equal(law.excess_shown(same), law.excess(OTHER))


def test_derivatives_are_found_at_eight_sizes_evenly_in_the_logarithm():
    law = DenoiserLaw(pilot(TAU), SAMPLES, SIGMA)
    few = np.geomspace(4.0, 600.0, 8)
    slopes = by_width(lambda tau: np.log(elliptical(tau, few)), TAU)
    moved = np.log(law.excess_shown(SimpleNamespace(spectrum=SPECTRUM, wider=0.5)))
    expected = 0.5 * np.interp(np.log(SAMPLES), np.log(few), slopes)
    np.testing.assert_allclose(moved - np.log(law.excess(SPECTRUM)), expected, rtol=1e-9)


def test_what_rounding_leaves_of_an_excess_is_the_same_for_all_amplitudes(monkeypatch):
    """Where the error is that of the true denoiser, 1e-12 is left of it, not less."""
    monkeypatch.setattr(
        "convergen.theory.forecast.laws.denoiser_law.elliptical_test_error",
        lambda spectrum, n, sigma, _: denoising_errors(spectrum, n, sigma).optimal,
    )
    law = DenoiserLaw(pilot(TAU), SAMPLES, SIGMA)
    np.testing.assert_allclose(law.excess(SPECTRUM), 1e-12, rtol=1e-12)
