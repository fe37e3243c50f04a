from __future__ import annotations

from fractions import Fraction
from math import comb, factorial, perm

import mpmath
import numpy as np
import pytest
import sympy
from mpmath import mp, mpf
from scipy import integrate

from convergen import theory
from convergen.theory.common.checks import InputError
from convergen.theory.linear import closed_forms as closed_form

LOADS = np.array([1e-9, 1e-3, 0.1, 0.5, 0.9, 1 - 1e-6, 1.0, 1 + 1e-6, 1.1, 2.0, 10.0, 1e3, 1e9])
EVERY_FORM = {
    "convergence": closed_form.convergence_isotropic(),
    "overlap": closed_form.spike_overlap(),
    "threshold": closed_form.recovery_threshold_spike(),
    "half moment": closed_form.half_moment(),
    "moment 1": closed_form.marchenko_pastur_moment(1),
    "moment 4": closed_form.marchenko_pastur_moment(4),
}


def exact_half_moment(load):
    with mp.workdps(40):
        half, load = mpf(1) / 2, mpf(float(load))
        if load >= 1:
            return mpmath.hyp2f1(-half, half, 2, 1 / load)
        return mp.sqrt(load) * mpmath.hyp2f1(-half, half, 2, load)


# ------------------------------------------------------------------------ compiled functions


def test_forms_are_public():
    assert theory.closed_forms is closed_form


def test_convergence_against_multiprecision():
    exact = [float(exact_half_moment(load) ** 2) for load in LOADS]
    np.testing.assert_allclose(
        closed_form.convergence_isotropic().compiled()(LOADS), exact, rtol=1e-13
    )


def test_half_moment_against_multiprecision():
    exact = [float(exact_half_moment(load)) for load in LOADS]
    np.testing.assert_allclose(closed_form.half_moment().compiled()(LOADS), exact, rtol=1e-13)


