import numpy as np
import pytest

from convergen.empirical.data.kinds import load_data
from convergen.empirical.measure import evaluation_set as module
from convergen.empirical.measure.evaluation_set import Subjects, settling_time
from convergen.empirical.measure.generation import decorrelated_noise, generate, pair_up
from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.splits.splits import split
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.denoisers.noise_schedules import karras_schedule
from convergen.theory.denoisers.stochastic_ascent import STEP_SIZE
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.spectra.spectrum import Spectrum


def subjects(kind="field", samples=(4, 12), seed=3, measure=None, **options):
    options = options or {"size": 4, "count": 80}
    data = load_data(kind, **options)
    measure = measure or MeasureSettings(draws=64, steps=12, error_points=20, factors=4)
    held_out = 0 if data.truth is not None else 16
    splits = split(data, samples, seed, duplicate_limit=None, held_out=held_out)
    return Subjects(data, splits, samples, TrainingSettings(), measure)


# ------------------------------------------------------------------------------ the seeds


def test_decorrelated_seeds_have_the_identity_as_second_moment():
    found = decorrelated_noise(100, 12, np.random.default_rng(0))
    np.testing.assert_allclose(found.T @ found / 100, np.eye(12), atol=1e-13)
    raw = np.random.default_rng(0).standard_normal((100, 12))
    # The nearest such matrix: the difference is symmetric in the axes of the draws.
    product = raw.T @ found
    np.testing.assert_allclose(product, product.T, atol=1e-10)


def test_what_a_linear_map_makes_of_them_has_exactly_its_covariance():
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((8, 8))
    points = decorrelated_noise(40, 8, rng) @ matrix.T
    np.testing.assert_allclose(points.T @ points / 40, matrix @ matrix.T, rtol=1e-10)


def test_samples_of_a_linear_denoiser_carry_no_error_of_the_draws():
    """64 seeds or 1024: the same covariance, that of the sampled linear model itself."""
    data = load_data("field", size=4, count=80)
    denoiser = LinearDenoiser.fit(data.points[:30], center=False)
    schedule = karras_schedule(12, 0.05, 20.0)
    found = []
    for draws in (64, 1024):
        noise = decorrelated_noise(draws, 16, np.random.default_rng(draws))
        noise = noise.reshape(-1, 1, 4, 4).astype(np.float32)
        points = generate(denoiser, 1, noise, schedule)[0][0]
        found.append(points.T @ points / draws)
    np.testing.assert_allclose(found[0], found[1], atol=1e-5 * found[1].max())


def test_too_few_seeds_stay_as_drawn():
    expected = np.random.default_rng(2).standard_normal((5, 9))
    np.testing.assert_array_equal(decorrelated_noise(5, 9, np.random.default_rng(2)), expected)


def test_directions_of_decorrelated_seeds_are_uniform():
    """Rotating the draws rotates the seeds, so no direction is preferred."""

    class Turned:
        def standard_normal(self, shape):
            return np.random.default_rng(4).standard_normal(shape) @ rotation

    rotation = np.linalg.qr(np.random.default_rng(3).standard_normal((6, 6)))[0]
    plain = decorrelated_noise(30, 6, np.random.default_rng(4))
    np.testing.assert_allclose(decorrelated_noise(30, 6, Turned()), plain @ rotation, atol=1e-12)


# --------------------------------------------------------------------------- the subjects


def test_members_come_by_n_and_side_with_their_own_rows():
    found = subjects()
    assert found.keys == [(4, "a"), (4, "b"), (12, "a"), (12, "b")]
    np.testing.assert_array_equal(found.rows(3), found.splits.b)
    np.testing.assert_array_equal(found.training_set(0), found.data.points[found.splits.a[:4]])
    np.testing.assert_array_equal(pair_up([0, 1, 2, 3], (4, 12)), [[0, 1], [2, 3]])


def test_the_truth_of_a_gaussian_is_its_law_and_samples_have_its_covariance():
    found = subjects()
    assert isinstance(found.truth, GaussianDenoiser)
    # A sampler of few steps shrinks the law's own covariance by little.
    points = found.true_samples
    moment = points.T @ points / len(points)
    assert np.linalg.norm(moment - found.covariance) < 0.1 * np.linalg.norm(found.covariance)
    assert np.trace(found.covariance) == pytest.approx(16.0)


