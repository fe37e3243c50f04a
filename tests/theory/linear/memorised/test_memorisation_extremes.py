"""Memorisation at extremes: closed forms in high dimensions, spectra of nearly one direction."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betainc, erf, gammaln

from convergen import theory
from convergen.theory import Spectrum


def fresh_isotropic(samples, dim):
    """E max |cos| of a fixed direction with n isotropic points: cos² is beta distributed."""

    def exceeds(c):
        inside = betainc(0.5, 0.5 * (dim - 1.0), c * c)
        return -np.expm1(samples * np.log(np.maximum(inside, 1e-300)))

    peak = np.sqrt(-np.expm1(-2.0 * np.log(samples + 1.0) / dim))
    return quad(exceeds, 0.0, 1.0, points=[0.5 * peak, peak, min(1.5 * peak, 1.0)], limit=500)[0]


def largest_normal(samples):
    """E max_i |g_i| of n standard normal numbers."""
    return quad(
        lambda x: 1.0 - erf(x / np.sqrt(2.0)) ** samples, 0.0, 40.0, points=range(1, 12), limit=500
    )[0]


@pytest.mark.parametrize("dim", [2, 3, 10, 300, 10**4, 10**7])
@pytest.mark.parametrize("samples", [1.0, 7.0, 64.0, 65.0, 1e3, 1e6, 1e9])
def test_isotropic_baseline_is_the_exact_beta_integral(dim, samples):
    law = theory.memorisation_law(Spectrum.isotropic(dim), samples)
    exact = fresh_isotropic(samples, dim)
    # The relative error of a saddlepoint tail of one degree of freedom stays finite far out.
    slack = 0.0 if samples <= 64 else 0.008
    assert abs(law.baseline - exact) < 4.0 * law.baseline_stderr + slack * exact


@pytest.mark.parametrize("dim", [10**4, 10**7])
@pytest.mark.parametrize("samples", [10.0, 64.0, 65.0, 1e3, 1e5, 1e9])
def test_high_dimensional_isotropic_memorisation_is_that_of_normal_numbers(dim, samples):
    # x̂ᵀx_i/|x̂||x_i| → a_i/|a| + g_i/√d; the norm |a| is independent of the direction of a.
    value = theory.memorisation(Spectrum.isotropic(dim), samples)
    norm = np.sqrt(2.0) * np.exp(gammaln(0.5 * (samples + 1.0)) - gammaln(0.5 * samples))
    if samples > 1e5:
        norm = np.sqrt(samples)
    expected = largest_normal(samples) * np.sqrt(norm**-2.0 + 1.0 / dim)
    assert value == pytest.approx(expected, rel=0.015)


@pytest.mark.parametrize("ratio", [1e-6, 1e-9, 1e-12, 1e-16])
@pytest.mark.parametrize("samples", [2, 64, 65, 1e4, 1e9])
def test_nearly_rank_one_data_are_nearly_always_memorised(ratio, samples):
    # |cos| ≥ 1 − (|x⊥|/|x_1| + |x̂⊥|/|x̂_1|)²/2, and the mean of a ratio of normals is cut at 1.
    law = theory.memorisation_law(Spectrum.from_eigenvalues([1.0, ratio], [1, 50]), samples)
    bound = 1.0 - 10.0 * np.sqrt(50.0 * ratio)
    for value in (law.value, law.baseline):
        assert bound <= value <= 1.0


def test_trailing_zeros_beyond_the_leading_block_are_harmless():
    # The variance of the integrated tail is a difference of sums: it must not turn negative.
    rng = np.random.default_rng(12)
    for _ in range(8):
        values = np.r_[rng.uniform(0.01, 3.0, 230), np.zeros(170)]
        law = theory.memorisation_law(Spectrum.from_eigenvalues(values), [2, 3])
        assert np.all(np.isfinite(law.value))


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_millions_of_dimensions(exponent):
    dim = 10**7 if exponent == 0.0 else 10**6
    spectrum = Spectrum.power_law(dim, exponent)
    law = theory.memorisation_law(spectrum, [1, 10, 64, 65, 1000, 1e9])
    assert law.value[0] == pytest.approx(1.0, abs=1e-9)
    assert np.all((law.value[1:] > 0.0) & (law.value[1:] < 0.99))
    assert abs(law.value[3] / law.value[2] - 1.0) < 0.03
