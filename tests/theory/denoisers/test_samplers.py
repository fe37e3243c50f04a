from itertools import pairwise

import numpy as np
import pytest
from scipy.special import softmax

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.denoisers.noise_schedules import karras_schedule
from convergen.theory.denoisers.samplers import _Counted, _seeds, sample
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.linear.order_parameters import convergence
from convergen.theory.random_matrices.analytic_functions import sampling_convergence
from convergen.theory.spectra.spectrum import Spectrum
from tests.monte_carlo import Stored

stored = Stored(__file__)

METHODS = ["heun", "euler", "ddim", "ancestral", "stochastic", "adaptive"]
LOW, HIGH = 0.05, 20.0


def gaussian(dim=6, centre=1.0):
    factor = np.random.default_rng(0).standard_normal((dim, 2 * dim))
    matrix = factor @ factor.T / (2 * dim)
    return GaussianDenoiser.from_covariance(matrix, centre * np.arange(float(dim))), matrix


def seeds(batch, *shape, seed=1):
    return np.random.default_rng(seed).standard_normal((batch, *shape))


def settings(method, seed=0):
    """What a method needs beside the denoiser and the noise."""
    options = {"method": method}
    if method in ("ancestral", "stochastic"):
        options["rng"] = np.random.default_rng(seed)
    if method == "stochastic":
        options["churn"] = 10.0
    return options


def orders(errors):
    """Measured orders between successive doublings of the steps."""
    return np.log2(np.abs(errors[:-1] / errors[1:]))


# ---------------------------------------------------------------------------------------- schedules


def test_schedule_is_the_published_one():
    levels = karras_schedule(18)
    i = np.arange(18)
    root = 80.0 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80.0 ** (1 / 7))
    np.testing.assert_allclose(levels[:-1], root**7, rtol=1e-12)
    assert levels[0] == 80.0
    assert levels[-2] == 0.002
    assert levels[-1] == 0.0


def test_schedule_between_linear_and_geometric():
    np.testing.assert_allclose(karras_schedule(5, 1.0, 5.0, rho=1.0), [5, 4, 3, 2, 1, 0])
    geometric = np.geomspace(1e3, 1e-3, 7)
    np.testing.assert_allclose(karras_schedule(7, 1e-3, 1e3, rho=1e9)[:-1], geometric, rtol=1e-6)
    np.testing.assert_array_equal(karras_schedule(1), [80.0, 0.0])
    assert np.isfinite(karras_schedule(9, 1e-300, 1e300, rho=0.5)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "steps must be a whole number"),
        ((2.5,), "steps must be a whole number"),
        ((5, 2.0, 1.0), "0 < sigma_min < sigma_max"),
        ((5, 0.0, 1.0), "sigma_min must be positive"),
        ((5, 0.1, np.inf), "sigma_max holds 1"),
        ((5, 0.1, 1.0, 0.0), "rho must be positive"),
        ((5, 1.0, 1.0 + 4e-16), "no distance"),
        ((5, 0.1, [1.0, 2.0]), "sigma_max must be a single number"),
    ],
)
def test_bad_schedules_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        karras_schedule(*arguments)


# ---------------------------------------------------------------------- the probability-flow ODE


@pytest.mark.parametrize(("method", "order"), [("heun", 2.0), ("euler", 1.0), ("ddim", 1.0)])
def test_ode_methods_converge_at_their_order(method, order):
    denoiser, _ = gaussian()
    z = seeds(50, 6)
    exact = denoiser.flow(HIGH * z, HIGH, LOW)
    errors = []
    for steps in (64, 128, 256, 512):
        # Without the last level, 0: the flow is exact between two finite levels.
        result = sample(denoiser, z, method=method, sigmas=karras_schedule(steps, LOW, HIGH)[:-1])
        errors.append(np.sqrt(np.mean((result.points - exact) ** 2)))
    assert orders(np.array(errors)) == pytest.approx(order, abs=0.08)
    assert errors[-1] < (2e-5 if order == 2.0 else 3e-3)


def test_adaptive_solves_the_flow_to_eight_digits():
    denoiser, _ = gaussian()
    z = seeds(20, 6)
    ladder = [HIGH, 1.0, LOW]
    result = sample(denoiser, z, method="adaptive", sigmas=ladder, trajectory=True, rtol=1e-10)
    for points, level in zip(result.trajectory, ladder, strict=True):
        np.testing.assert_allclose(points, denoiser.flow(HIGH * z, HIGH, level), atol=1e-8)
    default = sample(denoiser, z, method="adaptive")
    flowed = denoiser(denoiser.flow(80.0 * z, 80.0, 0.002), 0.002)
    np.testing.assert_allclose(default.points, flowed, atol=1e-7)
    np.testing.assert_array_equal(default.sigmas, [80.0, 0.002, 0.0])
    loose = sample(denoiser, z, method="adaptive", rtol=1e-4, atol=1e-4)
    assert loose.evaluations < default.evaluations


