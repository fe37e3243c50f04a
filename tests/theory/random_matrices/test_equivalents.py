"""Deterministic equivalents against closed forms, multiprecision roots and random matrices.

Monte Carlo uses complex Gaussian data: its mean differs from the large-size limit by O(1/n²), real
data by O(1/n), which a few thousand matrix entries would already see.
"""

import numpy as np
import pytest
from mpmath import mp, mpf

from convergen import theory
from convergen.theory import Spectrum
from tests.refusals import assert_refused
from tests.simulation import assert_mean, wishart
from tests.theory.random_matrices.multiprecision import (
    HARD,
    MIXED,
    exact_kappa,
    exact_pairs,
    hard_samples,
    relative,
    spectrum,
)

pytestmark = pytest.mark.usefixtures("precision")


def group_means(s, diagonal):
    edges = np.append(0, np.cumsum(s.multiplicities[:-1])).astype(int)
    return np.add.reduceat(diagonal, edges) / s.multiplicities


# ------------------------------------------------------------------------------ resolvent


@pytest.mark.parametrize("samples", [24, 200])
def test_resolvent_matches_monte_carlo(samples):
    s, z = spectrum(MIXED), 0.2
    identity = np.eye(s.dim)
    draws = [
        group_means(s, np.linalg.inv(w + z * identity).diagonal().real)
        for w in wishart(s, samples, 40, seed=1)
    ]
    expected = theory.resolvent(s, samples, z)
    # The null space of Σ does not fluctuate.
    assert expected[-1] == pytest.approx(1 / z, rel=1e-14)
    assert_mean(np.array(draws)[:, :-1], expected[:-1], 0.015)


@pytest.mark.parametrize("samples", [40.5, 100.0, 1e12])
def test_inverse_wishart_mean(samples):
    # E Σ̂^{-1} = Σ^{-1}/(1 − d/n) to leading order.
    s = Spectrum.from_eigenvalues([7.0, 1.0, 1e-3], [10, 10, 20])
    expected = 1 / s.eigenvalues / (1 - 40 / samples)
    np.testing.assert_allclose(theory.resolvent(s, samples, 1e-25), expected, rtol=1e-12)


def test_resolvent_of_too_few_samples_is_dominated_by_the_null_space():
    # Tr R ≈ (d − n)/z as z → 0.
    s = spectrum(([3.0, 1.0, 0.1], [10, 20, 30]))
    for n in (1.0, 15.5, 59.0):
        trace = s.multiplicities @ theory.resolvent(s, n, 1e-20)
        assert trace == pytest.approx((60 - n) * 1e20, rel=1e-13)


@pytest.mark.parametrize("samples", [3.0, 30.0, 60.0, 1e7])
def test_resolvent_at_large_noise_follows_the_moments(samples):
    # z R = 1 − Σ̂/z + Σ̂²/z² − …, E Σ̂ = Σ, E Σ̂² = Σ² + Σ Tr Σ/n.
    s, z = spectrum(MIXED), 1e5
    x = s.eigenvalues
    expected = 1 - x / z + (x**2 + x * s.trace / samples) / z**2
    np.testing.assert_allclose(z * theory.resolvent(s, samples, z), expected, rtol=0, atol=1e-11)


# ------------------------------------------------------------------------------ log-determinant


@pytest.mark.parametrize("samples", [61.0, 100.0, 1e4, 1e12])
def test_log_determinant_without_noise(samples):
    # log det Σ − (n − d) log(1 − d/n) − d, the limit of the Wishart sum of digammas.
    s = Spectrum.from_eigenvalues([5.0, 1.0, 1e-4], [10, 20, 30])
    d, n = 60, mpf(samples)
    exact = sum(m * mp.log(x) for m, x in exact_pairs(s)) - (n - d) * mp.log(1 - d / n) - d
    assert theory.log_determinant(s, samples, 1e-30) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("noise", [1e-3, 1e-14, 1e-18, 1e-30, 1e-200])
