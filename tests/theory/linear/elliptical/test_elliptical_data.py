"""Elliptical data against the Gaussian law, root finding at every noise level, and simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.linear.distances import bures_wasserstein
from convergen.theory.linear.elliptical.elliptical_data import (
    _AmplitudeMap,
    elliptical_bures_wasserstein,
    elliptical_convergence,
    elliptical_overlaps,
)
from tests.monte_carlo import Stored

stored = Stored(__file__)
POWER = Spectrum.power_law(40, 1.2)
TWO = np.array([0.2, 0.2, 0.2, 3.4])


def direct(spectrum, n, tau):
    """Root finding in z at every node of SciPy's quadrature: neither κ nor e is explicit here."""
    lam = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    tau = tau / tau.mean()

    def gain(z):
        """(1/κ) from the fixed point Σ λ/(z + ψλ)/n = e, ψ = E τ/(1 + τe)."""

        def excess(log_e):
            psi = np.mean(tau / (1.0 + tau * np.exp(log_e)))
            return np.log(np.sum(lam / (z + psi * lam)) / n) - log_e

        e = np.exp(brentq(excess, -80.0, 80.0, xtol=1e-13, rtol=1e-13))
        return np.mean(tau / (1.0 + tau * e))

    def root(s):
        # √x = (1/π) ∫ [1 − z/(x + z)] z^{−1/2} dz, with z = exp(u).
        def integrand(u):
            z = np.exp(u)
            psi = gain(z)
            return psi * s / (z + psi * s) * np.sqrt(z) / np.pi

        return quad(integrand, -60.0, 60.0, limit=400, epsrel=1e-9, points=[-10.0, 0.0, 10.0])[0]

    return sum(root(s) ** 2 for s in lam) / lam.sum()


@pytest.mark.parametrize("n", [1, 7, 39.5, 40, 41, 300, 1e7])
def test_one_amplitude_is_the_gaussian_law(n):
    found = elliptical_convergence(POWER, n, [2.5, 2.5])
    assert found == pytest.approx(theory.convergence(POWER, n), rel=1e-12)


@pytest.mark.parametrize("n", [5, 12, 60])
def test_matches_root_finding_at_every_noise_level(n):
    spectrum = Spectrum.from_eigenvalues([3.0, 1.0, 0.1], [2, 4, 6])
    assert elliptical_convergence(spectrum, n, TWO) == pytest.approx(
        direct(spectrum, n, TWO), rel=1e-6
    )


def test_scale_and_shape():
    n = np.array([[3.0, 10.0], [40.0, 200.0]])
    found = elliptical_convergence(POWER, n, TWO)
    assert found.shape == n.shape
    assert elliptical_convergence(POWER, n, 1e6 * TWO) == pytest.approx(found, rel=1e-13)
    assert np.all(np.diff(found.ravel()) > 0.0)
    assert np.all(found < theory.convergence(POWER, n))


@stored
def simulated_gap(n):
    """1 − q of linear models of elliptical data in 120 dimensions, and its standard error."""
    scale, rng, repeats = np.arange(1.0, 121.0) ** -0.5, np.random.default_rng(5), 12
    apart, size = np.empty(repeats), np.empty(repeats)
    for r in range(repeats):
        roots = []
        for _ in range(2):
            rows = rng.standard_normal((n, 120)) * scale * np.sqrt(rng.choice(TWO, (n, 1)))
            _, values, vectors = np.linalg.svd(rows / np.sqrt(n), full_matrices=False)
            roots.append((vectors.T * values) @ vectors)
        apart[r] = 0.5 * np.sum((roots[0] - roots[1]) ** 2)
        size[r] = 0.5 * sum(np.sum(root**2) for root in roots)
    gap = apart.mean() / size.mean()
    return gap, (apart - gap * size).std(ddof=1) / size.mean() / np.sqrt(repeats)


@pytest.mark.parametrize("n", [40, 120, 400])
def test_simulated_elliptical_data_agree(n):
    """The bias at finite d is of order 1/d: at d = 120 it stays below 2 % of 1 − q."""
    spectrum = Spectrum.power_law(120, 1.0)
    gap, error = simulated_gap(n)
    expected = 1.0 - elliptical_convergence(spectrum, n, TWO)
    assert abs(gap - expected) < 4.0 * np.hypot(error, 0.02 / 4.0 * expected)
    gaussian = 1.0 - theory.convergence(spectrum, n)
    assert gap - gaussian > 10.0 * error