@pytest.mark.parametrize("method", ["heun", "adaptive"])
def test_end_point_is_the_square_root_of_the_covariance(method):
    denoiser, matrix = gaussian(centre=0.0)
    z = seeds(20, 6)
    values, vectors = np.linalg.eigh(matrix)
    root = (vectors * np.sqrt(values)) @ vectors.T
    options = {"steps": 1600} if method == "heun" else {}
    gaps = []
    for low, high in [(0.1, 10.0), (0.01, 100.0), (0.001, 1000.0)]:
        found = sample(denoiser, z, method=method, sigma_min=low, sigma_max=high, **options)
        gaps.append(np.abs(found.points - z @ root).max())
    # Of order σ_min² and σ_max⁻², a factor of 100 each time, until the steps are seen.
    assert gaps[0] > 50 * gaps[1]
    assert gaps[1] > 10 * gaps[2]
    assert gaps[2] < 1e-4


def test_mean_is_reached_as_noise_grows():
    denoiser, _ = gaussian(centre=3.0)
    z = seeds(20, 6)
    found = sample(denoiser, z, method="adaptive", sigma_min=1e-3, sigma_max=1e6)
    np.testing.assert_allclose(found.points, denoiser.square_root(z), atol=1e-4)


@pytest.mark.parametrize(("method", "calls"), [("heun", 9), ("euler", 5)])
def test_one_step_at_a_time_agrees_with_the_textbook(method, calls):
    denoiser, _ = gaussian()
    z = seeds(3, 6)
    result = sample(denoiser, z, method=method, steps=5, trajectory=True)
    x = 80.0 * z
    for (high, low), found in zip(pairwise(karras_schedule(5)), result.trajectory[1:], strict=True):
        slope = (x - denoiser(x, high)) / high
        trial = x + (low - high) * slope
        if method == "heun" and low > 0.0:
            slope = 0.5 * (slope + (trial - denoiser(trial, low)) / low)
            trial = x + (low - high) * slope
        x = trial
        np.testing.assert_allclose(found, x, atol=1e-11)
    assert result.evaluations == calls


def empirical_score(data):
    """The memorising denoiser of a few points, written as the formula."""

    def denoise(x, sigma):
        square = np.sum((x[:, None] - data) ** 2, axis=2)
        return softmax(-square / (2.0 * sigma[:, None] ** 2), axis=1) @ data

    return denoise


@pytest.mark.parametrize("method", ["heun", "adaptive", "ancestral", "stochastic"])
def test_empirical_score_lands_on_training_points(method):
    data = seeds(8, 3, seed=5)
    result = sample(empirical_score(data), seeds(64, 3), **settings(method))
    distance = np.linalg.norm(result.points[:, None] - data, axis=2)
    assert distance.min(axis=1).max() < 1e-6
    # Not all on the same one: the samples follow the seeds.
    assert len(np.unique(distance.argmin(axis=1))) >= 6


def test_empirical_score_needs_small_noise_to_land():
    data = seeds(8, 3, seed=5)
    result = sample(empirical_score(data), seeds(64, 3), sigma_min=1.0)
    distance = np.linalg.norm(result.points[:, None] - data, axis=2)
    assert distance.min(axis=1).max() > 1e-2


# ------------------------------------------------------------------------------ stochastic samplers


class Impulses(np.random.Generator):
    """Noise that is 1 in one point at one draw: a linear sampler's law without Monte Carlo.

    Point 0 starts at 1 with no noise, point i starts at 0 and is kicked in draw i, so that the
    sum of squares over the batch is the variance that the sampler gives to white noise.
    """

    def __init__(self):
        super().__init__(np.random.PCG64(0))
        self.draws = 0

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        self.draws += 1
        kick = np.zeros(size)
        kick[self.draws] = 1.0
        return kick


def variance(method, levels, eigenvalue, **options):
    denoiser = GaussianDenoiser(Spectrum.from_eigenvalues([eigenvalue]))
    start = np.zeros((len(levels) + 1, 1))
    start[0] = 1.0
    result = sample(denoiser, start, method=method, sigmas=levels, rng=Impulses(), **options)
    return np.sum(result.points**2)


