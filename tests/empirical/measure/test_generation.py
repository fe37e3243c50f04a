"""Seeds without sampling error, and samples of several models from the same seeds."""

import numpy as np
import pytest

from convergen.empirical.measure.generation import (
    SharedNoise,
    decorrelated_noise,
    generate,
    pair_up,
)
from convergen.theory.denoisers.samplers import sample
from convergen.theory.denoisers.wiener import LinearDenoiser


@pytest.mark.parametrize(("draws", "dim"), [(7, 7), (20, 7), (200, 3)])
def test_decorrelated_noise_has_exactly_the_identity_as_its_second_moment(draws, dim):
    found = decorrelated_noise(draws, dim, np.random.default_rng(0))
    np.testing.assert_allclose(found.T @ found / draws, np.eye(dim), atol=1e-12)
    # Z (ZᵀZ/draws)^{-1/2}, the square root by its eigenvectors.
    raw = np.random.default_rng(0).standard_normal((draws, dim))
    values, vectors = np.linalg.eigh(raw.T @ raw / draws)
    np.testing.assert_allclose(found, raw @ (vectors / np.sqrt(values)) @ vectors.T, atol=1e-9)


def test_fewer_draws_than_dimensions_stay_as_drawn():
    found = decorrelated_noise(6, 7, np.random.default_rng(0))
    np.testing.assert_array_equal(found, np.random.default_rng(0).standard_normal((6, 7)))


def test_shared_noise_is_the_same_for_each_model():
    found = SharedNoise(np.random.default_rng(1), 3).standard_normal((6, 4), np.float32)
    own = np.random.default_rng(1).standard_normal((2, 4), np.float32)
    assert found.dtype == np.float32
    for model in np.split(found, 3):
        np.testing.assert_array_equal(model, own)


class Two:
    """Two linear denoisers as one, the points of the first member first."""

    def __init__(self, *models):
        self.models = models

    def __call__(self, x, sigma):
        count = len(self.models)
        noise = np.split(np.broadcast_to(sigma, len(x)), count)
        parts = zip(self.models, np.split(x, count), noise, strict=True)
        return np.concatenate([model(part, level) for model, part, level in parts])


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(2)
    return [LinearDenoiser.fit(s * rng.standard_normal((30, 2, 3)), center=False) for s in (1, 3)]


def test_each_member_starts_from_the_same_seeds(models):
    noise = np.random.default_rng(3).standard_normal((5, 2, 3)).astype(np.float32)
    schedule = np.array([10.0, 1.0, 0.1, 0.0])
    points, ran_away = generate(Two(*models), 2, noise, schedule)
    assert points.shape == (2, 5, 6)
    assert points.dtype == np.float64
    assert ran_away.tolist() == [False, False]
    for found, model in zip(points, models, strict=True):
        alone = sample(model, noise, sigmas=schedule).points.reshape(5, 6)
        np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-6)


def test_blind_members_share_the_noise_on_their_way(models):
    """Twice the same model: twice the same points, as if it were alone."""
    noise = np.random.default_rng(3).standard_normal((4, 2, 3)).astype(np.float32)
    schedule = np.geomspace(5.0, 0.1, 6)

    class Blind:
        def __call__(self, x, sigma=None):
            return models[0](x, 0.5)

    def ascent():
        return {"rng": np.random.default_rng(5), "step_size": 0.3}

    both, ran_away = generate(Blind(), 2, noise, schedule, ascent())
    (alone,), _ = generate(Blind(), 1, noise, schedule, ascent())
    np.testing.assert_allclose(both[0], alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(both[0], both[1])
    assert ran_away.shape == (2,)


def test_values_of_members_are_paired_by_side():
    found = pair_up([[1, 2], [3, 4], [5, 6], [7, 8]], (10, 20))
    np.testing.assert_array_equal(found, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    assert pair_up(range(6), (1, 2, 3)).tolist() == [[0, 1], [2, 3], [4, 5]]
