"""Settings of a training run: averages, grids, learning rates, and what is refused."""

from dataclasses import asdict

import numpy as np
import pytest

from convergen.empirical.common.settings import options_of
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from tests.options import ranges


def test_average_has_the_mean_age_it_is_given():
    settings = TrainingSettings(images=20_000, batch=1, ema=0.05)
    weights = np.zeros(20_000)
    for t in range(1, 20_001):
        keep = settings.average_weight(t)
        weights *= keep
        weights[t - 1] += 1.0 - keep
    assert weights.sum() == pytest.approx(1.0)
    age = 1.0 - weights @ np.arange(1, 20_001) / 20_000
    assert age == pytest.approx(0.05, rel=2e-3)
    assert TrainingSettings(ema=0.0).average_weight(500) == 0.0


def test_snapshots_lie_on_a_log_grid_of_whole_batches():
    settings = TrainingSettings(images=32_000, batch=32, snapshots=4)
    grid = settings.snapshot_grid()
    assert all(images % 32 == 0 for images in grid)
    np.testing.assert_allclose(np.array(grid) / 32, 1000 ** (np.arange(1, 5) / 5), rtol=0.07)


def test_learning_rate_warms_up_and_decays_to_zero():
    settings = TrainingSettings(images=32_000, batch=32, learning_rate=1.0)
    rates = [settings.learning_rate_at(images) for images in range(0, 32_000, 32)]
    assert rates[0] == pytest.approx(1 / 20)
    assert max(rates) == pytest.approx(1.0, abs=2e-3)
    assert rates[-1] < 1e-4
    assert np.argmax(rates) == 19
    constant = TrainingSettings(images=32_000, batch=32, learning_rate=1.0, schedule="constant")
    assert constant.learning_rate_at(16_000) == constant.learning_rate_at(31_000) == 1.0
    assert constant.learning_rate_at(0) == rates[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": 0}, "images must be a whole number, at least 1"),
        ({"batch": 2.5}, "batch must be a whole number"),
        ({"images": True}, "images must be a whole number, .* not True"),
        ({"learning_rate": True}, "learning_rate must be a number, .* not True"),
        ({"learning_rate": 1e30}, "learning_rate must be a number, above 0.* and at most 100"),
        ({"learning_rate": 10**400}, "learning_rate must be a number"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"sigma_min": 1e-30}, "sigma_min must be a number, at least 0.0001"),
        ({"sigma_min": 3.0, "sigma_max": 2.0}, "sigma_min < sigma_max"),
        ({"ema": 0.7}, "ema must be a number, at least 0.0 and at most 0.49, not 0.7"),
        ({"schedule": "linear"}, "schedule must be 'cosine' or 'constant', not 'linear'"),
        ({"weighting": 3}, "weighting must be 'edm' or 'plain', not 3"),
        ({"optimizer": "adma"}, "optimizer must be 'adam' or 'adamw' or 'sgd' or 'muon'"),
        ({"snapshots": -1}, "snapshots must be a whole number, at least 0"),
        ({"weight_decay": -0.1}, "weight_decay must be a number, at least 0"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(InputError, match=message) as error:
        TrainingSettings(**options)
    assert str(error.value).startswith("training: ")


def test_defaults_are_those_that_shipped_results_were_trained_with():
    assert asdict(TrainingSettings()) == {
        "images": 64_000, "batch": 32, "optimizer": "adamw", "learning_rate": 4e-3,
        "schedule": "cosine", "weight_decay": 0.0, "sigma_min": 0.05, "sigma_max": 20.0,
        "weighting": "edm", "ema": 0.03, "snapshots": 0, "stop_before_copying": False,
    }  # fmt: skip


def test_what_is_allowed():
    found = {name: each[1:] for name, each in ranges(options_of(TrainingSettings)).items()}
    assert {name: each for name, each in found.items() if each != (None,) * 3} == {
        "images": (1, None, 2**53), "batch": (1, None, 2**24), "learning_rate": (None, 0.0, 100.0),
        "weight_decay": (0.0, None, 1e3), "sigma_min": (1e-4, None, 1e4),
        "sigma_max": (1e-4, None, 1e4), "ema": (0.0, None, 0.49), "snapshots": (0, None, 1000),
    }  # fmt: skip


def test_weights_of_the_error():
    sigma = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(TrainingSettings().weight(sigma), [5.0, 2.0, 1.25])
    np.testing.assert_allclose(TrainingSettings(weighting="plain").weight(sigma), 1.0)


def test_the_budget_is_rounded_up_to_whole_batches_and_reported_a_hundred_times():
    settings = TrainingSettings(images=1001, batch=10)
    assert settings.images == 1010
    assert settings.report_images == 10
    assert TrainingSettings(images=64_000, batch=32).report_images == 640
    assert TrainingSettings(images=64, batch=32).report_images == 32
    assert TrainingSettings(batch=1).images == 64_000


def test_a_stop_before_copies_needs_snapshots_at_which_to_look():
    with pytest.raises(InputError, match="none: set snapshots, such as 16"):
        TrainingSettings(stop_before_copying=True)
    assert TrainingSettings(stop_before_copying=True, snapshots=16).stop_before_copying


def test_every_setting_is_documented():
    for name in TrainingSettings.__dataclass_fields__:
        assert f"    {name} : " in TrainingSettings.__doc__
