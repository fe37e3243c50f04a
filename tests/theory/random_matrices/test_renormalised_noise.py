"""κ against multiprecision roots and closed forms, degrees of freedom against sums."""

import numpy as np
import pytest
from mpmath import mp, mpf

from convergen import theory
from convergen.theory import Spectrum
from tests.refusals import assert_refused
from tests.theory.random_matrices.multiprecision import (
    HARD,
    MIXED,
    exact_kappa,
    exact_pairs,
    hard_samples,
    relative,
    rounding,
    spectrum,
)

pytestmark = pytest.mark.usefixtures("precision")


# ------------------------------------------------------------------------------ sums


@pytest.mark.parametrize("kappa", [0.0, 1e-300, 1e-6, 0.3, 1.0, 7.0, 1e300])
def test_degrees_of_freedom_are_sums_over_the_expanded_spectrum(kappa):
    values = np.concatenate([np.random.default_rng(0).exponential(size=400), np.zeros(7)])
    s = Spectrum.from_eigenvalues(values)
    positive = values[values > 0]
    shares = positive / (positive + kappa)
    assert theory.df1(s, kappa) == pytest.approx(shares.sum(), rel=1e-13)
    assert theory.df2(s, kappa) == pytest.approx(np.sum(shares**2), rel=1e-13)


def test_degrees_of_freedom_keep_the_shape_of_kappa():
    s = spectrum(MIXED)
    for shape in [(), (1,), (3, 2), (0,)]:
        kappa = np.full(shape, 0.5)
        for f in (theory.df1, theory.df2, lambda s, k: theory.noise_of(s, 30.0, k)):
            assert np.shape(f(s, kappa)) == shape


def test_second_degrees_of_freedom_are_a_derivative():
    # dz/dκ = 1 − df₂/n with z = κ (1 − df₁/n).
    s, n, kappa, step = spectrum(MIXED), 37.0, 0.4, 1e-5
    slope = (theory.noise_of(s, n, kappa + step) - theory.noise_of(s, n, kappa - step)) / (2 * step)
    assert slope == pytest.approx(1 - theory.df2(s, kappa) / n, rel=1e-9)


# ------------------------------------------------------------------------------ κ


@pytest.mark.parametrize("name", HARD)
def test_kappa_solves_its_equation(name):
    s = spectrum(HARD[name])
    smallest = s.eigenvalues[s.eigenvalues > 0][-1]
    samples = hard_samples(s)
    for noise in [0.0, smallest * 1e-9, np.sqrt(smallest) * np.sqrt(s.largest), 1e3 * s.largest]:
        found = theory.renormalised_noise(s, samples, noise)
        assert found.converged.all()
        for n, kappa, slope in zip(samples, found.kappa, found.slope, strict=True):
            exact = exact_kappa(s, n, noise)
            if exact == 0:
                assert kappa == 0.0
                assert slope == pytest.approx(n / (n - s.rank) if n > s.rank else np.inf, rel=1e-12)
                continue
            assert relative(kappa, exact) < rounding(s, exact)
            shares = [(m, x / (x + exact)) for m, x in exact_pairs(s)]
            exact_slope = 1 / (1 - sum(m * f**2 for m, f in shares) / mpf(float(n)))
            assert relative(slope, exact_slope) < rounding(s, exact)


@pytest.mark.parametrize("load", [2e-7, 0.3, 0.999999, 1.0, 1.000001, 4.0, 1e9])
@pytest.mark.parametrize("noise", [1e-12, 1e-3, 1.0, 1e6])
def test_isotropic_kappa_is_the_root_of_a_quadratic(load, noise):
    s = Spectrum.isotropic(10**7, 2.0)
    n, z = mpf(load * 1e7), mpf(noise) / 2
    b = z + 10**7 / n - 1
    exact = b + mp.sqrt(b**2 + 4 * z)
    found = theory.renormalised_noise(s, load * 1e7, noise)
    assert relative(found.kappa, exact) < 3e-14


