"""Stochastic ascent, on Gaussians whose denoisers know σ and on the same made blind to it."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.denoisers.samplers import sample
from convergen.theory.denoisers.sampling_steps import heun
from convergen.theory.denoisers.stochastic_ascent import StochasticAscent
from convergen.theory.spectra.spectrum import Spectrum

LOW, HIGH = 0.05, 2.0


def power_law(alpha, dim=64):
    values = np.arange(1.0, dim + 1.0) ** -alpha
    return values / values.mean()


class BlindGaussian:
    """Wiener filter at the noise level of largest likelihood for each point: σ is not looked at."""

    def __init__(self, variances):
        self.variances = variances
        self.levels = HIGH**2

    def __call__(self, x, sigma):
        square = np.broadcast_to(self.levels, len(x)).copy()
        for _ in range(6):  # Fisher scoring from the last answer
            precision = 1.0 / (self.variances + square[:, None])
            slope = (precision**2 * x**2 - precision).sum(axis=1)
            moved = square + slope / (precision**2).sum(axis=1)
            square = np.maximum(moved, 0.3 * square)
        self.levels = square
        return self.variances / (self.variances + square[:, None]) * x


def drawn(denoiser, dim=64, draws=800, **options):
    seeds = np.random.default_rng(0).standard_normal((draws, dim))
    return sample(
        denoiser, seeds, method="blind", rng=np.random.default_rng(1),
        sigma_min=LOW, sigma_max=HIGH, **options,
    )  # fmt: skip


def bands(points, variances):
    """Variance over that of the law after its last denoising: leading, middle, last factors."""
    limit = variances**2 / (variances + LOW**2)
    return [
        (points[:, part] ** 2).mean(axis=0).sum() / limit[part].sum()
        for part in (slice(0, 4), slice(4, 24), slice(24, None))
    ]


@pytest.mark.parametrize("alpha", [1.0, 2.0])
@pytest.mark.parametrize("kind", ["blind", "seeing"])
def test_variances_of_every_factor_are_those_of_the_law(alpha, kind):
    variances = power_law(alpha)
    spectrum = Spectrum.from_eigenvalues(variances)
    denoiser = BlindGaussian(variances) if kind == "blind" else GaussianDenoiser(spectrum)
    found = drawn(denoiser, settling=2.0 * (1.0 + variances[0] / (0.7 * HIGH) ** 2))
    # Leading factors: a standard error of √(2/800) each.
    assert bands(found.points, variances) == pytest.approx([1.0] * 3, abs=0.1)


def test_two_models_agree_as_much_as_their_linear_maps():
    """The response of each model to each noise, for two sample covariances on the same noises."""
    rng = np.random.default_rng(3)
    models = []
    for _ in range(2):
        x = rng.standard_normal((24, 12)) * np.sqrt(power_law(1.0, 12))
        models.append(GaussianDenoiser.from_covariance(x.T @ x / len(x)))
    first, second = (drawn(model, 12, 4000).points for model in models)
    overlap = (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())
    levels = np.array([HIGH, LOW, 0.0])
    sampler = StochasticAscent(levels, np.random.default_rng(0))
    responses = []
    for model in models:
        vectors = model._vectors
        found = sampler.responses(levels, model.spectrum.leading(12))
        responses.append(np.einsum("ki,ti,li->tkl", vectors, found, vectors))
    products = [[np.sum(a * b) for b in responses] for a in responses]
    exact = products[0][1] / np.sqrt(products[0][0] * products[1][1])
    assert overlap == pytest.approx(exact, abs=0.01)
    assert (first**2).sum() / len(first) == pytest.approx(products[0][0], rel=0.03)


class HomogeneousGaussian:
    """N(μ, Σ) at the amplitude and the noise level of largest likelihood, about points' mean."""

    def __init__(self, mean, variances):
        self.mean, self.variances = mean, variances
        self.ratios = np.geomspace(1e-3, 60.0, 100)  # of noise over amplitude, squared
        self.precisions = 1.0 / (variances + self.ratios[:, None])

    def __call__(self, x, sigma):
        raw, precisions = x + self.mean, self.precisions
        square, cross = raw**2 @ precisions.T, (raw * self.mean) @ precisions.T
        # The best 1/amplitude b of each ratio: b² square − b cross = d.
        dim = len(self.mean)
        inverse = (cross + np.sqrt(cross**2 + 4.0 * square * dim)) / (2.0 * square)
        cost = inverse**2 * square - 2.0 * inverse * cross - 2.0 * dim * np.log(inverse)
        cost += self.mean**2 @ precisions.T - np.log(precisions).sum(axis=1)
        best = cost.argmin(axis=1)
        scale = inverse[np.arange(len(x)), best][:, None]
        shares = self.variances * precisions[best]
        return (self.mean + shares * (scale * raw - self.mean)) / scale - self.mean