@pytest.mark.parametrize("samples", [1.0, 3.0, 9.0])
def test_log_determinant_of_too_few_samples_at_any_noise(samples, noise):
    # det(XᵀX/n + z) = z^{d−n} det(XXᵀ/n + z): for Σ = I the second is a Wishart matrix d/n · Ŝ.
    d, n, z = 10, mpf(samples), mpf(noise)
    b = z * n / d + n / d - 1  # quadratic for κ of the transposed problem, in units d/n
    kappa = (b + mp.sqrt(b**2 + 4 * z * n / d)) / 2
    t = z * n / d
    dual = n * mp.log(t) + n * mp.log(1 + 1 / kappa) + d * (mp.log(kappa / t) + t / kappa - 1)
    exact = (d - n) * mp.log(z) + n * mp.log(mpf(d) / n) + dual
    assert theory.log_determinant(Spectrum.isotropic(d), samples, noise) == pytest.approx(
        float(exact), rel=1e-13
    )


@pytest.mark.parametrize("name", HARD)
def test_log_determinant_against_multiprecision(name):
    s = spectrum(HARD[name])
    smallest = s.eigenvalues[s.eigenvalues > 0][-1]
    for n in hard_samples(s)[:: 1 if s.dim < 100 else 3]:
        for noise in (1e-9 * smallest, s.largest):
            kappa, z = exact_kappa(s, n, noise), mpf(float(noise))
            exact = s.dim * mp.log(z) + mpf(n) * (mp.log(kappa / z) + z / kappa - 1)
            exact += sum(m * mp.log(1 + x / kappa) for m, x in exact_pairs(s))
            # Terms of the order d log z may cancel.
            size = s.dim * (abs(float(mp.log(z))) + 1)
            found = theory.log_determinant(s, n, noise)
            assert found == pytest.approx(float(exact), rel=1e-13, abs=1e-13 * size)


@pytest.mark.parametrize("samples", [5.0, 60.0, 61.0, 1e6])
def test_log_determinant_integrates_the_trace_of_the_resolvent(samples):
    s, z, step = spectrum(MIXED), 0.3, 1e-4
    up, down = (theory.log_determinant(s, samples, z + h) for h in (step, -step))
    trace = s.multiplicities @ theory.resolvent(s, samples, z)
    assert (up - down) / (2 * step) == pytest.approx(trace, rel=1e-6)


@pytest.mark.parametrize("samples", [24, 200])
def test_log_determinant_matches_monte_carlo(samples):
    s, z = spectrum(MIXED), 0.2
    draws = [np.linalg.slogdet(w + z * np.eye(s.dim))[1] for w in wishart(s, samples, 40, seed=2)]
    assert_mean(draws, theory.log_determinant(s, samples, z), 0.01)


# ------------------------------------------------------------------------------ two points


@pytest.mark.parametrize("samples", [24, 200])
def test_two_point_rule_matches_monte_carlo(samples):
    s, noise = spectrum(MIXED), (0.1, 0.8)
    weights = np.array([2.0, -1.0, 3.0, 1.5])
    a, identity = np.diag(np.repeat(weights, s.multiplicities.astype(int))), np.eye(s.dim)
    draws = []
    for w in wishart(s, samples, 40, seed=3):
        left, right = (np.linalg.inv(w + z * identity) for z in noise)
        product = noise[0] * noise[1] * (left @ a @ right)
        draws.append(group_means(s, product.diagonal().real))
    expected = theory.two_point(s, samples, noise, weights)
    assert expected[-1] == pytest.approx(weights[-1], rel=1e-13)
    assert_mean(np.array(draws)[:, :-1], expected[:-1], 0.02)


@pytest.mark.parametrize("name", HARD)
def test_two_point_rule_obeys_the_resolvent_identity(name):
    # R − R' = (z' − z) R R', so z z' R R' = z z' (R − R')/(z' − z), a one-point function.
    s = spectrum(HARD[name])
    smallest = s.eigenvalues[s.eigenvalues > 0][-1]
    for n in hard_samples(s)[:: 1 if s.dim < 100 else 3]:
        for low, high in [(1e-9 * smallest, 1e-8 * smallest), (smallest, s.largest * 2)]:
            found = theory.two_point(s, n, (low, high), np.ones(s.eigenvalues.size))
            z, zz = mpf(float(low)), mpf(float(high))
            k, kk = exact_kappa(s, n, low), exact_kappa(s, n, high)
            for value, x in zip(found, s.eigenvalues, strict=True):
                x = mpf(float(x))
                exact = (zz * k / (x + k) - z * kk / (x + kk)) / (zz - z)
                assert relative(value, exact) < 1e-12


