import numpy as np
import pytest
import scipy.linalg

from convergen.figures.explorer.answers.pictures import Studio, generated
from convergen.theory.sources.points import Points


def images(count=40, shape=(1, 3, 4), seed=0):
    rows = np.random.default_rng(seed).normal(2.0, 1.0, (count, *shape))
    return Points("mine", rows, shape)


@pytest.fixture
def studio():
    return Studio.of(images(), np.random.default_rng(1))


@pytest.mark.parametrize("n", [1, 3, 6, 20])
@pytest.mark.parametrize("ridge", [0.0, 0.4])
def test_a_model_generates_the_root_of_its_covariance_times_noise(n, ridge):
    rng = np.random.default_rng(n)
    x, noise = rng.standard_normal((n, 6)), rng.standard_normal((5, 6))
    covariance = x.T @ x / n + ridge * np.eye(6)
    values, vectors = scipy.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    np.testing.assert_allclose(generated(x, noise, ridge), noise @ root, atol=1e-7)


def test_models_are_trained_on_different_images_about_one_mean(studio):
    every = {tuple(row) for row in np.concatenate(studio.halves).round(9)}
    assert len(every) == 40
    np.testing.assert_allclose(np.concatenate(studio.halves).mean(axis=0), 0.0, atol=1e-12)
    assert studio.most == 20
    assert not studio.limited


def test_one_image_is_memorised_and_shown_as_nearest(studio):
    pair = studio.pair(1)
    assert pair.samples == 1
    assert pair.memorisation == pytest.approx(1.0)
    for side in range(2):
        np.testing.assert_allclose(
            pair.nearest[side], np.tile(studio.halves[side, 0] + studio.mean, (6, 1))
        )
        around = pair.made[side] - studio.mean
        cosine = around @ studio.halves[side, 0]
        cosine /= np.linalg.norm(around, axis=1) * np.linalg.norm(studio.halves[side, 0])
        np.testing.assert_allclose(np.abs(cosine), 1.0)


def test_numbers_of_a_pair_are_those_of_its_pictures(studio):
    pair = studio.pair(7, ridge=0.1)
    made = pair.made - studio.mean
    np.testing.assert_allclose(made[1], generated(studio.halves[1, :7], studio.noise, 0.1))
    a, b = made.reshape(2, -1)
    assert pair.convergence == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)))
    largest = []
    for side in range(2):
        train = studio.halves[side, :7]
        cosines = made[side] @ train.T / np.linalg.norm(train, axis=1)
        cosines = np.abs(cosines / np.linalg.norm(made[side], axis=1)[:, None])
        largest.append(cosines.max(axis=1))
        chosen = train[cosines.argmax(axis=1)] + studio.mean
        np.testing.assert_allclose(pair.nearest[side], chosen)
    assert pair.memorisation == pytest.approx(np.mean(largest))


def test_more_images_than_half_are_not_there(studio):
    assert studio.pair(1000).samples == 20
    assert studio.work(1000) == 12
    assert studio.work(3) == 3


@pytest.mark.parametrize(
    "points",
    [
        Points("vectors", np.zeros((40, 12)), (12,)),
        Points("few", np.zeros((3, 1, 2, 2)), (1, 2, 2)),
        Points("large", np.zeros((8, 3, 65, 64), np.uint8), (3, 65, 64)),
    ],
    ids=lambda points: points.name,
)
def test_what_is_no_picture_has_no_studio(points):
    assert Studio.of(points, np.random.default_rng(0)) is None


def test_the_largest_pictures_and_the_fewest_are_shown():
    large = Points("large", np.zeros((4, 3, 64, 64), np.uint8), (3, 64, 64))
    assert Studio.of(large, np.random.default_rng(0)).most == 2


def test_of_many_images_some_are_used():
    many = Studio.of(images(4002, (1, 1, 2)), np.random.default_rng(0))
    assert many.most == 2000
    assert many.limited
