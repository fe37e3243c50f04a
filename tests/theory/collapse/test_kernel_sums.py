import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from convergen.theory.collapse.data_laws import GaussianLaw, MixtureLaw
from convergen.theory.collapse.information import draw_pairs
from convergen.theory.collapse.kernel_queries import kernel_laws
from convergen.theory.collapse.kernel_sums import KernelLaw, mean_log_sum
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