def test_a_mixture_is_its_own_truth():
    found = subjects("mixture", dim=8, count=60, samples=(4, 8))
    assert found.truth is found.data.truth
    np.testing.assert_allclose(found.covariance, found.data.truth.covariance, atol=1e-10)


def test_unseen_points_are_fresh_where_the_law_is_known_and_held_out_rows_elsewhere():
    known = subjects().test_points
    assert known.shape == (20, 1, 4, 4)
    assert not (known[:, None] == subjects().data.points[None]).all(axis=(2, 3, 4)).any()
    np.testing.assert_array_equal(known, subjects().test_points)
    digits = subjects("digits", samples=(4, 12), center="data")
    np.testing.assert_array_equal(
        digits.test_points, digits.data.points[digits.splits.held_out[:20]]
    )


def test_streams_are_independent_of_each_other_and_functions_of_the_seed():
    first, second = (subjects(seed=seed) for seed in (3, 4))
    draws = [s.stream(p).standard_normal(3) for s in (first, second) for p in (2, 3)]
    assert len({tuple(draw) for draw in draws}) == 4
    np.testing.assert_array_equal(first.noise, subjects(seed=3).noise)
    assert (first.noise != second.noise).any()


def test_factors_are_as_many_as_there_are():
    measure = MeasureSettings(draws=8, factors=50)
    assert subjects(measure=measure).factors <= 16


# ------------------------------------------------------------------------------ blind models


def test_blind_models_see_the_same_noise_on_the_way_and_so_does_the_truth():
    plain = subjects()
    settings = TrainingSettings(sigma_max=2.0)
    found = Subjects(plain.data, plain.splits, plain.samples, settings, plain.settings, blind=True)
    truth, calls = found.truth, []

    def both(x, sigma):
        calls.append(sigma.max())
        return truth(x, sigma)

    first, second = found.generated(both, 2)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, found.true_samples)
    assert len(calls) == found.evaluations
    assert max(calls) <= 2.0
    # 64 draws of 16 coordinates; the probability flow from σ_max = 2 would lose a third of it.
    power = found.spectrum.trace / found.spectrum.dim
    assert (first**2).mean() / power == pytest.approx(1.0, abs=0.15)
    other = subjects(seed=4)
    again = Subjects(other.data, other.splits, other.samples, settings, other.settings, blind=True)
    assert np.abs(again.true_samples - found.true_samples).max() > 0.1


def _start(found, origin):
    """What a model of that origin is given first, shape (draws, d)."""
    calls = []

    def model(x, sigma):
        calls.append(x.reshape(len(x), -1).astype(float))
        return 0.5 * x

    found.generated(model, 1, origin)
    return calls[0]


def _blind(kind, **options):
    plain = subjects(kind, **options)
    settings = TrainingSettings(sigma_max=2.0)
    return Subjects(plain.data, plain.splits, plain.samples, settings, plain.settings, blind=True)


@pytest.mark.parametrize("size", [1.0, 0.01])
def test_amplitudes_that_homogeneous_models_never_change_start_as_the_data_vary(size):
    found = _blind("digits", samples=(4, 12), center="data")
    mean = found.data.standard_mean
    start, seeds = _start(found, -size * mean), found.noise.reshape(64, -1).astype(float)
    along = mean.ravel() / np.linalg.norm(mean)
    spread = np.std(found.data.points.reshape(-1, 64) @ along)
    np.testing.assert_allclose(start @ along, spread * (seeds @ along), rtol=1e-4, atol=1e-5)
    assert abs(spread - 2.0) > 0.1
    across = np.eye(64) - np.outer(along, along)
    np.testing.assert_allclose(start @ across, 2.0 * seeds @ across, atol=1e-5)