def test_kappa_at_zero_noise_counts_the_samples():
    s = spectrum(MIXED)
    below = np.array([1.0, 5.5, 10.0, 30.0, 59.9])
    found = theory.renormalised_noise(s, below)
    np.testing.assert_allclose(theory.df1(s, found.kappa), below, rtol=1e-13)
    np.testing.assert_array_equal(theory.renormalised_noise(s, [60.0, 61.0, 1e9]).kappa, 0.0)


@pytest.mark.parametrize("small", [1e-3, 1e-30, 1e-100, 1e-250])
@pytest.mark.parametrize("extra", [0.0, 0.5])
def test_kappa_inside_a_gap_of_the_spectrum(small, extra):
    # p/(1+κ) + q ε/(ε+κ) = n is a quadratic.
    p, q, n = 5, 8, 5 + mpf(extra)
    e = mpf(small)
    a, b, c = n, n * (1 + e) - p - q * e, e * (n - p - q)
    exact = (-b + mp.sqrt(b**2 - 4 * a * c)) / (2 * a)
    s = Spectrum.from_eigenvalues([1.0, small], [p, q])
    assert relative(theory.renormalised_noise(s, 5 + extra).kappa, exact) < rounding(s, exact)


@pytest.mark.parametrize(
    ("values", "counts", "samples"),
    [
        ([1e11, 1.00450736, 0.0212875166], [1, 356, 4], 358.0),
        ([1.0, 1e-15, 1e-83, 1e-91, 1e-107], [3802, 56443, 3, 37, 18], 60285.00000006),
    ],
)
def test_kappa_where_newton_steps_to_and_fro(values, counts, samples):
    s = Spectrum.from_eigenvalues(values, counts)
    found = theory.renormalised_noise(s, samples)
    assert found.converged
    exact = exact_kappa(s, samples, 0.0)
    assert relative(found.kappa, exact) < rounding(s, exact)


def test_kappa_always_converges():
    rng = np.random.default_rng(5)
    for _ in range(1500):
        size, decades = rng.integers(1, 7), rng.choice([2, 12, 30, 200])
        counts = np.round(10 ** rng.uniform(0, rng.choice([1, 3, 7]), size))
        s = Spectrum.from_eigenvalues(10 ** rng.uniform(-decades, 0, size), counts)
        ends = np.cumsum(s.multiplicities)
        inside = ends - rng.uniform(0, 1, ends.size) * s.multiplicities
        n = np.maximum(1.0, np.concatenate([hard_samples(s), inside, 10 ** rng.uniform(0, 9, 5)]))
        noise = s.largest * np.array([[0.0], [10 ** rng.uniform(-decades, 3)]])
        assert theory.renormalised_noise(s, n, noise).converged.all()


def test_slope_is_the_derivative_of_kappa():
    s = spectrum(MIXED)
    n = np.array([4.0, 30.0, 59.0, 60.0, 61.0, 500.0])
    up, down = (theory.renormalised_noise(s, n, 0.1 + h).kappa for h in (1e-5, -1e-5))
    slope = theory.renormalised_noise(s, n, 0.1).slope
    np.testing.assert_allclose(slope, (up - down) / 2e-5, rtol=1e-8)


@pytest.mark.parametrize("name", [*HARD, "power law"])
def test_noise_of_inverts_renormalised_noise(name):
    s = Spectrum.power_law(10**5, 1.5) if name == "power law" else spectrum(HARD[name])
    samples = np.array([1.0, 3.0, 0.5 * s.rank + 1, 2.0 * s.rank, 1e9])
    noise = s.largest * np.array([1e-3, 1.0, 30.0])
    found = theory.renormalised_noise(s, samples[:, None], noise)
    back = theory.noise_of(s, samples[:, None], found.kappa)
    # z is a difference of two terms of the size of κ, which inherits the rounding of κ₀.
    base = theory.renormalised_noise(s, samples).kappa
    lost = [rounding(s, mpf(float(k))) if k > 0 else rounding(s, mpf(s.largest)) for k in base]
    assert np.all(np.abs(back - noise) < np.array(lost)[:, None] * found.kappa)