def test_no_noise_is_added_to_the_amplitude_of_homogeneous_denoisers():
    variances = power_law(1.0)
    mean = np.random.default_rng(5).standard_normal(64)
    mean *= 12.0 / np.linalg.norm(mean)
    denoiser = HomogeneousGaussian(mean, variances)
    x = np.random.default_rng(2).standard_normal((5, 64))
    scaled = 3.0 * (denoiser(x, 1.0) + mean) - mean
    np.testing.assert_allclose(denoiser(3.0 * (x + mean) - mean, 1.0), scaled, rtol=1e-9)
    powers = [
        (drawn(denoiser, draws=150, **how).points ** 2).sum() / (150 * variances.sum())
        for how in ({}, {"origin": -mean})
    ]
    assert powers[0] > 1.7
    assert powers[1] == pytest.approx(1.0, abs=0.15)


def test_sigma_is_not_looked_at_and_no_level_exceeds_the_first():
    seen = []

    def denoiser(x, sigma):
        seen.append(float(sigma[0]))
        return 0.5 * x

    found = drawn(denoiser, draws=3)
    assert max(seen) == pytest.approx(HIGH)
    assert seen[-1] == LOW
    assert len(seen) == found.evaluations
    levels = np.array([HIGH, LOW, 0.0])
    assert StochasticAscent(levels, np.random.default_rng(0)).evaluations(levels) == len(seen)


