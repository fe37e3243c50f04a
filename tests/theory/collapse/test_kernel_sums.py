import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import chi2, ncx2, norm

from convergen.theory.collapse.data_laws import GaussianLaw, MixtureLaw
from convergen.theory.collapse.information import draw_pairs
from convergen.theory.collapse.kernel_queries import kernel_laws
from convergen.theory.collapse.kernel_sums import (
    KernelLaw,
    gaussian_kernel,
    mean_log_sum,
    mixture_kernels,
)
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum

LINE = np.linspace(-9.0, 9.0, 4001)


def on_a_line(x, sigma):
    """Law of the kernel of y ~ N(0, 1) at x, on a fine grid of y."""
    logs = -0.5 * ((x - LINE) / sigma) ** 2
    order = np.argsort(logs)
    y, masses = LINE[order], np.log(norm.pdf(LINE[order]) * (LINE[1] - LINE[0]))
    return KernelLaw(logs[order], masses, y[:, None], y**2, float(logsumexp(logs[order] + masses)))


def mixture(dim=6):
    rng = np.random.default_rng(2)
    factors = rng.standard_normal((3, dim, dim)) / np.sqrt(dim)
    covariances = np.einsum("cij,ckj->cik", factors, factors) + 0.1 * np.eye(dim)
    return GaussianMixture([0.5, 0.3, 0.2], rng.standard_normal((3, dim)), covariances)


def test_sum_of_two_kernels():
    kernel = on_a_line(0.7, 0.6)
    pairs = np.logaddexp(kernel.logs[:, None], kernel.logs)
    masses = np.exp(kernel.log_masses)
    log_t, hazard, _ = kernel.times(2)
    assert mean_log_sum(log_t, hazard) == pytest.approx(masses @ pairs @ masses, abs=2e-4)


def test_sum_of_one_kernel():
    kernel = on_a_line(-0.2, 0.6)
    log_t, hazard, _ = kernel.times(1)
    exact = np.exp(kernel.log_masses) @ kernel.logs
    assert mean_log_sum(log_t, hazard) == pytest.approx(exact, abs=2e-4)


def test_tilted_moments_are_those_of_the_posterior():
    """E L^θ, and mean and mean square under L^θ, against the mixture's density and denoiser."""
    law, sigma, n = MixtureLaw(mixture()), 0.7, 1e6
    x0, z = draw_pairs(law, 12, 5)
    queries = x0 + sigma * z
    kernels = list(kernel_laws(law, n, sigma, draws=12, seed=5))
    centre = law.mixture.mean
    for theta in (0.3, 1.0):
        level = sigma / np.sqrt(theta)
        moment = law.log_density(queries, level) + 3.0 * np.log(2.0 * np.pi * level**2)
        posterior = law.mixture(queries, level)
        for x, kernel, log_moment, mean in zip(queries, kernels, moment, posterior, strict=True):
            logs = kernel.log_masses + theta * kernel.logs
            assert logsumexp(logs) == pytest.approx(log_moment, abs=0.02)
            weights = np.exp(logs - logsumexp(logs))
            np.testing.assert_allclose(weights @ kernel.vectors, mean - centre, atol=0.04)
            # |x − y|² = −2σ² log L, so that the squares follow from the logs and the vectors.
            square = 2.0 * (weights @ kernel.vectors) @ (x - centre) - np.sum((x - centre) ** 2)
            square -= 2.0 * sigma**2 * (weights @ kernel.logs)
            assert weights @ kernel.squares == pytest.approx(square, abs=0.03)
    for kernel, mean in zip(kernels, law.log_density(queries, sigma), strict=True):
        volume = 3.0 * np.log(2.0 * np.pi * sigma**2)
        assert kernel.log_mean == pytest.approx(mean + volume, abs=1e-9)


def test_rate_is_a_divergence():
    """θΛ' − Λ is the divergence of the tilted law from the law."""
    kernel, theta = on_a_line(1.1, 0.8), 0.4
    tilted = kernel.log_masses + theta * kernel.logs
    cumulant = logsumexp(tilted)
    weights = np.exp(tilted - cumulant)
    divergence = weights @ (tilted - cumulant - kernel.log_masses)

    def log_moment(power):
        level = 0.8 / np.sqrt(power)
        density = GaussianLaw(Spectrum.isotropic(1)).log_density(np.array([[1.1]]), level)
        return float(density[0]) + 0.5 * np.log(2.0 * np.pi * level**2)

    slope = (log_moment(theta + 1e-5) - log_moment(theta - 1e-5)) / 2e-5
    assert theta * slope - log_moment(theta) == pytest.approx(divergence, abs=1e-6)