@pytest.mark.parametrize("eigenvalue", [0.3, 2.0])
@pytest.mark.parametrize(
    ("method", "order", "options"), [("ancestral", 1.0, {}), ("stochastic", 2.0, {"churn": 10.0})]
)
def test_stochastic_methods_converge_in_law_at_their_order(method, order, options, eigenvalue):
    # σ_max is so large that the start, white instead of Σ + σ_max², is forgotten.
    errors = [
        variance(method, karras_schedule(steps, LOW, 1e3)[:-1], eigenvalue, **options)
        - (eigenvalue + LOW**2)
        for steps in (128, 256, 512, 1024)
    ]
    assert orders(np.array(errors)) == pytest.approx(order, abs=0.12)
    assert abs(errors[-1]) < (0.02 if order == 1.0 else 2e-4) * eigenvalue


def test_churn_noise_other_than_one_inflates_the_law():
    levels = karras_schedule(256, LOW, 1e3)[:-1]
    plain, more = (variance("stochastic", levels, 1.0, churn=20.0, churn_noise=c) for c in (1, 1.2))
    assert more > 1.05 * plain


@pytest.mark.parametrize("method", ["heun", "ancestral", "stochastic"])
def test_covariance_is_reproduced_within_monte_carlo_error(method):
    denoiser, matrix = gaussian(dim=3)
    count, mean = 20_000, np.arange(3.0)
    options = {**settings(method), "steps": 400 if method == "ancestral" else 60}
    found = sample(denoiser, seeds(count, 3), sigma_min=0.01, sigma_max=500.0, **options).points
    scale = np.sqrt(np.diag(matrix))
    bias = 0.02  # order 1: see the exact law above
    assert np.all(np.abs(found.mean(axis=0) - mean) < 5 * scale / np.sqrt(count) + bias * scale)
    covariance = np.cov(found.T)
    error = np.sqrt((np.outer(scale, scale) ** 2 + matrix**2) / count)
    assert np.all(np.abs(covariance - matrix) < 5 * error + bias * np.outer(scale, scale))


def test_no_churn_is_heun():
    denoiser, _ = gaussian()
    z = seeds(4, 6)
    heun = sample(denoiser, z).points
    for options in ({"churn": 0.0}, {"churn": 40.0, "churn_range": (100.0, 200.0)}):
        options |= {"method": "stochastic", "rng": np.random.default_rng(0)}
        np.testing.assert_array_equal(sample(denoiser, z, **options).points, heun)
    churned = sample(denoiser, z, method="stochastic", churn=40.0, rng=np.random.default_rng(0))
    assert np.abs(churned.points - heun).max() > 0.1
    partly = {"churn": 40.0, "churn_range": (0.0, 5.0), "trajectory": True}
    late = sample(denoiser, z, method="stochastic", rng=np.random.default_rng(0), **partly)
    # The step that starts above the range is not churned, wherever it ends.
    early = np.count_nonzero(late.sigmas > 5.0) + 1
    full = sample(denoiser, z, trajectory=True)
    np.testing.assert_array_equal(late.trajectory[:early], full.trajectory[:early])
    assert np.all(late.trajectory[early] != full.trajectory[early])


@pytest.mark.parametrize(("churn", "growth"), [(2.0, 0.2), (1000.0, 2**0.5 - 1.0)])
def test_churn_raises_each_level_but_the_last(churn, growth):
    received = []

    def observed(x, sigma):
        received.append(sigma[0])
        return 0.0 * x

    rng = np.random.default_rng(0)
    levels = sample(
        observed, seeds(2, 3), method="stochastic", steps=10, churn=churn, rng=rng
    ).sigmas
    np.testing.assert_allclose(received[0:-1:2], (1.0 + growth) * levels[:-2], rtol=1e-15)
    np.testing.assert_array_equal(received[1::2], levels[1:-1])
    assert received[-1] == levels[-2]


# ------------------------------------------------------------------------------- seeds and shapes