@pytest.mark.parametrize("grey", [-2.5, -0.1])
def test_images_on_a_grey_level_start_on_it_and_points_about_zero_keep_their_seeds(grey):
    found = _blind("field", size=4, count=80)  # the mean of every image is zero
    seeds = 2.0 * found.noise.reshape(64, -1)
    start = _start(found, np.full((1, 4, 4), grey))
    np.testing.assert_allclose(start.mean(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(start, seeds - seeds.mean(axis=1, keepdims=True), atol=1e-5)
    np.testing.assert_array_equal(_start(found, np.zeros((1, 4, 4))), seeds)


def test_mistakes_on_an_amplitude_that_the_data_fix_do_not_add_up():
    found = _blind("field", size=4, count=80)
    seen = []

    def model(x, sigma):  # the truth, but for a twentieth of the grey level at every call
        seen.append(x.mean(axis=(1, 2, 3)))
        return found.truth(x, sigma) + 0.125

    points = found.generated(model, 1, np.full((1, 4, 4), -2.5))[0]
    np.testing.assert_allclose(seen, 0.0, atol=1e-6)
    np.testing.assert_allclose(points.mean(axis=1), 0.0, atol=1e-6)
    # Without such mistakes it is the truth.
    np.testing.assert_allclose(points, found.true_samples, atol=1e-4)


def test_blind_models_settle_until_the_leading_factor_lacks_e_to_the_minus_four():
    """What a factor varies more than noise of size s decays by exp(−2t/(1 + λ/s²))."""
    spectrum = Spectrum.from_eigenvalues([9.0, 4.0, 1.0])
    level = (1.0 - STEP_SIZE) * 2.0
    decay = np.exp(-2.0 * settling_time(spectrum, 2.0) / (1.0 + 9.0 / level**2))
    assert decay == pytest.approx(np.exp(-4.0))


def test_a_model_is_called_twice_a_step_and_once_in_the_last():
    found, calls = subjects(), []

    def model(x, sigma):
        calls.append(sigma)
        return 0.5 * x

    found.generated(model, 1)
    assert len(calls) == found.evaluations == 23


def test_the_truth_is_sampled_once(monkeypatch):
    asked = []

    def generated(self, denoiser, members):
        asked.append((denoiser, members))
        return np.full((members, 2, 3), 5.0)

    monkeypatch.setattr(Subjects, "generated", generated)
    found = subjects()
    assert found.true_samples.tolist() == [[5.0] * 3] * 2
    assert asked == [(found.truth, 1)]


def stream(seed, purpose):
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose,)))


def test_seeds_and_unseen_points_can_be_drawn_again():
    """Shipped results and resumed runs rest on these streams."""
    found = subjects(seed=3)
    noise = decorrelated_noise(64, 16, stream(3, 2)).reshape(64, 1, 4, 4)
    np.testing.assert_array_equal(found.noise, noise.astype(np.float32))
    np.testing.assert_array_equal(found.test_points, found.data.fresh(20, stream(3, 3)))
    blind = _blind("field", size=4, count=80)
    assert blind.ascent["rng"].random() == stream(3, 9).random()
    assert blind.schedule.tolist() == [2.0, blind.training.sigma_min, 0.0]
    assert found.variance == pytest.approx(np.trace(found.covariance) / 16.0)


@pytest.mark.parametrize(("part", "held"), [(0.9, True), (1.0, False), (1.1, False)])
def test_data_of_less_than_a_millionth_of_their_variance_do_not_vary(monkeypatch, part, held):
    found = _blind("field", size=4, count=80)
    origin = np.zeros((1, 4, 4))
    origin[0, 0, 0] = 2.0
    covariance = np.eye(16)
    covariance[0, 0] = part * (1e-6 * found.variance)
    found.__dict__["covariance"] = covariance
    given = []
    monkeypatch.setattr(module, "_held", lambda denoiser, along: "held")
    monkeypatch.setattr(module, "generate", lambda *all: given.extend(all) or (None, None))
    found.drawn("free", 2, origin)
    denoiser, members, noise, _, ascent = given
    assert (denoiser, members) == ("held" if held else "free", 2)
    assert ("origin" in ascent) is not held
    assert np.array_equal(noise, found.noise) is held
