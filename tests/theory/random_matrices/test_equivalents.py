"""Deterministic equivalents against closed forms, multiprecision roots and random matrices.

Monte Carlo uses complex Gaussian data: its mean differs from the large-size limit by O(1/n²), real
data by O(1/n), which a few thousand matrix entries would already see.
"""

import re

import numpy as np
import pytest
from mpmath import mp, mpf
from threadpoolctl import threadpool_limits

from convergen import theory
from convergen.theory import InputError, Spectrum

EPS = np.finfo(np.float64).eps
MIXED = ([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15])


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(400):  # sums over hundreds of decades cancel
        yield


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with threadpool_limits(1):  # the matrices are small
        yield


def spectrum(case):
    return Spectrum.from_eigenvalues(*case)


def expanded(s):
    return np.repeat(s.eigenvalues, s.multiplicities.astype(int))


def exact_pairs(s):
    return [
        (mpf(float(m)), mpf(float(x)))
        for m, x in zip(s.multiplicities, s.eigenvalues, strict=True)
        if x > 0
    ]


def exact_kappa(s, samples, noise):
    """Root of z = κ (1 − df₁/n) by bisection of log κ."""
    pairs, n, z = exact_pairs(s), mpf(float(samples)), mpf(float(noise))
    if z == 0 and n >= sum(m for m, _ in pairs):
        return mpf(0)
    low = mp.log(mpf(10) ** -700)
    high = mp.log(z + sum(m * x for m, x in pairs) / n) + mpf("1e-40")
    for _ in range(220):
        middle = (low + high) / 2
        kappa = mp.exp(middle)
        if kappa * (1 - sum(m * x / (x + kappa) for m, x in pairs) / n) < z:
            low = middle
        else:
            high = middle
    return mp.exp(high)


def relative(found, exact):
    return float(abs(mpf(float(found)) / exact - 1))


def rounding(s, kappa):
    """The solvers work with log κ, whose size multiplies the unit roundoff."""
    return EPS * (20 + 4 * abs(float(mp.log(kappa / mpf(s.largest)))))


def wishart(s, n, repeats, seed):
    """Complex sample covariances with population covariance diag(λ)."""
    rng = np.random.default_rng(seed)
    root = np.sqrt(expanded(s) / (2 * n))
    for _ in range(repeats):
        x = rng.standard_normal((n, root.size)) + 1j * rng.standard_normal((n, root.size))
        x *= root
        yield x.conj().T @ x


def group_means(s, diagonal):
    edges = np.append(0, np.cumsum(s.multiplicities[:-1])).astype(int)
    return np.add.reduceat(diagonal, edges) / s.multiplicities


def assert_mean(draws, expected, precision):
    """Within four standard errors, and these are small enough for the comparison to mean much."""
    draws = np.array(draws)
    stderr = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(stderr <= precision * np.abs(expected))
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * stderr)


def assert_refused(call, match):
    with pytest.raises(InputError, match=match) as error:
        call()
    message = str(error.value)
    assert message.endswith(".")
    assert re.search(r"[.!?] +[A-Z]", message) is None


HARD = {
    "isotropic": ([1.0], [50]),
    "two levels": ([1.0, 1e-3], [7, 30]),
    "wide gap": ([1.0, 1e-20], [100, 300]),
    "three far levels": ([1e60, 1.0, 1e-60], [3, 40, 57]),
    "hundreds of decades": ([1e100, 1.0, 1e-120, 1e-180], [1, 5, 20, 1000]),
    "tiny scale": ([3e-200, 1e-201], [20, 20]),
    "huge scale": ([3e200, 1e199], [20, 20]),
    "zeros": ([2.0, 1.0, 0.0], [3, 4, 50]),
    "one direction": ([2.0], [1]),
    "ten million": ([5.0, 1.0], [10, 10**7 - 10]),
}


def hard_samples(s):
    """n at and around the rank and every integer gap, and far from them."""
    ends = np.cumsum(s.multiplicities[s.eigenvalues > 0])
    around = [ends, ends - 1, ends + 1, ends * (1 - 1e-12), ends * (1 + 1e-12), [1.0, 1.5, 1e12]]
    return np.unique(np.clip(np.concatenate(around), 1.0, None))


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
        theory.renormalised_noise(s, n, scale * z).kappa,
        scale * theory.renormalised_noise(plain, n, z).kappa,
        rtol=1e-13,
    )
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
    "renormalised_noise": lambda n, z: theory.renormalised_noise(spectrum(MIXED), n, z),
    "resolvent": lambda n, z: theory.resolvent(spectrum(MIXED), n, z),
    "log_determinant": lambda n, z: theory.log_determinant(spectrum(MIXED), n, z),
    "two_point": lambda n, z: theory.two_point(spectrum(MIXED), n, (z, z), np.ones(4)),
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


@pytest.mark.parametrize("name", ["resolvent", "log_determinant", "two_point"])
def test_scalar_functions_refuse_zero_noise_and_lists(name):
    assert_refused(lambda: FUNCTIONS[name](5.0, 0.0), "positive")
    assert_refused(lambda: FUNCTIONS[name](5.0, [0.1, 0.2]), "noise")
    assert_refused(lambda: FUNCTIONS[name]([5.0, 6.0], 0.1), "samples must be a single number")


@pytest.mark.parametrize("f", [theory.df1, theory.df2])
@pytest.mark.parametrize("kappa", [-1.0, None], ids=repr)
def test_bad_kappa_is_refused(f, kappa):
    assert_refused(lambda: f(spectrum(MIXED), kappa), "kappa")


def test_noise_beyond_the_floats_in_units_of_the_spectrum_is_refused():
    small, large = Spectrum.isotropic(4, 1e-200), Spectrum.isotropic(4, 1e200)
    for call in (theory.renormalised_noise, theory.resolvent, theory.log_determinant):
        assert_refused(lambda call=call: call(small, 3.0, 1e200), "1e308 times the largest")
    for call in (theory.resolvent, theory.log_determinant):
        assert_refused(lambda call=call: call(large, 3.0, 1e-200), "1e-323 times the largest")
    assert_refused(lambda: theory.df1(small, 1e200), "kappa")


def test_shapes_that_do_not_fit_are_refused():
    s = spectrum(MIXED)
    for f in (theory.renormalised_noise, theory.noise_of):
        assert_refused(lambda f=f: f(s, [1.0, 2.0, 3.0], [0.1, 0.2]), "do not fit")
    assert_refused(lambda: theory.two_point(s, 5.0, (0.1, 0.2), [1.0, 2.0]), "weights")
    assert_refused(lambda: theory.two_point(s, 5.0, (0.1, 0.2), [1, 2, 3, np.nan]), "weights")
    assert_refused(lambda: theory.two_point(s, 5.0, (0.1,), np.ones(4)), "pair")
    assert_refused(lambda: theory.two_point(s, 5.0, 0.1, np.ones(4)), "pair")