@pytest.mark.parametrize("samples", [5.0, 60.0, 61.0, 1e6])
def test_two_point_rule_at_equal_noise_is_a_derivative(samples):
    # z² R² = −z² dR/dz.
    s, z, step = spectrum(MIXED), 0.3, 1e-4
    up, down = (theory.resolvent(s, samples, z + h) for h in (step, -step))
    found = theory.two_point(s, samples, (z, z), np.ones(4))
    np.testing.assert_allclose(found, -(z**2) * (up - down) / (2 * step), rtol=1e-6)


def test_two_point_rule_is_symmetric_and_linear():
    s, n = spectrum(MIXED), 33.0
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((2, 4))
    first = theory.two_point(s, n, (0.1, 2.0), a)
    np.testing.assert_allclose(first, theory.two_point(s, n, (2.0, 0.1), a), rtol=1e-13)
    both = theory.two_point(s, n, (0.1, 2.0), a + 3 * b)
    np.testing.assert_allclose(both, first + 3 * theory.two_point(s, n, (0.1, 2.0), b), rtol=1e-12)


def test_two_point_rule_without_sampling_noise():
    s, a = spectrum(MIXED), np.array([1.0, 2.0, 3.0, 4.0])
    x = s.eigenvalues
    expected = 0.1 / (x + 0.1) * a * 2.0 / (x + 2.0)
    np.testing.assert_allclose(theory.two_point(s, 1e14, (0.1, 2.0), a), expected, rtol=1e-11)


# ------------------------------------------------------------------------------ scale and bad input


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_everything_scales_with_the_units(scale):
    plain, s = spectrum(MIXED), Spectrum.from_eigenvalues(scale * np.array(MIXED[0]), MIXED[1])
    n, z = 33.0, 0.2
    np.testing.assert_allclose(
        scale * theory.resolvent(s, n, scale * z), theory.resolvent(plain, n, z), rtol=1e-13
    )
    np.testing.assert_allclose(
        theory.two_point(s, n, (scale * z, scale), np.ones(4)),
        theory.two_point(plain, n, (z, 1.0), np.ones(4)),
        rtol=1e-13,
    )
    assert theory.log_determinant(s, n, scale * z) == pytest.approx(
        theory.log_determinant(plain, n, z) + s.dim * np.log(scale), rel=1e-13
    )


FUNCTIONS = {
    "resolvent": lambda n, z: theory.resolvent(spectrum(MIXED), n, z),
    "log_determinant": lambda n, z: theory.log_determinant(spectrum(MIXED), n, z),
    "two_point": lambda n, z: theory.two_point(spectrum(MIXED), n, (z, z), np.ones(4)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("samples", [0, []], ids=repr)
def test_bad_samples_are_refused(name, samples):
    assert_refused(lambda: FUNCTIONS[name](samples, 0.5), "samples")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("noise", [-1e-3, None], ids=repr)
def test_bad_noise_is_refused(name, noise):
    assert_refused(lambda: FUNCTIONS[name](5.0, noise), "noise")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scalar_functions_refuse_zero_noise_and_lists(name):
    assert_refused(lambda: FUNCTIONS[name](5.0, 0.0), "positive")
    assert_refused(lambda: FUNCTIONS[name](5.0, [0.1, 0.2]), "noise")
    assert_refused(lambda: FUNCTIONS[name]([5.0, 6.0], 0.1), "samples must be a single number")


def test_noise_beyond_the_floats_in_units_of_the_spectrum_is_refused():
    small, large = Spectrum.isotropic(4, 1e-200), Spectrum.isotropic(4, 1e200)
    for call in (theory.resolvent, theory.log_determinant):
        assert_refused(lambda call=call: call(small, 3.0, 1e200), "1e308 times the largest")
        assert_refused(lambda call=call: call(large, 3.0, 1e-200), "1e-323 times the largest")


def test_weights_that_do_not_fit_and_noise_that_is_no_pair_are_refused():
    s = spectrum(MIXED)
    assert_refused(lambda: theory.two_point(s, 5.0, (0.1, 0.2), [1.0, 2.0]), "weights")
    assert_refused(lambda: theory.two_point(s, 5.0, (0.1, 0.2), [1, 2, 3, np.nan]), "weights")
    assert_refused(lambda: theory.two_point(s, 5.0, (0.1,), np.ones(4)), "pair")
    assert_refused(lambda: theory.two_point(s, 5.0, 0.1, np.ones(4)), "pair")
