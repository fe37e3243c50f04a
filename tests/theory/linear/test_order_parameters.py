"""Order parameters against closed forms, a multiprecision reference, a naive integral over the
noise, and complex Wishart matrices (whose finite-size bias is of second order)."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.optimize import brentq

from convergen import theory
from convergen.theory import Spectrum
from tests.monte_carlo import Stored
from tests.reference import reference_gaps, reference_sqrt
from tests.refusals import assert_refused
from tests.simulation import assert_mean, expanded, wishart

stored = Stored(__file__)
EPS = np.finfo(np.float64).eps
MIXED = ([4.0, 1.0, 0.25, 0.0], [10, 20, 30, 15])


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(60):
        yield


def spectrum(case):
    return Spectrum.from_eigenvalues(*case)


def relative(found, exact):
    return float(abs(mpf(float(found)) / exact - 1))


def isotropic_root(load):
    """h(1) = sqrt(q) in closed form (arXiv:2605.21402)."""
    half = mpf(1) / 2
    if load >= 1:
        return mpmath.hyp2f1(-half, half, 2, 1 / load)
    return mp.sqrt(load) * mpmath.hyp2f1(-half, half, 2, load)


def naive_kappa(values, n, z):
    def excess(log_kappa):
        kappa = np.exp(log_kappa)
        return kappa * (1 - np.sum(values / (values + kappa)) / n) - z

    high = np.log(z + values.sum() / n) + 1e-9
    return np.exp(brentq(excess, high - 80, high, xtol=1e-15, rtol=1e-15))


def naive_sqrt(values, n, ridge, at):
    """(1/π) ∫ [1 − t/(t+ρ) κ(t+ρ)/(s+κ)] t^{−1/2} dt by the trapezoid rule in log t."""
    logs = np.linspace(np.log(ridge) - 70, np.log(values.max() + ridge) + 70, 400)
    total = np.zeros(len(at))
    for t in np.exp(logs):
        kappa = naive_kappa(values, n, t + ridge)
        total += (ridge * (at + kappa) + at * t) / ((t + ridge) * (at + kappa)) * np.sqrt(t)
    return total * (logs[1] - logs[0]) / np.pi


def matrix_root(w, ridge=0.0):
    values, vectors = np.linalg.eigh(w)
    return (vectors * np.sqrt(np.maximum(values, 0) + ridge)) @ vectors.conj().T


# ------------------------------------------------------------------------------ closed forms


@pytest.mark.parametrize("dim", [1, 10, 10**7])
@pytest.mark.parametrize("samples", [1.0, 2.5, 9.999, 10.0, 10.001, 1e3, 1e7, 1e7 + 1, 1e12])
def test_isotropic_closed_form(dim, samples):
    root = isotropic_root(mpf(samples) / dim)
    found = theory.order_parameters(Spectrum.isotropic(dim, 3.0), samples)
    assert found.converged
    assert relative(found.convergence, root**2) < 1e-14
    assert relative(found.convergence_to_truth, root) < 1e-14
    assert relative(found.gap, 1 - root**2) < 1e-14
    assert relative(found.gap_to_truth, 1 - root) < 1e-14


def test_isotropic_at_load_one():
    q = theory.convergence(Spectrum.isotropic(37), 37)
    assert q == pytest.approx((8 / (3 * np.pi)) ** 2, rel=1e-14)


@pytest.mark.parametrize("samples", [1e10, 1e12])
def test_approach_to_the_truth_at_large_n(samples):
    # Second-order perturbation theory: sqrt(s) − h(s) = sqrt(s)/2n Σ m λ/(sqrt(s)+sqrt(λ))².
    s = spectrum(MIXED)
    x = s.eigenvalues[:3]
    roots = np.sqrt(x)
    gap = [0.5 / samples * r * np.sum(s.multiplicities[:3] * x / (r + roots) ** 2) for r in roots]
    found = theory.expected_sqrt(s, samples)
    np.testing.assert_allclose(found.gap[:3], gap, rtol=3 * s.dim / samples + 1e-14)
    assert found.gap[3] == 0.0
    to_truth = np.sum(s.multiplicities[:3] * roots * gap) / s.trace
    assert theory.order_parameters(s, samples).gap_to_truth == pytest.approx(to_truth, rel=1e-7)


@pytest.mark.parametrize("samples", [1.0, 3.0, 20.0])
def test_few_samples_of_a_large_system_keep_their_energy(samples):
    # sqrt(γ) ₂F₁(−1/2, 1/2; 2; γ) = sqrt(γ) (1 − γ/8 + …).
    d = 10**9
    q_true = theory.convergence_to_truth(Spectrum.isotropic(d), samples)
    assert q_true == pytest.approx(np.sqrt(samples / d) * (1 - samples / (8 * d)), rel=1e-13)


# ------------------------------------------------------------------------------ the reference


WIDE = {
    "150 decades": ([1.0, 1e-70, 1e-150], [4, 30, 6]),
    "200 decades": ([1e100, 1.0, 1e-100], [2, 3, 5]),
    "300 decades": ([1e150, 1e100, 1e-60, 1e-149], [1, 2, 30, 4]),
    "two levels": ([1.0, 1e-306], [50, 50]),
}


def wide_samples(name):
    ends = np.cumsum(WIDE[name][1])
    return [1.0, float(ends[0]), float(ends[-2] + 0.5), float(ends[-1]), 1e9]


@stored
def wide_reference(name, samples):
    """Gaps 1 − q and 1 − q*, and E Σ̂^{1/2} of each eigenvalue, in multiprecision."""
    gaps = reference_gaps(*WIDE[name], samples, digits=16)
    return {"gaps": gaps, "roots": reference_sqrt(*WIDE[name], samples, digits=16)}


@stored
def mixed_reference(samples):
    """E Σ̂^{1/2} of the positive eigenvalues of MIXED, and √λ minus it, in multiprecision."""
    levels = MIXED[0][:3]
    roots = reference_sqrt(levels, MIXED[1][:3], samples, 18 + int(np.log10(samples)))
    with mp.workdps(40):
        gaps = [mp.sqrt(mpf(x)) - root for x, root in zip(levels, roots, strict=True)]
    return {"roots": roots, "gaps": gaps}


@pytest.mark.parametrize("name", WIDE)
def test_hundreds_of_decades_match_the_reference(name):
    s = Spectrum.from_eigenvalues(*WIDE[name])
    for samples in wide_samples(name):
        exact = wide_reference(name, samples)
        found = theory.order_parameters(s, samples)
        assert found.converged
        np.testing.assert_allclose([found.gap, found.gap_to_truth], exact["gaps"], rtol=1e-13)
        roots = theory.expected_sqrt(s, samples).values
        np.testing.assert_allclose(roots[: len(exact["roots"])], exact["roots"], rtol=1e-12)


@pytest.mark.parametrize("samples", [1.0, 7.0, 40.0, 59.0, 60.0, 61.0, 1e4, 1e12])
def test_gap_of_each_factor_matches_the_reference(samples):
    exact = mixed_reference(samples)
    found = theory.expected_sqrt(spectrum(MIXED), samples)
    np.testing.assert_allclose(found.values[:3], exact["roots"], rtol=1e-14)
    np.testing.assert_allclose(found.gap[:3], exact["gaps"], rtol=2e-14)


# ------------------------------------------------------------------------------ ridge


@pytest.mark.parametrize("ridge", [1e-6, 0.01, 1.0, 50.0])
@pytest.mark.parametrize("samples", [7.0, 60.0, 90.5, 1e4])
def test_ridge_matches_the_integral_over_the_noise(samples, ridge):
    s = spectrum(MIXED)
    positive = expanded(s)[expanded(s) > 0]
    at = np.array([9.0, 4.0, 1.0, 0.25, 1e-5])
    found = theory.expected_sqrt(s, samples, ridge, at=at)
    assert found.converged
    assert found.gap is None
    np.testing.assert_allclose(found.values, naive_sqrt(positive, samples, ridge, at), rtol=1e-11)


@pytest.mark.parametrize("samples", [7.0, 59.0, 200.0])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_order_parameters_follow_from_the_expected_root(samples, ridge):
    s = spectrum(MIXED)
    h, x, m = theory.expected_sqrt(s, samples, ridge).values, s.eigenvalues, s.multiplicities
    energy = np.sum(m * (x + ridge))
    found = theory.order_parameters(s, samples, ridge)
    assert found.convergence == pytest.approx(np.sum(m * h**2) / energy, rel=1e-13)
    assert found.convergence_to_truth == pytest.approx(
        np.sum(m * h * np.sqrt(x)) / np.sqrt(s.trace * energy), rel=1e-13
    )
    assert theory.convergence(s, samples, ridge) == found.convergence
    assert theory.convergence_to_truth(s, samples, ridge) == found.convergence_to_truth


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_gaps_complete_the_order_parameters(ridge):
    found = theory.order_parameters(spectrum(MIXED), [1.0, 9.0, 60.0, 200.0], ridge)
    np.testing.assert_allclose(found.gap, 1 - found.convergence, rtol=0, atol=4 * EPS)
    np.testing.assert_allclose(found.gap_to_truth, 1 - found.convergence_to_truth, atol=4 * EPS)


@pytest.mark.parametrize("samples", [3.0, 40.0, 60.0, 80.0])
def test_a_vanishing_ridge_changes_nothing(samples):
    s = spectrum(MIXED)
    bare, found = (theory.expected_sqrt(s, samples, ridge) for ridge in (0.0, 1e-30))
    np.testing.assert_allclose(found.values[:3], bare.values[:3], rtol=1e-13)
    assert found.values[3] == pytest.approx(1e-15, rel=1e-13)


def test_a_dominant_ridge_makes_all_models_equal():
    # (Σ̂+ρ)^{1/2} = sqrt(ρ) (1 + Σ̂/2ρ − Σ̂²/8ρ²): q = 1 − Var/…, of second order in 1/ρ.
    s, n, ridge = spectrum(MIXED), 20.0, 1e6
    x = s.eigenvalues
    second = x**2 + x * s.trace / n
    expected = np.sqrt(ridge) * (1 + x / (2 * ridge) - second / (8 * ridge**2))
    np.testing.assert_allclose(theory.expected_sqrt(s, n, ridge).values, expected, rtol=1e-13)
    gap = s.trace**2 / (4 * n * ridge) / (s.dim * ridge + s.trace)
    assert theory.order_parameters(s, n, ridge).gap == pytest.approx(gap, abs=4 * EPS)


def test_a_ridge_at_the_end_of_the_floats():
    s, ridge = Spectrum.isotropic(10**15), 1e300
    found = theory.order_parameters(s, [2.0, 1e18], ridge)
    np.testing.assert_allclose(found.convergence, 1.0, rtol=1e-14)
    # Tr(H Σ^{1/2})/√(Tr Σ · dρ) = 1: all directions are alike.
    np.testing.assert_allclose(found.convergence_to_truth, 1.0, rtol=1e-14)
    assert_refused(
        lambda: theory.order_parameters(Spectrum.isotropic(3, 1e-290), 2.0, 1e20), "ridge"
    )


def test_directions_without_variance_hold_only_the_ridge():
    s = spectrum(MIXED)
    for ridge in (0.0, 0.4):
        found = theory.expected_sqrt(s, [5.0, 500.0], ridge, at=[0.0, 1.0])
        np.testing.assert_array_equal(found.values[:, 0], np.sqrt(ridge))
    assert np.all(theory.expected_sqrt(s, [5.0, 500.0], at=[0.0]).gap == 0.0)


@pytest.mark.parametrize("intensity", [0.0, 0.01, 0.5, 0.999])
def test_shrinkage_is_a_ridge_up_to_scale(intensity):
    s = spectrum(MIXED)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, s.dim)) * np.sqrt(expanded(s))
    w = x.T @ x / 20
    shrunk = (1 - intensity) * w + intensity * s.trace / s.dim * np.eye(s.dim)
    ridge = theory.shrinkage_to_ridge(s, intensity)
    np.testing.assert_allclose(shrunk, (1 - intensity) * (w + ridge * np.eye(s.dim)), atol=1e-14)


# ------------------------------------------------------------------------------ simulation


@pytest.mark.parametrize("samples", [25, 150])
@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_expected_root_and_order_parameters_match_monte_carlo(samples, ridge):
    s = spectrum(MIXED)
    edges = np.append(0, np.cumsum(s.multiplicities[:-1])).astype(int)
    truth = np.sqrt(expanded(s))
    energy = s.trace + s.dim * ridge
    roots, q, q_true, previous = [], [], [], None
    for w in wishart(s, samples, 40, seed=1):
        root = matrix_root(w, ridge)
        diagonal = root.diagonal().real
        roots.append(np.add.reduceat(diagonal, edges) / s.multiplicities)
        q_true.append(diagonal @ truth / np.sqrt(s.trace * energy))
        if previous is None:
            previous = root
        else:  # independent pairs
            q.append(np.vdot(previous, root).real / energy)
            previous = None
    expected = theory.expected_sqrt(s, samples, ridge).values
    assert_mean(np.array(roots)[:, :3], expected[:3], 0.01)
    found = theory.order_parameters(s, samples, ridge)
    assert_mean(q, found.convergence, 0.01)
    assert_mean(q_true, found.convergence_to_truth, 0.01)


# ------------------------------------------------------------------------------ shapes and size


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3)])
def test_results_have_the_shape_of_samples(shape):
    s, n = spectrum(MIXED), np.full(shape, 17.0)
    root = theory.expected_sqrt(s, n)
    assert root.values.shape == root.gap.shape == (*shape, 4)
    assert root.converged.shape == shape
    assert theory.expected_sqrt(s, n, at=[1.0, 2.0]).values.shape == (*shape, 2)
    found = theory.order_parameters(s, n)
    for field in ("convergence", "convergence_to_truth", "gap", "gap_to_truth", "converged"):
        assert np.shape(getattr(found, field)) == shape
    for f in (theory.convergence, theory.convergence_to_truth):
        assert np.shape(f(s, n)) == shape


def test_each_number_of_samples_is_independent_of_the_others():
    s = spectrum(MIXED)
    n = np.array([1.0, 60.0, 1e12, 3.5])
    table = theory.expected_sqrt(s, n).values
    for i, count in enumerate(n):
        np.testing.assert_array_equal(table[i], theory.expected_sqrt(s, count).values)


def test_points_asked_for_may_lie_anywhere():
    s = spectrum(MIXED)
    at = np.array([1e9, 4.0, 1e-9, 1.0])
    found = theory.expected_sqrt(s, 30.0, at=at)
    np.testing.assert_allclose(found.values + found.gap, np.sqrt(at), rtol=1e-14)
    np.testing.assert_allclose(
        found.values[[1, 3]], theory.expected_sqrt(s, 30.0).values[:2], rtol=1e-14
    )
    kappa = naive_kappa(expanded(s)[:60], 30.0, 1e-14)
    # h(s) ≈ c s for s ≪ κ₀ and sqrt(s) for s → ∞.
    small = theory.expected_sqrt(s, 30.0, at=[1e-6 * kappa, 1e-7 * kappa]).values
    assert small[0] / small[1] == pytest.approx(10.0, rel=1e-5)
    assert found.gap[0] / np.sqrt(1e9) == pytest.approx(s.trace / (2 * 30 * 1e9), rel=1e-4)


def test_splitting_and_order_of_the_spectrum_do_not_matter():
    rng = np.random.default_rng(2)
    values = rng.exponential(size=200)
    counts = rng.integers(1, 6, 200)
    n = np.array([1.0, 100.0, float(counts.sum()), 5000.0])
    whole = theory.order_parameters(Spectrum.from_eigenvalues(values, counts), n)
    shuffled = rng.permutation(np.repeat(values, counts))
    split = theory.order_parameters(Spectrum.from_eigenvalues(shuffled), n)
    np.testing.assert_array_equal(whole.gap, split.gap)
    # Splitting a degenerate level by nothing visible changes nothing either.
    apart = values[:, None] * (1 + 1e-14 * np.arange(2))
    half = Spectrum.from_eigenvalues(np.concatenate([apart, values[:, None]], axis=1).ravel())
    thrice = Spectrum.from_eigenvalues(values, np.full(200, 3))
    np.testing.assert_allclose(
        theory.order_parameters(half, n).gap, theory.order_parameters(thrice, n).gap, rtol=1e-12
    )


def test_a_million_eigenvalues_cost_little():
    s = Spectrum.power_law(10**6, 1.0)
    assert s.compression.nodes.size < 100
    theory.order_parameters(s, 1.0)  # what is cached on first use is not counted
    tracemalloc.start()
    found = theory.order_parameters(s, np.geomspace(1, 1e9, 300))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 2**20
    assert found.converged.all()
    assert np.all(np.diff(found.convergence) > 0)


def test_compression_of_a_power_law_changes_nothing():
    s, ridge = Spectrum.power_law(3000, 1.2), 1e-3
    values = s.eigenvalues
    h = theory.expected_sqrt(s, 500.0, ridge).values
    chosen = [0, 9, 99, 999, 2999]
    np.testing.assert_allclose(
        h[chosen], naive_sqrt(values, 500.0, ridge, values[chosen]), rtol=1e-11
    )
    energy = values.sum() + 3000 * ridge
    assert theory.convergence(s, 500.0, ridge) == pytest.approx(np.sum(h**2) / energy, rel=1e-13)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_scale_invariance(scale):
    plain, s = spectrum(MIXED), Spectrum.from_eigenvalues(scale * np.array(MIXED[0]), MIXED[1])
    n = [1.0, 30.0, 60.0, 1e6]
    for ridge in (0.0, 0.3):
        a, b = (
            theory.order_parameters(plain, n, ridge),
            theory.order_parameters(s, n, scale * ridge),
        )
        np.testing.assert_allclose(a.convergence, b.convergence, rtol=1e-14)
        np.testing.assert_allclose(
            np.sqrt(scale) * theory.expected_sqrt(plain, n, ridge).values,
            theory.expected_sqrt(s, n, scale * ridge).values,
            rtol=1e-14,
        )
    assert theory.shrinkage_to_ridge(s, 0.1) == pytest.approx(
        scale * theory.shrinkage_to_ridge(plain, 0.1), rel=1e-14
    )


# ------------------------------------------------------------------------------ bad input


FUNCTIONS = {
    "expected_sqrt": theory.expected_sqrt,
    "order_parameters": theory.order_parameters,
    "convergence": theory.convergence,
    "convergence_to_truth": theory.convergence_to_truth,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("samples", [0, []], ids=repr)
def test_bad_samples_are_refused(name, samples):
    assert_refused(lambda: FUNCTIONS[name](spectrum(MIXED), samples), "samples")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("ridge", [-1e-9, [0.1]], ids=repr)
def test_bad_ridge_is_refused(name, ridge):
    assert_refused(lambda: FUNCTIONS[name](spectrum(MIXED), 5.0, ridge), "ridge")


@pytest.mark.parametrize("at", [[-1.0], "x"], ids=repr)
def test_bad_points_are_refused(at):
    assert_refused(lambda: theory.expected_sqrt(spectrum(MIXED), 5.0, at=at), "at ")


@pytest.mark.parametrize("intensity", [-0.1, 1.0], ids=repr)
def test_bad_shrinkage_is_refused(intensity):
    assert_refused(lambda: theory.shrinkage_to_ridge(spectrum(MIXED), intensity), "shrinkage")


def test_results_cannot_be_replaced():
    found = theory.order_parameters(spectrum(MIXED), 5.0)
    with pytest.raises(AttributeError):
        found.convergence = 1.0


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_references_are_what_is_stored(call):
    stored.derive_again(call)