def test_noise_is_negative_below_the_base_point():
    s = spectrum(MIXED)
    base = float(theory.renormalised_noise(s, 20.0).kappa)
    assert theory.noise_of(s, 20.0, 0.99 * base) < 0 < theory.noise_of(s, 20.0, 1.01 * base)
    assert theory.noise_of(s, 20.0, base) == pytest.approx(0.0, abs=1e-14)
    assert theory.noise_of(s, 20.0, 0.0) == 0.0


def test_samples_and_noise_broadcast():
    s = spectrum(MIXED)
    table = theory.renormalised_noise(s, [[5.0], [100.0]], [0.0, 0.1, 2.0])
    assert table.kappa.shape == table.slope.shape == table.converged.shape == (2, 3)
    for i, n in enumerate([5.0, 100.0]):
        for j, z in enumerate([0.0, 0.1, 2.0]):
            assert table.kappa[i, j] == float(theory.renormalised_noise(s, n, z).kappa)
    assert theory.renormalised_noise(s, 5.0).kappa.shape == ()


def test_a_million_eigenvalues_take_no_time():
    s = Spectrum.power_law(10**6, 1.0)
    samples = np.geomspace(1.0, 1e8, 200)
    found = theory.renormalised_noise(s, samples, 1e-4)
    assert found.converged.all()
    values = np.arange(1.0, 1e6 + 1) ** -1.0
    for i in (0, 100, 199):
        kappa = found.kappa[i]
        rest = kappa * (1 - np.sum(values / (values + kappa)) / samples[i])
        assert rest == pytest.approx(1e-4, abs=1e-12 * kappa)


# ------------------------------------------------------------------------------ scale and bad input


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_kappa_scales_with_the_units(scale):
    plain, s = spectrum(MIXED), Spectrum.from_eigenvalues(scale * np.array(MIXED[0]), MIXED[1])
    n, z = 33.0, 0.2
    np.testing.assert_allclose(
        theory.renormalised_noise(s, n, scale * z).kappa,
        scale * theory.renormalised_noise(plain, n, z).kappa,
        rtol=1e-13,
    )


FUNCTIONS = {
    "renormalised_noise": lambda n, z: theory.renormalised_noise(spectrum(MIXED), n, z),
    "noise_of": lambda n, z: theory.noise_of(spectrum(MIXED), n, z),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("samples", [0, []], ids=repr)
def test_bad_samples_are_refused(name, samples):
    assert_refused(lambda: FUNCTIONS[name](samples, 0.5), "samples")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("noise", [-1e-3, None], ids=repr)
def test_bad_noise_is_refused(name, noise):
    assert_refused(lambda: FUNCTIONS[name](5.0, noise), "noise|kappa")


@pytest.mark.parametrize("f", [theory.df1, theory.df2])
@pytest.mark.parametrize("kappa", [-1.0, None], ids=repr)
def test_bad_kappa_is_refused(f, kappa):
    assert_refused(lambda: f(spectrum(MIXED), kappa), "kappa")


def test_noise_beyond_the_floats_in_units_of_the_spectrum_is_refused():
    small = Spectrum.isotropic(4, 1e-200)
    assert_refused(lambda: theory.renormalised_noise(small, 3.0, 1e200), "1e308 times the largest")
    assert_refused(lambda: theory.df1(small, 1e200), "kappa")


def test_shapes_that_do_not_fit_are_refused():
    s = spectrum(MIXED)
    for f in (theory.renormalised_noise, theory.noise_of):
        assert_refused(lambda f=f: f(s, [1.0, 2.0, 3.0], [0.1, 0.2]), "do not fit")