def test_saddlepoint_against_quadrature_in_one_dimension():
    """The hardest case, with the fewest squares to sum."""
    law = GaussianLaw(Spectrum.isotropic(1))
    for n, h, tolerance in ((1000, 0.3, 1e-3), (50, 0.6, 1e-3), (50, 0.1, 0.02)):
        predicted, exact = [], []
        for kernel in kernel_laws(law, n, h, draws=32, seed=1):
            # The query is known up to its sign from E L.
            root = -2.0 * (kernel.log_mean + 0.5 * np.log1p(1.0 / h**2)) * (1.0 + h**2)
            predicted.append(mean_log_sum(*kernel.times(n)[:2]))
            exact.append(mean_log_sum(*on_a_line(np.sqrt(max(root, 0.0)), h).times(n)[:2]))
        assert np.mean(predicted) == pytest.approx(np.mean(exact), abs=tolerance)


def test_hazards_are_those_of_the_laplace_transform():
    law = KernelLaw(
        np.array([-4.0, -1.0, 0.0]), np.log([0.5, 0.3, 0.2]), np.zeros((3, 1)), np.zeros(3), 0.0
    )
    log_t = np.array([-3.0, 0.0, 1.5])
    survives = np.exp(-np.exp(log_t[:, None] + law.logs)) @ [0.5, 0.3, 0.2]
    np.testing.assert_allclose(law.hazard(log_t, 7.0), -7.0 * np.log(survives), rtol=1e-12)
    # Without the first node, its share never hits.
    rest = 0.5 + np.exp(-np.exp(log_t[:, None] + law.logs[1:])) @ [0.3, 0.2]
    np.testing.assert_allclose(law.hazard(log_t, 7.0, 1), -7.0 * np.log(rest), rtol=1e-12)


@pytest.mark.parametrize("samples", [5.0, 50.0, 1e9])
def test_the_grid_runs_from_no_hit_to_a_sure_one(samples):
    law = on_a_line(0.4, 0.5)
    log_t, hazard, first = law.times(samples)
    np.testing.assert_allclose(np.diff(log_t), log_t[1] - log_t[0])
    assert 64 <= log_t.size <= 250
    assert hazard[0] <= 1e-6 < 14.0 <= hazard[-1]
    # Not much wider than that: the bisection stops within a tenth.
    inner = law.hazard(np.array([log_t[0] + 0.2, log_t[-1] - 0.2]), samples)
    assert inner[0] > 1e-6
    assert inner[1] < 14.0
    np.testing.assert_allclose(hazard, law.hazard(log_t, samples), rtol=1e-4, atol=2e-6)
    left_out = np.exp(np.minimum(law.log_masses + law.logs, 50.0))[:first].sum()
    assert left_out * samples * np.exp(log_t[-1]) < 1.1e-6


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_kernels_of_white_noise_have_the_law_of_a_noncentral_square(shift):
    """−2σ² log L = |x − y|² is λ times a noncentral χ² of d degrees with centre |x|²/λ."""
    dim, lam, sigma = 40, 2.0, 1.3
    u = np.array([shift * np.sqrt(dim)])
    law = gaussian_kernel(u, np.array([lam]), np.array([float(dim)]), sigma, 1e6)
    exact = ncx2(dim, u[0] ** 2 / lam) if shift else chi2(dim)
    total = np.cumsum(np.exp(law.log_masses))
    assert total[-1] == pytest.approx(1.0, abs=1e-12)
    assert np.all(np.diff(law.logs) > 0.0)
    # Up to the middle between two nodes.
    middle = -2.0 * sigma**2 * 0.5 * (law.logs[1:] + law.logs[:-1]) / lam
    np.testing.assert_allclose(total[:-1], exact.sf(middle), atol=2e-3)
    # Far out in the tail of large kernels, where few of n are, in proportion.
    above = 1.0 - total[:-1]
    rare = (above > 1e-5) & (above < 1e-2)
    assert rare.sum() > 3
    np.testing.assert_allclose(above[rare], exact.cdf(middle[rare]), rtol=0.05)


@pytest.mark.parametrize("theta", [0.5, 1.0])
def test_moments_of_gaussian_kernels_are_known(theta):
    rng = np.random.default_rng(0)
    lam, weights = np.array([3.0, 1.0, 0.2]), np.array([4.0, 10.0, 20.0])
    u, sigma = rng.standard_normal(3) * np.sqrt(weights * (lam + 0.5)), 0.9
    law = gaussian_kernel(u, lam, weights, sigma, 1e4)
    tilted = law.log_masses + theta * law.logs
    level = sigma**2 / theta
    exact = -0.5 * weights @ np.log1p(lam / level) - 0.5 * np.sum(u**2 / (lam + level))
    assert logsumexp(tilted) == pytest.approx(exact, abs=2e-3)
    share = np.exp(tilted - logsumexp(tilted))
    np.testing.assert_allclose(share @ law.vectors, lam / (lam + level) * u, atol=5e-3)
    # E|y|² under the tilt: of its mean and of what is left of each direction's variance.
    square = np.sum((lam / (lam + level) * u) ** 2) + weights @ (lam * level / (lam + level))
    assert share @ law.squares == pytest.approx(square, rel=2e-3)
    whole = -0.5 * weights @ np.log1p(lam / sigma**2) - 0.5 * np.sum(u**2 / (lam + sigma**2))
    assert law.log_mean == pytest.approx(whole, rel=1e-12)


