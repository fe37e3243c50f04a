"""E f(Σ̂) against moments, closed forms, the Marchenko–Pastur law and complex Wishart matrices."""

import tracemalloc

import numpy as np
import pytest
from scipy.integrate import quad

from convergen import theory
from convergen.theory import Spectrum
from tests.refusals import assert_refused
from tests.simulation import assert_mean, expanded, wishart

MIXED = ([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15])
FULL = ([4.0, 1.0, 0.25], [10, 20, 30])
SAMPLES = [1.0, 7.5, 59.0, 60.0, 61.0, 150.0, 1e6, 1e12]


def spectrum(case):
    return Spectrum.from_eigenvalues(*case)


def assert_close(found, expected, s, rel=1e-11):
    """Values are accurate relative to the largest one."""
    assert found.converged
    assert found.error < 1e-11
    expected = np.asarray(expected)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=rel * np.abs(expected).max())
    trace = np.sum(s.multiplicities * expected)
    size = np.sum(s.multiplicities) * np.abs(expected).max()
    assert found.trace == pytest.approx(trace, abs=rel * size)


def marchenko_pastur_mean(f, ratio):
    """∫ f over the eigenvalues of Σ̂ for Σ = I and d/n = ratio, the atom at zero included."""
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2

    def integrand(angle):  # x = middle − half cos(angle) takes away the square-root edges
        x = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(angle)
        return f(x) * (0.5 * (high - low) * np.sin(angle)) ** 2 / (2 * np.pi * ratio * x)

    bulk = quad(integrand, 0, np.pi, epsabs=1e-14, epsrel=1e-13, limit=500)[0]
    return bulk + (max(0.0, 1 - 1 / ratio) * f(0.0) if ratio > 1 else 0.0)


# ------------------------------------------------------------------------------ moments


@pytest.mark.parametrize("samples", SAMPLES)
def test_constant_and_mean(samples):
    s = spectrum(MIXED)
    assert_close(theory.expected_function(s, samples, np.ones_like), np.ones(4), s)
    assert_close(theory.expected_function(s, samples, lambda x: x), s.eigenvalues, s)


@pytest.mark.parametrize("samples", SAMPLES)
def test_second_and_third_moment(samples):
    # E Σ̂² = Σ² + Σ t₁/n and E Σ̂³ = Σ³ + (2 Σ² t₁ + Σ t₂)/n + Σ t₁²/n², with t_k = Tr Σᵏ: the
    # terms of the Wishart moments that count at large size.
    s = spectrum(MIXED)
    x, n = s.eigenvalues, samples
    t1, t2 = np.sum(s.multiplicities * x), np.sum(s.multiplicities * x**2)
    second = x**2 + x * t1 / n
    third = x**3 + (2 * x**2 * t1 + x * t2) / n + x * t1**2 / n**2
    assert_close(theory.expected_function(s, n, lambda z: z**2), second, s)
    assert_close(theory.expected_function(s, n, lambda z: z**3), third, s)


@pytest.mark.parametrize("samples", [60.5, 61.0, 150.0, 1e6, 1e12])
def test_inverse(samples):
    s = spectrum(FULL)
    found = theory.expected_function(s, samples, lambda x: 1 / x, singularity=0.0)
    assert_close(found, 1 / s.eigenvalues / (1 - 60 / samples), s)


@pytest.mark.parametrize("samples", [60.5, 61.0, 150.0, 1e6])
def test_trace_of_the_logarithm(samples):
    s = spectrum(FULL)
    found = theory.expected_function(s, samples, np.log, singularity=0.0)
    expected = np.sum(np.log(expanded(s))) - (samples - 60) * np.log1p(-60 / samples) - 60
    assert found.converged
    assert found.trace == pytest.approx(expected, abs=1e-9)


# ------------------------------------------------------------------------------ other routes


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("noise", [1e-8, 1e-3, 0.7, 1e4])
def test_resolvent(samples, noise):
    s = spectrum(MIXED)
    found = theory.expected_function(s, samples, lambda x: 1 / (x + noise), singularity=-noise)
    assert_close(found, theory.resolvent(s, samples, noise), s)


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("ridge", [1e-12, 1e-6, 0.3, 100.0])
def test_square_root(samples, ridge):
    s = spectrum(MIXED)
    found = theory.expected_function(s, samples, lambda x: np.sqrt(x + ridge), singularity=-ridge)
    assert_close(found, theory.expected_sqrt(s, samples, ridge).values, s)


@pytest.mark.parametrize("samples", [60.5, 61.0, 1e5])
def test_square_root_without_ridge(samples):
    s = spectrum(FULL)
    found = theory.expected_function(s, samples, np.sqrt, singularity=0.0)
    assert_close(found, theory.expected_sqrt(s, samples).values, s)