@pytest.mark.parametrize("amplitudes", [[], [np.nan]])
def test_bad_amplitudes(amplitudes):
    with pytest.raises(InputError, match="amplitudes"):
        elliptical_convergence(POWER, 10, amplitudes)


def test_bad_samples():
    with pytest.raises(InputError, match="samples"):
        elliptical_convergence(POWER, 0.5, [1.0])


def test_overlaps_with_the_truth_are_those_of_gaussian_data_at_one_amplitude():
    n = np.array([[3.0, 20.0], [60.0, 1e5]])
    q, truth = elliptical_overlaps(POWER, n, [2.0])
    gaussian = theory.order_parameters(POWER, n)
    np.testing.assert_allclose(q, gaussian.convergence, rtol=1e-12)
    np.testing.assert_allclose(truth, gaussian.convergence_to_truth, rtol=1e-12)
    # Beyond 1e18 points nothing is left to learn, and no overlap exceeds 1.
    for found in elliptical_overlaps(POWER, [1e20, 1e25], TWO):
        assert np.all((found > 1.0 - 1e-12) & (found <= 1.0))


@pytest.mark.parametrize("tau", [[1.0], [0.01, 0.5, 2.49], [1e-6, 2.0]])
def test_the_map_of_amplitudes_is_inverted_at_every_fraction(tau):
    tau = np.array(tau) / np.mean(tau)
    log_e = np.linspace(-70.0, 70.0, 57)
    share = tau * np.exp(log_e)[:, None] / (1.0 + tau * np.exp(log_e)[:, None])
    used, free = share.mean(axis=1), (1.0 / (1.0 + tau * np.exp(log_e)[:, None])).mean(axis=1)
    found = _AmplitudeMap(tau).inverse(used, free)
    np.testing.assert_allclose(np.log(found), log_e, rtol=0, atol=1e-9)


def test_four_steps_of_newton_are_enough_for_amplitudes_far_apart(monkeypatch):
    monkeypatch.setattr("convergen.theory.linear.elliptical.elliptical_data._NEWTON", 4)
    tau = np.array([1e-6, 2.0 - 1e-6])
    used = np.array([0.1, 0.3, 0.49, 0.6, 0.9])
    found = _AmplitudeMap(tau).inverse(used, 1.0 - used)
    share = tau * found[:, None] / (1.0 + tau * found[:, None])
    np.testing.assert_allclose(share.mean(axis=1), used, rtol=1e-9)


def test_newton_ends_when_its_steps_are_short(monkeypatch):
    calls, fractions = [], _AmplitudeMap._fractions
    monkeypatch.setattr(
        _AmplitudeMap, "_fractions", lambda self, at: calls.append(1) or fractions(self, at)
    )
    elliptical_convergence(POWER, [30.0], [2.0])
    assert len(calls) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)


def test_wasserstein_distance_of_equal_amplitudes_is_that_of_gaussian_data():
    spectrum = Spectrum.power_law(80, 1.0)
    n = np.array([[20.0, 79.0], [160.0, 4000.0]])
    found = elliptical_bures_wasserstein(spectrum, n, [3.0, 3.0])
    np.testing.assert_allclose(found, bures_wasserstein(spectrum, n), rtol=2e-4)


@pytest.mark.parametrize("n", [30, 150])
def test_wasserstein_distance_of_elliptical_data_is_that_of_simulated_samples(n):
    rng = np.random.default_rng(n)
    values = np.arange(1.0, 61.0) ** -1.0
    tau = rng.gamma(2.0, 0.5, 4000)
    expected = float(elliptical_bures_wasserstein(Spectrum.from_eigenvalues(values), n, tau))
    drawn = []
    for _ in range(40):
        x = rng.standard_normal((n, 60)) * np.sqrt(values)
        x *= np.sqrt(rng.choice(tau, (n, 1)) / tau.mean())
        # Tr (Σ^{1/2} Σ̂ Σ^{1/2})^{1/2} is the sum of singular values of XΣ^{1/2}/√n.
        cross = np.linalg.svd(x * np.sqrt(values / n), compute_uv=False).sum()
        drawn.append((values.sum() + (x**2).sum() / n - 2.0 * cross) / values.sum())
    error = np.std(drawn) / np.sqrt(40)
    # The law is one of large d: 2 % at d = 60, as that of q.
    assert abs(np.mean(drawn) - expected) < 4.0 * error + 0.02 * expected
    gaussian = float(bures_wasserstein(Spectrum.from_eigenvalues(values), n))
    assert expected > 1.1 * gaussian