def test_equal_components_are_one_gaussian():
    law = MixtureLaw(GaussianMixture([0.4, 0.6], np.ones((2, 5)), [1.5, 1.5]))
    x = np.random.default_rng(1).standard_normal((1, 5)) + 1.0
    (both,) = mixture_kernels(law, x, 0.7, 1e3)
    one = gaussian_kernel(x[0] - 1.0, np.full(5, 1.5), np.ones(5), 0.7, 1e3)
    assert both.log_mean == pytest.approx(one.log_mean, rel=1e-12)
    assert np.all(np.diff(both.logs) >= 0.0)
    for theta in (0.0, 0.6):
        mean = [np.exp(each.log_masses + theta * each.logs) @ each.vectors for each in (both, one)]
        np.testing.assert_allclose(mean[0], mean[1], rtol=1e-9, atol=1e-12)
        square = [
            np.exp(each.log_masses + theta * each.logs) @ each.squares for each in (both, one)
        ]
        assert square[0] == pytest.approx(square[1], rel=1e-9)


class Watched(KernelLaw):
    """Keeps where its hazard was asked for."""

    def hazard(self, log_t, samples, first=0):
        asked.append(np.array(log_t))
        return super().hazard(log_t, samples, first)


asked = []


@pytest.mark.parametrize(("reach", "size"), [(2.0, 64), (60.0, None), (400.0, 250)])
@pytest.mark.parametrize("samples", [1.0, 300.0])
def test_the_grid_is_sought_between_no_kernel_and_every_one(reach, size, samples):
    logs, masses = np.linspace(-reach, -0.5, 9), np.log(np.arange(1.0, 10.0) / 45.0)
    law = Watched(logs, masses, np.zeros((9, 1)), np.zeros(9), 0.0)
    asked.clear()
    log_t, hazard, first = law.times(samples)
    # Where the largest of all n is hit by 2e-9, and where the smallest is by a hundred.
    ends = 0.5 - np.log(samples) - 20.0, reach + 5.0
    np.testing.assert_allclose(asked[0], np.mean(ends), rtol=1e-12)
    steps = np.clip((log_t[-1] - log_t[0]) / 0.7, 64, 250)
    assert log_t.size == int(steps)
    if samples == 1.0 and size is not None:
        assert log_t.size == size
    # Nodes are left out until their share of hits at the end would be a millionth.
    shares = np.cumsum(np.exp(masses + logs + log_t[-1]) * samples)
    assert first == np.searchsorted(shares, 1e-6)
    np.testing.assert_array_equal(hazard, law.hazard(log_t, samples, first))


def test_nodes_too_small_to_be_hit_are_left_out_one_by_one():
    logs = np.array([-60.0, -30.0, -1.0, 0.0])
    masses = np.log([1e-30, 1e-9, 0.4, 0.6 - 1e-9])
    log_t, _, first = KernelLaw(logs, masses, np.zeros((4, 1)), np.zeros(4), 0.0).times(2.0)
    shares = 2.0 * np.exp(masses + logs + log_t[-1])
    assert shares[1] < 1e-6 < shares[2]
    assert first == 2


def test_a_hit_that_is_sure_to_rounding_has_a_finite_hazard():
    law = KernelLaw(np.array([-1.0, 0.0]), np.log([0.5, 0.5]), np.zeros((2, 1)), np.zeros(2), 0.0)
    assert law.atoms == 0
    assert np.isnan(law.log_own)
    # What is left of φ is 1e-15, to the spacing of floats.
    found = law.hazard(np.array([60.0, 1e4]), 3.0)
    np.testing.assert_allclose(found, -3.0 * np.log(1e-15), atol=0.4)


@pytest.mark.parametrize(("sigma", "nodes"), [(100.0, 64), (0.01, 1000)])
def test_a_gaussian_kernel_has_64_to_1000_nodes(sigma, nodes):
    law = gaussian_kernel(np.array([0.3]), np.ones(1), np.ones(1), sigma, 1.0)
    assert len(law.logs) == len(law.log_masses) == len(law.vectors) == nodes
    assert law.atoms == 0