ENTIRE = {
    "decay": lambda x: np.exp(-x),
    "growth": lambda x: np.exp(0.5 * x),
    "wave": lambda x: np.cos(0.3 * x),
    "bump": lambda x: x * np.exp(-0.25 * x),
}


@pytest.mark.parametrize("name", ENTIRE)
@pytest.mark.parametrize("load", [0.25, 0.9, 1.0, 1.1, 4.0, 1e6])
def test_entire_functions_against_the_marchenko_pastur_law(name, load):
    s, f = Spectrum.isotropic(100), ENTIRE[name]
    found = theory.expected_function(s, 100 * load, f)
    expected = marchenko_pastur_mean(f, 1 / load)
    assert_close(found, [expected], s, rel=1e-10)


POLES = {
    "log": (lambda x: np.log(x + 0.2), -0.2),
    "inverse square": (lambda x: 1 / (x + 0.2) ** 2, -0.2),
    "shrinkage": (lambda x: x / (x + 1e-4), -1e-4),
    "map": (lambda x: np.sqrt(x + 0.01) / np.sqrt(x + 9.0), -0.01),
}


@pytest.mark.parametrize("name", POLES)
@pytest.mark.parametrize("load", [0.05, 0.9, 1.0, 1.1, 4.0, 1e6])
def test_functions_with_a_cut_against_the_marchenko_pastur_law(name, load):
    s, (f, end) = Spectrum.isotropic(100), POLES[name]
    found = theory.expected_function(s, 100 * load, f, singularity=end)
    assert_close(found, [marchenko_pastur_mean(f, 1 / load)], s, rel=1e-10)


@pytest.mark.parametrize("samples", [25, 150])
def test_monte_carlo(samples):
    s = spectrum(MIXED)
    edges = np.append(0, np.cumsum(s.multiplicities[:-1])).astype(int)
    draws = []
    for w in wishart(s, samples, 40, seed=1):
        values, vectors = np.linalg.eigh(w)
        diagonal = np.abs(vectors) ** 2 @ np.exp(-np.maximum(values, 0.0))
        draws.append(np.add.reduceat(diagonal, edges) / s.multiplicities)
    found = theory.expected_function(s, samples, lambda x: np.exp(-x))
    assert found.values[3] == pytest.approx(1.0, rel=1e-13)
    assert_mean(np.array(draws)[:, :3], found.values[:3], 0.015)


def test_points_asked_for():
    s = spectrum(MIXED)
    full = theory.expected_function(s, 30.0, lambda x: x**2)
    some = theory.expected_function(s, 30.0, lambda x: x**2, at=[0.0, 1.0, 2.0])
    at = np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(some.values, at**2 + at * s.trace / 30, atol=1e-11)
    assert some.trace == pytest.approx(full.trace, rel=1e-12)


def test_linearity():
    s, f, g = spectrum(MIXED), (lambda x: 1 / (x + 1)), (lambda x: np.sqrt(x + 2))
    parts = [theory.expected_function(s, 30.0, h, singularity=-1.0).values for h in (f, g)]
    both = theory.expected_function(s, 30.0, lambda x: 2 * f(x) - g(x), singularity=-1.0)
    np.testing.assert_allclose(both.values, 2 * parts[0] - parts[1], atol=1e-11)


@pytest.mark.parametrize("function", [lambda x: np.sqrt(x + 0.5), lambda x: np.log(x + 0.01)])
def test_a_singularity_that_was_not_declared_is_noticed(function):
    found = theory.expected_function(spectrum(MIXED), 30.0, function)
    assert not found.converged
    assert found.error > 1e-11


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scale_invariance(scale):
    plain, s = spectrum(MIXED), Spectrum.from_eigenvalues(scale * np.array(MIXED[0]), MIXED[1])
    a = theory.expected_function(plain, 30.0, lambda x: x / (x + 0.1), singularity=-0.1)
    b = theory.expected_function(s, 30.0, lambda x: x / (x + 0.1 * scale), singularity=-0.1 * scale)
    np.testing.assert_allclose(a.values, b.values, rtol=1e-12)