@pytest.mark.parametrize("method", METHODS)
def test_equal_seeds_give_equal_samples(method):
    denoiser, _ = gaussian()
    z = seeds(4, 6)
    first, second = (sample(denoiser, z, **settings(method)) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    if method in ("ancestral", "stochastic"):
        other = sample(denoiser, z, **settings(method, seed=1))
        assert np.abs(other.points - first.points).max() > 0.1


@pytest.mark.parametrize("method", METHODS)
def test_two_models_share_the_noise_of_the_caller(method):
    one = GaussianDenoiser(Spectrum.isotropic(6, 1.0))
    two = GaussianDenoiser(Spectrum.isotropic(6, 4.0))
    z = seeds(500, 6)
    before = z.copy()
    first, second = (sample(model, z, **settings(method)).points for model in (one, two))
    np.testing.assert_array_equal(z, before)
    # Samples of two isotropic models differ in size but hardly in direction.
    cosine = np.sum(first * second) / np.linalg.norm(first) / np.linalg.norm(second)
    assert cosine > (0.9 if method in ("ancestral", "stochastic") else 0.999)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trajectories_images_and_dtypes(method, dtype):
    flat, _ = gaussian()
    denoiser = GaussianDenoiser(flat.spectrum, mean=flat.mean, shape=(2, 3))
    received = []

    def observed(x, sigma):
        received.append((x.shape, sigma.shape, x.dtype, sigma.dtype))
        return denoiser(x, sigma)

    z = seeds(5, 2, 3).astype(dtype)
    result = sample(observed, z, trajectory=True, **settings(method))
    assert result.trajectory.shape == (len(result.sigmas), 5, 2, 3)
    assert result.points.dtype == result.trajectory.dtype == dtype
    assert len(result.sigmas) == (3 if method == "adaptive" else 19)
    np.testing.assert_array_equal(result.trajectory[-1], result.points)
    np.testing.assert_array_equal(result.trajectory[0], dtype(80.0) * z)
    assert result.evaluations == len(received)
    assert {entry[:2] for entry in received} == {((5, 2, 3), (5,))}
    if method != "adaptive":  # which works in float64 inside
        assert {entry[2:] for entry in received} == {(np.dtype(dtype), np.dtype(dtype))}
    options = settings(method)
    same = sample(flat, z.reshape(5, 6).astype(np.float64), **options)
    assert same.trajectory is None
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(result.points.reshape(5, 6), same.points, atol=tolerance)


def test_any_callable_is_a_denoiser():
    # A point mass: the posterior mean is that point whatever x and σ.
    result = sample(lambda x, sigma: np.full(x.shape, 3.0), seeds(2, 4), steps=4)
    np.testing.assert_array_equal(result.points, 3.0)
    assert sample(lambda x, sigma: x, [[1, 2]], steps=4).points.dtype == np.float64
    single = np.ones((2, 3), dtype=np.float32)
    halved = sample(lambda x, sigma: 0.5 * x.astype(np.float64), single, steps=4)
    assert halved.points.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_points_are_not_copied_where_they_need_not_be(dtype):
    z = seeds(2, 3).astype(dtype)
    assert _seeds(z) is z
    assert _Counted(lambda x, sigma: x)(z, 1.0) is z


# -------------------------------------------------------------------------- agreement with theory


@stored
def simulated_convergence(samples, low, high, steps, to_zero):
    """q of pairs of linear models on the same seeds, with its error by the delta method."""
    pairs, dim = 10, 100
    levels = karras_schedule(steps, low, high)
    levels = levels if to_zero else levels[:-1]
    truth, rng = GaussianDenoiser(Spectrum.power_law(dim, 0.7)), np.random.default_rng(9)
    overlaps, energies = [], []
    for _ in range(pairs):
        z = rng.standard_normal((100, dim))
        one, two = (
            sample(
                LinearDenoiser.fit(truth.sample(samples, rng), center=False), z, sigmas=levels
            ).points
            for _ in range(2)
        )
        overlaps.append(np.mean(np.sum(one * two, axis=1)))
        energies.append(0.5 * np.mean(np.sum(one**2, axis=1) + np.sum(two**2, axis=1)))
    q = np.mean(overlaps) / np.mean(energies)
    spread = np.array(overlaps) - q * np.array(energies)
    return q, np.std(spread, ddof=1) / np.sqrt(pairs) / np.mean(energies)


@pytest.mark.parametrize("samples", [20, 60, 300])
def test_two_linear_models_converge_as_predicted(samples):
    spectrum, low, high = Spectrum.power_law(100, 0.7), 0.3, 5.0
    q, error = simulated_convergence(samples, low, high, 40, False)
    predicted = float(sampling_convergence(spectrum, samples, low, high))
    assert abs(q - predicted) < 4 * error + 2e-3
    assert error < 0.01
    limit = float(convergence(spectrum, samples))
    assert abs(predicted - limit) > 0.02  # the finite range of noise is seen


@pytest.mark.parametrize("samples", [20, 60, 300])
def test_two_linear_models_reach_the_convergence_of_the_limit(samples):
    q, error = simulated_convergence(samples, 1e-3, 300.0, 60, True)
    limit = float(convergence(Spectrum.power_law(100, 0.7), samples))
    assert abs(q - limit) < 4 * error + 2e-3
    assert error < 0.01


def test_blind_stops_where_points_run_away_and_says_so_then_alone():
    def both(x, sigma):
        return x * np.array([[1.0], [0.1], [0.1]])

    def blind(denoiser, models):
        rng = np.random.default_rng(0)
        return sample(denoiser, seeds(3, 400), method="blind", rng=rng, models=models)

    assert blind(both, 3).ran_away.tolist() == [True, False, False]
    assert blind(lambda x, sigma: 0.1 * x, 3).ran_away is None
    assert sample(both, seeds(3, 4), steps=2).ran_away is None
    np.testing.assert_array_equal(blind(both, 3).sigmas, [2.0, 0.05, 0.0])


# ---------------------------------------------------------------------------------------- bad input


def draw(**options):
    return sample(gaussian()[0], seeds(2, 6), **options)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample(None, seeds(2, 6)), "denoiser is a NoneType"),
        (lambda: sample(gaussian()[0], seeds(6)), r"noise has shape \(6,\)"),
        (lambda: sample(gaussian()[0], np.zeros((0, 6))), r"noise has shape \(0, 6\)"),
        (lambda: sample(gaussian()[0], np.full((2, 6), np.nan)), "noise holds 12"),
        (lambda: sample(gaussian()[0], seeds(2, 5)), "points of shape"),
        (lambda: sample(lambda x, sigma: x[:, :1], seeds(2, 6)), "keep the shape"),
        (lambda: sample(lambda x, sigma: x * np.nan, seeds(2, 6)), "NaN or infinite.*sigma = 80"),
        (lambda: draw(method="leapfrog"), "unknown method 'leapfrog'"),
        (lambda: draw(rng=RNG), "'heun' does not use rng.*ancestral or stochastic or blind"),
        (lambda: draw(churn=0.0), "does not use churn"),
        (lambda: draw(rtol=1e-3), "does not use rtol.*adaptive"),
        (lambda: draw(method="ancestral", rng=RNG, churn_noise=1.0), "does not use churn_noise"),
        (lambda: draw(method="adaptive", steps=18), "does not use steps"),
        (lambda: draw(method="adaptive", rho=7.0), "does not use rho"),
        (lambda: draw(method="ancestral"), "draws random numbers, but rng is NoneType"),
        (lambda: draw(method="stochastic", churn=1.0, rng=7), "rng is int"),
        (lambda: draw(method="stochastic", rng=RNG), "needs churn"),
        (lambda: draw(method="stochastic", rng=RNG, churn=-1.0), "churn must not be negative"),
        (
            lambda: draw(method="stochastic", rng=RNG, churn=1.0, churn_range=(2.0, 1.0)),
            "churn_range",
        ),
        (
            lambda: draw(method="stochastic", rng=RNG, churn=1.0, churn_noise=-1.0),
            "churn_noise must not",
        ),
        (lambda: draw(method="adaptive", rtol=0.0), "rtol must be positive"),
        (lambda: draw(method="adaptive", rtol=1e-15), "beyond double precision"),
        (lambda: draw(method="adaptive", atol=-1.0), "atol must be positive"),
        (lambda: draw(steps=0), "steps must be"),
        (lambda: draw(sigma_min=-1.0), "sigma_min must be positive"),
        (lambda: draw(sigma_max=1e-3), "0 < sigma_min < sigma_max"),
        (lambda: draw(sigmas=[2.0, 1.0], steps=2), "leave out steps"),
        (lambda: draw(sigmas=[2.0, 1.0], sigma_max=2.0), "leave out sigma_max"),
        (lambda: draw(sigmas=[1.0, 2.0]), "strictly descending"),
        (lambda: draw(sigmas=[2.0, 1.0, -1.0]), "strictly descending and not negative"),
        (lambda: draw(sigmas=[2.0]), "at least two"),
        (lambda: draw(sigmas=[2.0, np.nan]), "sigmas holds 1"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_denoiser_that_never_answers_alike_is_given_up(monkeypatch):
    monkeypatch.setattr("convergen.theory.denoisers.sampling_steps._MOST_EVALUATIONS", 2000)
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="got stuck at sigma"):
        sample(lambda x, sigma: rng.standard_normal(x.shape), seeds(2, 3), method="adaptive")


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_derived_again(call):
    stored.derive_again(call)