def test_without_fresh_noise_it_is_heuns_method():
    """β = 1 is the probability flow: no noise, nothing settles."""
    variances = power_law(1.0)
    denoiser = GaussianDenoiser(Spectrum.from_eigenvalues(variances))
    seeds = np.random.default_rng(0).standard_normal((20, 64))
    found = drawn(denoiser, draws=20, beta=1.0, step_size=0.05).points
    exact = denoiser(denoiser.flow(HIGH * seeds, HIGH, LOW), LOW)
    np.testing.assert_allclose(found, exact, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"beta": 1.1}, "beta = 1.1 must lie between"),
        ({"step_size": 0.95}, "step_size = 0.95 must lie between"),
        ({"settling": -1.0}, "settling must not be negative"),
        ({"steps": 10}, "does not use steps"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        drawn(lambda x, sigma: x, draws=2, **options)


# ------------------------------------------------------------------- denoisers that leave noise in


def identity(x, sigma):
    return x


def test_the_identity_is_stopped_before_its_points_vary_as_fresh_noise_adds_up():
    found = drawn(identity, draws=40)
    assert found.ran_away.tolist() == [True]
    level = np.square(found.points).mean()
    # Past 10 (p + σ²) by no more than the noise of one step; p = σ² of the first level.
    limit = 10.0 * (1.0 + 0.7**2) * HIGH**2
    assert limit < level < limit + 1.1 * HIGH**2
    tighter = drawn(identity, draws=40, variance=1.0)
    limit = 10.0 * (1.0 + (0.7 * HIGH) ** 2)
    assert limit < np.square(tighter.points).mean() < limit + 1.1 * HIGH**2


def test_one_model_of_a_batch_is_stopped_without_a_change_to_the_other():
    variances = power_law(1.0)
    gaussian = GaussianDenoiser(Spectrum.from_eigenvalues(variances))
    seeds = np.random.default_rng(0).standard_normal((30, 64))

    def both(x, sigma):
        return np.concatenate([x[:30], gaussian(x[30:], sigma[30:])])

    def of(denoiser, noise, rng, **how):
        return sample(denoiser, noise, method="blind", rng=rng, **how)

    class Twice(np.random.Generator):
        def standard_normal(self, size=None, dtype=np.float64, out=None):
            own = super().standard_normal((size[0] // 2, *size[1:]), dtype, out)
            return np.concatenate([own, own])

    pair = of(both, np.concatenate([seeds, seeds]), Twice(np.random.PCG64(1)), models=2)
    alone = of(gaussian, seeds, np.random.Generator(np.random.PCG64(1)))
    assert pair.ran_away.tolist() == [True, False]
    assert alone.ran_away is None
    np.testing.assert_array_equal(pair.points[30:], alone.points)
    with pytest.raises(InputError, match="61 points are no whole number for each of 2 models"):
        of(both, np.zeros((61, 3)), np.random.default_rng(0), models=2)


def test_responses_end_with_the_last_denoising_where_the_last_level_is_nought():
    variances, levels = power_law(1.0, 6), np.array([2.0, 1.0, 0.5])
    short, long = (
        StochasticAscent(levels, np.random.default_rng(0)).responses(given, variances)
        for given in (levels, np.append(levels, 0.0))
    )
    np.testing.assert_allclose(long, short * variances / (variances + 0.25), rtol=1e-12)


# ---------------------------------------------------------------- levels, noise and defaults


def ascent(first=2.0, **options):
    levels = np.array([first, 0.05])
    return StochasticAscent(levels, np.random.default_rng(1), **options)


def falling(high, low, count):
    return np.exp(np.linspace(np.log(high), np.log(low), count + 1)).tolist()


@pytest.mark.parametrize(
    ("options", "high", "low", "path"),
    [
        # Steps of 0.3 · 0.3 of a level: 36 of them from 1.4 to 0.05, after 10/0.3 that settle.
        ({}, 2.0, 0.05, [2.0] + [1.4] * 34 + falling(1.4, 0.05, 36)),
        ({}, 1.0, 0.05, falling(1.0, 0.05, 32)),
        ({}, 1.0, 0.95, [1.0, 0.95]),
        ({}, 1.0, 0.9, [1.0, np.sqrt(0.9), 0.9]),
        ({"settling": 0.6}, 2.0, 1.4, [2.0, 1.4, 1.4, 1.4]),
        ({"settling": 0.61}, 2.0, 1.5, [2.0, 1.5, 1.5, 1.5, 1.5]),
        ({"settling": 0.0, "step_size": 0.5, "beta": 0.5}, 2.0, 0.5, [2.0, *falling(1.0, 0.5, 3)]),
        ({"beta": 1.0, "step_size": 0.5}, 2.0, 0.4, falling(2.0, 0.4, 3)),
    ],
)  # fmt: skip
def test_levels_of_the_steps(options, high, low, path):
    np.testing.assert_allclose(ascent(**options)._path(high, low), path, rtol=1e-12)


def test_calls_are_two_a_step_and_one_for_nought():
    sampler = ascent(settling=0.6)
    # Three steps to 1.4, one to 1.35, one to 1.3.
    assert sampler.evaluations(np.array([2.0, 1.4, 1.35, 1.3])) == 10
    assert sampler.evaluations(np.array([2.0, 1.4, 1.35, 1.3, 0.0])) == 11


@pytest.mark.parametrize(
    ("high", "low", "raised"),
    [(1.0, 1.0, 1.0 / 0.7), (1.0, 0.91, 1.3), (1.0, 0.97, 0.97 / 0.9), (1.5, 1.5, 2.0),
     (1.0, 0.7, 2.0), (1.0, 0.1, 2.0)],
)  # fmt: skip
def test_a_step_of_its_share_leads_from_the_raised_level_to_the_next(high, low, raised):
    assert ascent()._raised(high, low) == pytest.approx(raised, rel=1e-12)


def test_a_step_of_the_whole_way_starts_at_the_first_level():
    assert ascent(beta=0.5)._raised(1.0, 0.5) == 2.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_adds_what_the_level_lacks_and_descends_by_heuns_method(dtype):
    def model(x, sigma):
        return np.tanh(x) / dtype(1.0 + sigma**2)

    x = np.random.default_rng(0).standard_normal((3, 2)).astype(dtype)
    found = ascent()(model, x, 1.0, 0.95)
    raised = 0.95 / (1.0 - 0.05 / 0.3)
    noise = np.random.default_rng(1).standard_normal((3, 2))
    expected = heun(model, x + np.sqrt(raised**2 - 1.0) * noise, raised, 0.95)
    np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype is np.float64 else 1e-6)
    assert found.dtype == dtype
    # From the first level there is no way up.
    first = ascent(settling=0.0)(model, x, 2.0, 1.4)
    np.testing.assert_allclose(
        first, heun(model, x, 2.0, 1.4), rtol=1e-12 if dtype is np.float64 else 1e-6
    )


def test_noise_across_the_last_denoised_points():
    origin = np.array([[1.0, 0.0], [0.0, 2.0]])
    sampler, seen = ascent(origin=origin), []

    def model(x, sigma):
        seen.append((sigma, x))
        return 0.5 * x + sigma

    x = np.random.default_rng(0).standard_normal((3, 2, 2))
    sampler(model, x, 1.0, 0.95)
    # The clean points of the first step are asked for; later ones are known.
    assert seen[0][0] == 1.0
    assert len(seen) == 3
    added = seen[1][1] - x
    along = 0.5 * x + 1.0 - origin
    fresh = np.random.default_rng(1).standard_normal(x.shape)
    size = np.sqrt((0.95 / (1.0 - 0.05 / 0.3)) ** 2 - 1.0)
    for i in range(3):
        unit = along[i] / np.linalg.norm(along[i])
        expected = fresh[i] - np.sum(fresh[i] * unit) * unit
        np.testing.assert_allclose(added[i], size * expected, rtol=1e-9)
    seen.clear()
    sampler(model, x, 0.95, 0.94)
    assert len(seen) == 2


class OneKick(np.random.Generator):
    """Noise that is 1 in one draw and 0 in all others."""

    def __init__(self, kicked):
        super().__init__(np.random.PCG64(0))
        self.left = kicked

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        self.left -= 1
        return np.full(size, 1.0 if self.left == 0 else 0.0)


def test_responses_are_what_single_kicks_become():
    variances, levels = np.array([3.0, 0.4, 0.02]), np.array([2.0, 0.7, 0.3])
    options = {"settling": 0.9, "variance": 1e9}
    found = StochasticAscent(levels, OneKick(0), **options).responses(levels, variances)

    def model(x, sigma):
        return variances / (variances + sigma**2) * x

    for kick, expected in enumerate(found):
        sampler = StochasticAscent(levels, OneKick(kick), **options)
        x = np.full((1, 3), 2.0 if kick == 0 else 0.0)
        for high, low in ((2.0, 0.7), (0.7, 0.3)):
            x = sampler(model, x, high, low)
        np.testing.assert_allclose(x[0], expected, rtol=1e-10, atol=1e-14)
    # The first step adds none; three settle, eight lead to 0.7 and nine to 0.3.
    assert len(found) == 1 + 3 + 8 + 9


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [("step_size", (1e-4, 0.9), (9.9e-5, 0.901)), ("beta", (1e-4, 1.0), (9.9e-5, 1.001))],
)
def test_shares_lie_within_their_limits(name, inside, outside):
    for value in inside:
        ascent(**{name: value})
    for value in outside:
        with pytest.raises(InputError) as raised:
            ascent(**{name: value})
        limits = f"must lie between 0.0001 and {inside[1]:g}."
        assert str(raised.value) == f"{name} = {value:g} {limits}"


@pytest.mark.parametrize(("scale", "away"), [(0.999, False), (1.001, True)])
def test_points_run_away_beyond_ten_times_data_and_noise(scale, away):
    """Mean squares of each model; one at the limit is none."""
    sampler = ascent(beta=1.0, variance=3.0, models=2)
    x = np.ones((4, 6))
    x[2:] = scale * np.sqrt(10.0 * (3.0 + 0.95**2))
    found = sampler(lambda x, sigma: x, x, 1.0, 0.95)
    np.testing.assert_array_equal(found, x)
    assert sampler.ran_away.tolist() == [False, away]
    assert ascent().ran_away.tolist() == [False]
    exact = ascent(first=1.0, beta=1.0, variance=1.25)
    exact(lambda x, sigma: x, np.full((1, 4), np.sqrt(15.0) * (1 - 1e-15)), 1.0, 0.5)
    assert not exact.ran_away.any()


def test_the_data_vary_by_the_square_of_the_first_level_unless_it_is_said():
    for scale, away in ((0.999, False), (1.001, True)):
        sampler = ascent(first=3.0, beta=1.0)
        sampler(lambda x, sigma: x, np.full((2, 2), scale * np.sqrt(10.0 * (9.0 + 4.0))), 2.5, 2.0)
        assert sampler.ran_away.tolist() == [away]


def test_points_that_are_no_multiple_of_the_models_are_refused_in_one_sentence():
    with pytest.raises(InputError) as raised:
        ascent(models=2)(lambda x, sigma: x, np.ones((5, 1)), 1.0, 0.9)
    assert str(raised.value) == (
        "5 points are no whole number for each of 2 models: give every model as many."
    )