def test_spike_overlap_against_multiprecision():
    rng = np.random.default_rng(1)
    load, strength = 10.0 ** rng.uniform(-3.0, 3.0, (2, 200))

    def exact(g, t):
        with mp.workdps(40):
            g, t = mpf(g), mpf(t)
            return float((1 - 1 / (g * t**2)) / (1 + 1 / (g * t))) if g * t**2 > 1 else 0.0

    expected = [exact(g, t) for g, t in zip(load, strength, strict=True)]
    assert 20 < np.count_nonzero(expected) < 180
    np.testing.assert_allclose(
        closed_form.spike_overlap().compiled()(load, strength), expected, rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("form", EVERY_FORM.values(), ids=EVERY_FORM)
def test_compiled_agrees_with_the_expression(form):
    rng = np.random.default_rng(2)
    function = form.compiled()
    for values in 10.0 ** rng.uniform(-1.0, 1.0, (10, len(form.symbols))):
        exact = form.expression.subs(
            {s: sympy.Float(v, 30) for s, v in zip(form.symbols, values, strict=True)}
        )
        assert function(*values) == pytest.approx(float(sympy.N(exact, 25)), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("form", EVERY_FORM.values(), ids=EVERY_FORM)
def test_compiled_keeps_shapes(form):
    function, number = form.compiled(), len(form.symbols)
    scalar = function(*[1.5] * number)
    assert isinstance(scalar, float)
    assert function(*[2] * number).shape == ()
    array = function(*[np.full((2, 3), 1.5)] * number)
    assert array.shape == (2, 3)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, scalar)
    with pytest.raises(InputError, match="empty"):
        function(*[np.empty(0)] * number)


def test_compiled_broadcasts():
    overlap = closed_form.spike_overlap().compiled()
    table = overlap(np.array([0.5, 2.0, 8.0])[:, None], np.array([0.5, 1.0]))
    assert table.shape == (3, 2)
    assert table[2, 1] == overlap(8.0, 1.0)
    np.testing.assert_array_equal(table[0], 0.0)


@pytest.mark.parametrize("bad", [0.0, [1.0, 0.0]])
def test_compiled_refuses_bad_values(bad):
    with pytest.raises(InputError, match="gamma"):
        closed_form.convergence_isotropic().compiled()(bad)


def test_compiled_refuses_the_wrong_number_of_values():
    for given in ((1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(InputError) as caught:
            closed_form.spike_overlap().compiled()(*given)
        assert str(caught.value) == (
            f"{len(given)} values were given: give one for each of gamma, theta."
        )


@pytest.mark.parametrize("bad", [0, -1, 1.5, True])
def test_orders_must_be_positive_integers(bad):
    with pytest.raises(InputError, match="power"):
        closed_form.marchenko_pastur_moment(bad)


@pytest.mark.parametrize("form", EVERY_FORM.values(), ids=EVERY_FORM)
def test_forms_describe_themselves(form):
    assert form.expression.free_symbols <= set(form.symbols)
    assert all(symbol.is_positive for symbol in form.symbols)
    assert form.source
    text = form.latex()
    assert text
    for symbol in form.expression.free_symbols:
        assert sympy.latex(symbol) in text


# -------------------------------------------------------------------- isotropic convergence


def test_convergence_at_load_one():
    expression = closed_form.convergence_isotropic().expression
    (gamma,) = expression.free_symbols
    exact = sympy.hyperexpand(expression.subs(gamma, 1))
    assert sympy.simplify(exact - sympy.Rational(64, 9) / sympy.pi**2) == 0


def test_convergence_is_the_square_of_the_half_moment():
    np.testing.assert_allclose(
        closed_form.convergence_isotropic().compiled()(LOADS),
        closed_form.half_moment().compiled()(LOADS) ** 2,
        rtol=1e-14,
    )


def test_samples_and_dimension_may_be_exchanged():
    # XᵀX and XXᵀ share their non-zero eigenvalues, so q(1/γ) = q(γ)/γ.
    convergence = closed_form.convergence_isotropic().compiled()
    np.testing.assert_allclose(convergence(1 / LOADS), convergence(LOADS) / LOADS, rtol=1e-13)


def test_convergence_is_once_differentiable_at_load_one():
    convergence = closed_form.convergence_isotropic().compiled()
    steps = np.array([1e-1, 1e-2, 1e-3, 1e-4])
    middle, above, below = convergence(1.0), convergence(1 + steps), convergence(1 - steps)
    assert abs(convergence(np.nextafter(1.0, 0.0)) - middle) < 1e-15
    slope = 32 / (9 * np.pi**2)
    # Both one-sided slopes tend to the same limit, with an error of order δ log δ …
    assert np.all(np.abs((above - middle) / steps - slope) < 0.5 * steps * -np.log(steps / 10))
    assert np.all(np.abs((middle - below) / steps - slope) < 0.5 * steps * -np.log(steps / 10))
    # … for the second derivative diverges: q'' ≈ (8/3π²) log|γ − 1|.
    second = (above + below - 2 * middle) / steps**2
    rate = np.diff(second) / np.diff(np.log(steps))
    assert rate[-1] == pytest.approx(8 / (3 * np.pi**2), rel=1e-3)


# ------------------------------------------------------------------------------- the spike


@pytest.mark.parametrize("strength", [0.1, 1.0, 7.0])
def test_spike_overlap_starts_at_the_threshold(strength):
    threshold = closed_form.recovery_threshold_spike().compiled()(strength)
    overlap = closed_form.spike_overlap().compiled()
    assert overlap(0.999 * threshold, strength) == 0.0
    # Linear onset: Q ≈ (γ/γ* − 1)/(1 + θ).
    excess = 1e-5
    onset = overlap(threshold * (1 + excess), strength) / excess
    assert onset == pytest.approx(1 / (1 + strength), rel=1e-4)
    loads = threshold * np.geomspace(1.0, 1e6, 50)
    assert np.all(np.diff(overlap(loads, strength)) > 0)
    assert overlap(1e9 * threshold, strength) == pytest.approx(1.0, abs=1e-7)


# ------------------------------------------------------------- Marchenko–Pastur moments


def integral_over_density(aspect, function):
    """∫ f dμ over the continuous part of the law, the square-root edges taken away by x(φ)."""
    low, high = (1 - np.sqrt(aspect)) ** 2, (1 + np.sqrt(aspect)) ** 2

    def integrand(angle):
        x = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(angle)
        density = 0.5 * (high - low) * np.sin(angle) / (2 * np.pi * aspect * x)
        return function(x) * density * 0.5 * (high - low) * np.sin(angle)

    return integrate.quad(integrand, 0.0, np.pi, epsabs=1e-12, epsrel=1e-12)[0]


@pytest.mark.parametrize("aspect", [0.1, 0.7, 1.5, 8.0])
def test_moments_against_the_density(aspect):
    assert integral_over_density(aspect, np.ones_like) == pytest.approx(min(1, 1 / aspect))
    for power in range(1, 7):
        moment = closed_form.marchenko_pastur_moment(power).compiled()(aspect)
        expected = integral_over_density(aspect, lambda x, k=power: x**k)
        assert moment == pytest.approx(expected, rel=1e-11)
    half = closed_form.half_moment().compiled()(1 / aspect)
    assert half == pytest.approx(integral_over_density(aspect, np.sqrt), rel=1e-11)


def test_coefficients_are_narayana_numbers():
    for power in range(1, 8):
        form = closed_form.marchenko_pastur_moment(power)
        coefficients = sympy.Poly(form.expression, *form.symbols).all_coeffs()
        narayana = [comb(power, r) * comb(power, r - 1) // power for r in range(1, power + 1)]
        assert coefficients == narayana
        assert sum(narayana) == comb(2 * power, power) // (power + 1)


def wishart_moment(power, dim, samples):
    """Exact E Tr Σ̂^k / d of complex Gaussian data (Hanlon, Stanley & Stembridge 1992)."""
    total = Fraction(0)
    for i in range(power):
        term = perm(samples + power - 1 - i, power) * perm(dim + power - 1 - i, power)
        total += Fraction((-1) ** i * term, factorial(power - 1 - i) * factorial(i))
    return total / power / dim / Fraction(samples) ** power


def real_wishart_moment(power, d, n):
    """Exact E Tr Σ̂^k / d of real Gaussian data, k ≤ 3."""
    return [
        Fraction(1),
        1 + Fraction(d + 1, n),
        1 + Fraction(3 * (d + 1), n) + Fraction(d**2 + 3 * d + 4, n**2),
    ][power - 1]


def finite_size_errors(exact, power, dim, samples):
    """Exact moment minus its limit at two sizes, the second twice the first."""
    form = closed_form.marchenko_pastur_moment(power)
    limit = form.expression.subs(form.symbols[0], sympy.Rational(dim, samples))
    return [exact(power, dim * s, samples * s) - Fraction(str(limit)) for s in (500, 1000)]


@pytest.mark.parametrize(("dim", "samples"), [(1, 2), (3, 2), (1, 1)])
def test_moments_are_the_limit_of_finite_size(dim, samples):
    for power in (1, 2):
        assert finite_size_errors(wishart_moment, power, dim, samples) == [0, 0]
    # Corrections are of order 1/d² for complex data and 1/d for real ones.
    for power in (3, 4, 6):
        first, second = finite_size_errors(wishart_moment, power, dim, samples)
        assert float(first / second) == pytest.approx(4.0, rel=1e-3)
    assert finite_size_errors(real_wishart_moment, 1, dim, samples) == [0, 0]
    for power in (2, 3):
        first, second = finite_size_errors(real_wishart_moment, power, dim, samples)
        assert float(first / second) == pytest.approx(2.0, rel=1e-2)


# --------------------------------------------------------------------------- the library


@pytest.mark.parametrize("dim", [1, 100, 10**6])
def test_library_convergence_on_isotropic_data(dim):
    samples = dim * LOADS
    samples = samples[(samples >= 1) & (samples <= 1e12)]
    spectrum = theory.Spectrum.isotropic(dim, variance=3.0)
    exact = closed_form.convergence_isotropic().compiled()(samples / dim)
    np.testing.assert_allclose(theory.convergence(spectrum, samples), exact, rtol=1e-12)
    np.testing.assert_allclose(
        theory.convergence_to_truth(spectrum, samples),
        closed_form.half_moment().compiled()(samples / dim),
        rtol=1e-12,
    )


@pytest.mark.parametrize("strength", [0.2, 1.0, 5.0])
def test_library_latent_recovery_of_a_spike(strength):
    dim = 10**6
    loads = closed_form.recovery_threshold_spike().compiled()(strength) * np.array(
        [0.01, 0.5, 0.99, 1.01, 1.5, 4.0, 100.0]
    )
    found = theory.latent_recovery(theory.Spectrum.spiked(dim, [1 + strength]), loads * dim)
    assert found.shape == (loads.size, 1)
    exact = closed_form.spike_overlap().compiled()(loads, strength)
    np.testing.assert_array_equal(found[:3, 0], 0.0)
    np.testing.assert_allclose(found[:, 0], exact, atol=10 / dim)


def test_library_convergence_does_not_see_a_spike():
    dim = 10**6
    loads = np.array([0.1, 1.0, 3.0])
    found = theory.convergence(theory.Spectrum.spiked(dim, [6.0]), loads * dim)
    exact = closed_form.convergence_isotropic().compiled()(loads)
    np.testing.assert_allclose(found, exact, atol=20 / dim)
    assert np.all(found != exact)
