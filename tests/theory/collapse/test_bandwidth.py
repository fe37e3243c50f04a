import numba
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.neighbors import KernelDensity
from threadpoolctl import threadpool_limits

from convergen.theory.collapse.bandwidth import (
    best_bandwidth,
    held_out_likelihood,
    predicted_bandwidth,
    predicted_likelihood,
)
from convergen.theory.collapse.data_laws import GaussianLaw, MixtureLaw, as_law
from convergen.theory.collapse.information import draw_pairs
from convergen.theory.collapse.kernel_sums import (
    KernelLaw,
    draw_distinct,
    kernel_laws,
    mean_log_sum,
)
from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum

LINE = np.linspace(-9.0, 9.0, 4001)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = numba.get_num_threads()
    numba.set_num_threads(1)  # the arrays are small
    with threadpool_limits(1):
        yield
    numba.set_num_threads(threads)


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


class Anonymous:
    """A law of which only draws are known."""

    resolution = np.inf

    def __init__(self, spectrum):
        self.dim, self.draw = spectrum.dim, GaussianLaw(spectrum).draw

    def log_density(self, x, sigma):
        raise NotImplementedError


def digits():
    data = load_digits().data
    return (data - data.mean(axis=0)) / data.std()


# ------------------------------------------------------------------------------ held-out likelihood


def test_likelihood_is_that_of_a_kernel_density_estimate():
    rng = np.random.default_rng(0)
    train, fresh, widths = (
        rng.standard_normal((40, 3)),
        rng.standard_normal((25, 3)),
        [[0.2], [0.9]],
    )
    value, error = held_out_likelihood(train, fresh, widths)
    assert value.shape == error.shape == (2, 1)
    for i, (h,) in enumerate(widths):
        logs = KernelDensity(bandwidth=h).fit(train).score_samples(fresh)
        assert value[i, 0] == pytest.approx(logs.mean(), rel=1e-12)
        assert error[i, 0] == pytest.approx(logs.std(ddof=1) / 5.0, rel=1e-9)


def test_best_bandwidth_beats_a_fine_grid():
    rng = np.random.default_rng(1)
    train, fresh = 3.0 * rng.standard_normal((200, 2)), 3.0 * rng.standard_normal((300, 2))
    found = best_bandwidth(EmpiricalScore(train), fresh)
    grid = np.geomspace(0.1, 10.0, 400)
    value, _ = held_out_likelihood(train, fresh, grid)
    assert found.log_likelihood >= value.max() - 1e-5
    assert found.value == pytest.approx(grid[value.argmax()], rel=0.03)
    again = held_out_likelihood(train, fresh, found.value)
    assert (found.log_likelihood, found.stderr) == (float(again[0]), float(again[1]))


def test_bandwidth_scales_with_the_data():
    rng = np.random.default_rng(3)
    train, fresh = rng.standard_normal((50, 4)), rng.standard_normal((80, 4))
    small, large = best_bandwidth(train, fresh), best_bandwidth(1e6 * train, 1e6 * fresh)
    assert large.value == pytest.approx(1e6 * small.value, rel=1e-3)
    assert large.log_likelihood == pytest.approx(small.log_likelihood - 4 * np.log(1e6), abs=1e-4)


# -------------------------------------------------------------------------------------- kernel laws


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


@pytest.mark.parametrize("noisy", [True, False])
def test_tilted_moments_are_those_of_the_posterior(noisy):
    """E L^θ, and mean and mean square under L^θ, against the mixture's density and denoiser."""
    law, sigma, n = MixtureLaw(mixture()), 0.7, 1e6
    x0, z = draw_pairs(law, 12, 5)
    queries = x0 + sigma * z * noisy
    kernels = list(kernel_laws(law, n, sigma, noisy=noisy, draws=12, seed=5))
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
        for kernel in kernel_laws(law, n, h, noisy=False, draws=32, seed=1):
            # The query is known up to its sign from E L.
            root = -2.0 * (kernel.log_mean + 0.5 * np.log1p(1.0 / h**2)) * (1.0 + h**2)
            predicted.append(mean_log_sum(*kernel.times(n)[:2]))
            exact.append(mean_log_sum(*on_a_line(np.sqrt(max(root, 0.0)), h).times(n)[:2]))
        assert np.mean(predicted) == pytest.approx(np.mean(exact), abs=tolerance)


# ------------------------------------------------------------------------------------- predictions


@pytest.mark.parametrize(
    ("law", "samples", "bandwidths"),
    [
        (Spectrum.isotropic(2), 200, [0.2, 0.5, 1.5]),
        (Spectrum.isotropic(20), 300, [0.4, 0.9, 1.5]),
        (Spectrum.power_law(100, 1.0), 100, [0.15, 0.25, 0.6]),
        (mixture(), 60, [0.3, 0.6, 1.0]),
    ],
    ids=["isotropic-2", "isotropic-20", "power-law", "mixture"],
)
def test_predicted_likelihood_against_simulation(law, samples, bandwidths):
    known, runs = as_law(law), []
    for r in range(40):
        rng = np.random.default_rng(r)
        train, fresh = known.draw(samples, rng), known.draw(400, rng)
        runs.append(held_out_likelihood(train, fresh, bandwidths)[0])
    value, error = predicted_likelihood(law, samples, bandwidths, draws=256)
    noise = np.hypot(np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs)), error)
    assert np.all(np.abs(np.mean(runs, axis=0) - value) < 4.0 * noise + 0.005)


