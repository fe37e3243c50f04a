import numpy as np
import pytest

from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.clock import budget_of, images_for, weighted_images
from tests.options import unsaid


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_sum_of_the_learning_rates_after_the_warm_up(schedule):
    settings = TrainingSettings(images=64_000, batch=32, learning_rate=0.5, schedule=schedule)
    warm, end = 1280, 40_000
    rates = [settings.learning_rate_at(seen) / 0.5 for seen in range(warm, end, 32)]
    found = weighted_images([warm, end], 64_000, schedule)
    np.testing.assert_allclose(found[1] - found[0], 32 * sum(rates), rtol=1e-3)


def test_a_cosine_makes_half_the_budget_count():
    np.testing.assert_allclose(weighted_images([0, 32_000, 64_000], 64_000)[[0, 2]], [0, 32_000])
    np.testing.assert_allclose(weighted_images(500, 1000), 250 + 500 / np.pi)


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_inverse(schedule):
    images = np.array([0.0, 10.0, 300.0, 999.0, 1000.0])
    weighted = weighted_images(images, 1000.0, schedule)
    found = images_for(weighted, 1000.0, schedule)
    # Flat at its end, where the learning rate is zero.
    np.testing.assert_allclose(found, images, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(
        weighted_images(found, 1000.0, schedule), weighted, rtol=1e-12, atol=1e-9
    )
    assert images_for(1000.5, 1000.0, schedule) == np.inf


def test_bad_input():
    with pytest.raises(InputError, match="between 0 and the budget 10"):
        weighted_images(11, 10)
    with pytest.raises(InputError, match="between 0 and the budget 10"):
        weighted_images(-0.5, 10)
    with pytest.raises(InputError, match="choose from cosine, constant"):
        images_for(5, 10, "linear")
    with pytest.raises(InputError, match="budget"):
        weighted_images(1, 0)


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_whole_run_has_the_weighted_images_of_its_budget(schedule):
    ends = [float(weighted_images(budget, budget, schedule)) for budget in (300.0, 9.0)]
    np.testing.assert_allclose(budget_of(ends, schedule), [300.0, 9.0], rtol=1e-12)


def test_a_cosine_where_nothing_is_said():
    for function in (weighted_images, images_for, budget_of):
        assert unsaid(function) == {"schedule": "cosine"}