def test_a_hundred_thousand_eigenvalues_need_little_memory():
    s = Spectrum.power_law(10**5, 1.0)
    assert s.compression.nodes.size < 100
    tracemalloc.start()
    found = theory.expected_function(s, 100.0, lambda x: 1 / (x + 0.01), singularity=-0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.converged
    assert peak < 100 * 2**20
    np.testing.assert_allclose(found.values, theory.resolvent(s, 100.0, 0.01), rtol=1e-11)


# ------------------------------------------------------------------------------ sampling


@pytest.mark.parametrize("samples", [25, 150])
def test_sampling_map_and_convergence_match_monte_carlo(samples):
    s, low, high = spectrum(MIXED), 0.3, 5.0
    edges = np.append(0, np.cumsum(s.multiplicities[:-1])).astype(int)
    maps, both, energy, previous = [], [], [], None
    for w in wishart(s, samples, 40, seed=2):
        values, vectors = np.linalg.eigh(w)
        values = np.sqrt((np.maximum(values, 0) + low**2) / (np.maximum(values, 0) + high**2))
        flow = (vectors * values) @ vectors.conj().T
        maps.append(np.add.reduceat(flow.diagonal().real, edges) / s.multiplicities)
        energy.append(np.sum(values**2))
        if previous is not None and len(maps) % 2 == 0:
            both.append(np.vdot(previous, flow).real)
        previous = flow
    expected = theory.sampling_map(s, samples, low, high)
    assert expected.values[3] == pytest.approx(low / high, rel=1e-13)
    assert_mean(np.array(maps)[:, :3], expected.values[:3], 0.01)
    # A ratio of means, so that the denominator's error counts too.
    q = np.mean(both) / np.mean(energy)
    stderr = q * np.hypot(
        np.std(both, ddof=1) / np.mean(both) / np.sqrt(len(both)),
        np.std(energy, ddof=1) / np.mean(energy) / np.sqrt(len(energy)),
    )
    assert stderr < 0.01 * q
    assert abs(theory.sampling_convergence(s, samples, low, high) - q) < 4 * stderr


@pytest.mark.parametrize("denoised", [False, True])
@pytest.mark.parametrize("load", [0.25, 1.0, 4.0])
def test_sampling_map_and_convergence_of_an_isotropic_model(load, denoised):
    low, high = 0.1, 3.0
    s = Spectrum.isotropic(100, 2.0)

    def flow(x):
        near, far = 2 * x + low**2, 2 * x + high**2
        return 2 * x / np.sqrt(near * far) if denoised else np.sqrt(near / far)

    mean = marchenko_pastur_mean(flow, 1 / load)
    square = marchenko_pastur_mean(lambda x: flow(x) ** 2, 1 / load)
    mapped = theory.sampling_map(s, 100 * load, low, high, denoised=denoised)
    assert mapped.values[0] == pytest.approx(mean, rel=1e-9)
    q = theory.sampling_convergence(s, 100 * load, low, high, denoised=denoised)
    assert q == pytest.approx(mean**2 / square, rel=1e-9)


@pytest.mark.parametrize("samples", [1.0, 25.0, 60.0, 61.0, 1e4])
def test_wide_noise_range_recovers_the_linear_model(samples):
    s = spectrum(MIXED)
    q = theory.convergence(s, samples)
    gaps = [
        float(theory.sampling_convergence(s, samples, 1e-2 / r, 1e2 * r) / q - 1) for r in (1, 10)
    ]
    assert abs(gaps[1]) < 0.3 * abs(gaps[0]) < 0.05
    mapped = theory.sampling_map(s, samples, 1e-6, 1e6).values * 1e6
    np.testing.assert_allclose(
        mapped, theory.expected_sqrt(s, samples).values, rtol=0, atol=3e-6 * mapped.max()
    )


@pytest.mark.parametrize("samples", [1e24, 1e300])
def test_models_of_endless_data_agree(samples):
    q = theory.sampling_convergence(Spectrum.power_law(300, 60.0), samples, 1e-3, 80.0)
    assert q == pytest.approx(1.0, rel=1e-9)


def test_levels_far_below_the_data_are_resolved():
    # σ_min²/λ down to 4·10⁻²⁶: the difference of κ and κ₀ is far below the spacing of doubles.
    s = Spectrum.from_eigenvalues([1e20, 1e10, 1.0], [3, 3, 3])
    for n in (1.0, 3.0, 8.0, 9.0, 100.0):
        mapped = theory.sampling_map(s, n, 2e-3, 1e14)
        assert mapped.converged
        exact = theory.expected_sqrt(s, n, 4e-6, at=s.eigenvalues[:1]).values / 1e14
        assert mapped.values[0] == pytest.approx(exact[0], rel=1e-7)


def test_sampling_map_at_points():
    s = spectrum(MIXED)
    full = theory.sampling_map(s, 30.0, 0.1, 5.0).values
    some = theory.sampling_map(s, 30.0, 0.1, 5.0, at=s.eigenvalues[[3, 1]]).values
    np.testing.assert_allclose(some, full[[3, 1]], rtol=1e-11)


def test_sampling_convergence_of_a_long_spectrum_uses_its_compression():
    s = Spectrum.power_law(2000, 1.5)
    mapped = theory.sampling_map(s, 50.0, 0.01, 50.0).values
    shares = theory.resolvent(s, 50.0, 2500.0) * 2500.0
    energy = np.sum(1 - (1 - 1e-4 / 2500.0) * shares)
    # Each value is good to 1e-11 of the largest.
    rounding = 2e-11 * mapped.max() * mapped.sum() / np.sum(mapped**2)
    assert rounding < 1e-7
    q = theory.sampling_convergence(s, 50.0, 0.01, 50.0)
    assert q == pytest.approx(np.sum(mapped**2) / energy, rel=rounding)


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_sampling_convergence_keeps_the_shape_of_samples(shape):
    q = theory.sampling_convergence(spectrum(MIXED), np.full(shape, 20.0), 0.1, 5.0)
    assert np.shape(q) == shape


# ------------------------------------------------------------------------------ bad input


FUNCTIONS = {
    "expected_function": lambda n: theory.expected_function(spectrum(MIXED), n, np.sin),
    "sampling_map": lambda n: theory.sampling_map(spectrum(MIXED), n, 0.1, 1.0),
    "sampling_convergence": lambda n: theory.sampling_convergence(spectrum(MIXED), n, 0.1, 1.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("samples", [0, []], ids=repr)
def test_bad_samples_are_refused(name, samples):
    assert_refused(lambda: FUNCTIONS[name](samples), "samples")


def test_lists_of_samples_are_refused_where_one_is_meant():
    for name in ("expected_function", "sampling_map"):
        assert_refused(lambda name=name: FUNCTIONS[name]([3.0, 4.0]), "single number")


@pytest.mark.parametrize("end", [1e-9, [0.0]], ids=repr)
def test_bad_singularity_is_refused(end):
    s = spectrum(MIXED)
    assert_refused(lambda: theory.expected_function(s, 5.0, np.sin, singularity=end), "singularity")


@pytest.mark.parametrize(("case", "samples"), [(FULL, 59.0), (FULL, 60.0), (MIXED, 1e4)])
def test_singularity_at_zero_needs_an_invertible_sample_covariance(case, samples):
    s = spectrum(case)
    assert_refused(
        lambda: theory.expected_function(s, samples, np.log, singularity=0.0), "add a ridge"
    )


@pytest.mark.parametrize("at", [[-1.0], 1.0], ids=repr)
def test_bad_points_are_refused(at):
    s = spectrum(MIXED)
    assert_refused(lambda: theory.expected_function(s, 5.0, np.sin, at=at), "at ")
    assert_refused(lambda: theory.sampling_map(s, 5.0, 0.1, 1.0, at=at), "at ")


@pytest.mark.parametrize(
    "levels",
    [
        (1, 0.5),
        (1, 1),
        (0, 1),
        (-1, 1),
        (np.nan, 1),
        (0.1, np.inf),
        ("a", 1),
        (0.1, None),
        ([0.1], 1),
    ],
    ids=repr,
)
@pytest.mark.parametrize("f", [theory.sampling_map, theory.sampling_convergence])
def test_bad_noise_levels_are_refused(f, levels):
    assert_refused(lambda: f(spectrum(MIXED), 5.0, *levels), "sigma_m")


def test_nodes_are_doubled_from_64_to_16384_where_nothing_settles():
    sizes = []

    def jagged(x):
        sizes.append(x.size)
        return np.sqrt(x + 0.001)  # a cut far to the right of where it is said to end

    found = theory.expected_function(spectrum(MIXED), 30.0, jagged, singularity=-50.0)
    assert not found.converged
    assert sizes == [64 * 2**k for k in range(9)] + [1]


def test_nodes_are_doubled_no_more_once_values_settle_and_nought_settles_at_once():
    sizes = []

    def nothing(x):
        sizes.append(x.size)
        return 0.0 * x

    found = theory.expected_function(spectrum(MIXED), 30.0, nothing)
    assert (found.converged, found.error, found.trace) == (True, 0.0, 0.0)
    assert sizes == [64, 128, 1]


def test_points_are_taken_in_pieces(monkeypatch):
    def found():
        return theory.expected_function(spectrum(MIXED), 30.0, np.exp, at=[0.3, 1.0, 2.0]).values

    whole = found()
    monkeypatch.setattr("convergen.theory.random_matrices.analytic_functions._BLOCK", 150)
    np.testing.assert_allclose(found(), whole, rtol=1e-13)