@pytest.mark.parametrize(
    ("law", "samples", "tolerance"),
    [(Spectrum.isotropic(5), 300, 0.02), (Spectrum.power_law(100, 1.0), 200, 0.01)],
    ids=["isotropic", "power-law"],
)
def test_predicted_bandwidth_is_the_measured_one(law, samples, tolerance):
    known, runs = as_law(law), []
    for r in range(8):
        rng = np.random.default_rng([r, 1])
        found = best_bandwidth(known.draw(samples, rng), known.draw(1000, rng))
        runs.append((found.value, found.log_likelihood))
    predicted = predicted_bandwidth(law, samples, draws=64)
    measured, error = np.mean(runs, axis=0), np.std(runs, axis=0, ddof=1) / np.sqrt(8.0)
    assert abs(predicted.value / measured[0] - 1.0) < tolerance + 3.0 * error[0] / measured[0]
    noise = np.hypot(error[1], predicted.stderr)
    assert abs(predicted.log_likelihood - measured[1]) < 4.0 * noise + 0.005


def test_predicted_bandwidth_of_digits():
    """From reference images alone."""
    data, runs = digits(), []
    for r in range(6):
        order = np.random.default_rng(r).permutation(len(data))
        runs.append(best_bandwidth(data[order[:100]], data[order[100:500]]).value)
    predicted = predicted_bandwidth(data, 100, draws=64)
    assert predicted.value == pytest.approx(np.mean(runs), rel=0.06)


def test_asymptotic_bandwidth_in_one_dimension():
    """Maximum of −h⁴/4 − R/(4 √π n h), R the range in which kernels overlap.

    ∫ p''²/p = 2 for a standard normal law; R = 2 (2 log(n h/√(2π)))^{1/2} cuts its tails, which
    is why the usual n^{−1/5} holds up to logarithms only (Hall 1987).
    """
    n, h = 1e9, 0.1
    for _ in range(60):
        reach = 2.0 * np.sqrt(2.0 * np.log(n * h / np.sqrt(2.0 * np.pi)))
        h = (reach / (4.0 * np.sqrt(np.pi) * n)) ** 0.2
    found = predicted_bandwidth(Spectrum.isotropic(1), n, draws=64)
    # The likelihood is so flat here that the choice of queries moves the maximum by 5 %.
    assert found.value == pytest.approx(h, rel=0.15)
    entropy = 0.5 * np.log(2.0 * np.pi * np.e)
    assert found.log_likelihood == pytest.approx(-entropy, abs=1e-5)


def test_bandwidth_condenses_in_many_dimensions():
    """Just below the freezing point; the point itself is ten per cent too high."""
    dim, log_n = 2000, 575.0
    freezing = brentq(
        lambda u: 0.5 * dim * (np.log1p(np.exp(-u)) - np.exp(u) / (1.0 + np.exp(u)) ** 2) - log_n,
        -5.0,
        5.0,
    )
    square = np.exp(freezing)
    found = predicted_bandwidth(Spectrum.isotropic(dim), np.exp(log_n), draws=16)
    condensed = np.sqrt(square * (1.0 - (square / (1.0 + square)) ** 2))
    assert found.value == pytest.approx(condensed, rel=0.01)
    assert found.value < 0.95 * np.sqrt(square)


def test_law_known_by_draws_only():
    spectrum = Spectrum.isotropic(8)
    exact, _ = predicted_likelihood(spectrum, 100, [0.5, 1.0])
    value, error = predicted_likelihood(Anonymous(spectrum), 100, [0.5, 1.0], draws=256)
    assert np.all(np.abs(value - exact) < 4.0 * error)


def test_data_set_too_small_for_n():
    data = np.random.default_rng(0).standard_normal((100, 2))
    assert np.isnan(predicted_likelihood(data, 40, 0.5)[0])
    assert np.isfinite(predicted_likelihood(data, 10, 0.5)[0])
    with pytest.raises(InputError, match=r"samples = 40 is too much .* at most 18"):
        predicted_bandwidth(data, 40)


def test_shapes_and_seeds():
    spectrum = Spectrum.isotropic(3)
    value, error = predicted_likelihood(spectrum, [[10], [20]], [0.4, 0.6, 0.8], draws=16)
    assert value.shape == error.shape == (2, 3)
    again, _ = predicted_likelihood(spectrum, 20, 0.6, draws=16)
    assert again.shape == ()
    assert again == value[1, 1]
    assert predicted_likelihood(spectrum, 20, 0.6, draws=16, seed=1)[0] != again


def test_draws_from_data_are_distinct():
    data = np.arange(40.0).reshape(20, 2)
    rows = draw_distinct(as_law(data), 20, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(rows, axis=0), data)
    with pytest.raises(InputError, match="21 distinct points"):
        draw_distinct(as_law(data), 21, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: held_out_likelihood(x, x, 0.0), "bandwidths must be positive"),
        (lambda x: held_out_likelihood(x, x[:, :1], 1.0), "x has shape"),
        (lambda x: held_out_likelihood(x, x[:1], 1.0), "at least two fresh points"),
        (lambda x: best_bandwidth(x, x), "every point of held_out is a training point"),
        (lambda x: best_bandwidth(x, np.ones((3, 2))), "does not vary"),
        (lambda x: predicted_likelihood(Spectrum.isotropic(2), 0.5, 1.0), "at least 1"),
        (lambda x: predicted_likelihood(Spectrum.isotropic(2), 5, -1.0), "bandwidths must be"),
        (lambda x: predicted_likelihood(Spectrum.isotropic(2), 5, 1.0, draws=0), "draws must"),
        (lambda x: predicted_bandwidth(Spectrum.isotropic(2), [5, 6]), "single number"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call(np.random.default_rng(0).standard_normal((10, 2)))
