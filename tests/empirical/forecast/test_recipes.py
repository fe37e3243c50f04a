"""From which budget and by which theory a network is forecast."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.forecast import recipes
from convergen.empirical.forecast.calibrate import Calibration
from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.networks.training_time.clock import weighted_images

FOUND = Calibration(400.0, 300.0, 500.0, 16, 5, 0.05, Orbit(), "here")
DATA = SimpleNamespace(shape=(1, 8, 8))


@pytest.fixture(autouse=True)
def theories(monkeypatch):
    """Calibrations that say what they were asked for."""
    monkeypatch.setattr(recipes, "end_of_training", lambda run: 1000.0)
    monkeypatch.setattr(recipes, "kernel_clock", lambda row, data: ("clock", row.name))
    monkeypatch.setattr(recipes, "calibrate", lambda run, result, theory, at: FOUND)
    monkeypatch.setattr(recipes, "shipped_calibration", lambda network, orbit: (network, orbit))


def run(name, **options):
    return SimpleNamespace(
        experiment=SimpleNamespace(
            model={"name": name, **options}, training=TrainingSettings(images=6400),
            measure=MeasureSettings(draws=64, pictures=5),
        )
    )  # fmt: skip


def test_a_dense_network_needs_no_pair():
    found = recipes.recipe_of_run(run("mlp"), None, DATA)
    assert found.calibration == ("clock", "kernel-regime")
    assert (found.weighted, found.row.name) == (1000.0, "kernel-regime")
    assert (found.measure.draws, found.measure.pictures) == (64, 0)
    with pytest.raises(InputError, match="theory 'kernel-regime' of this network is calibrated on"):
        recipes.recipe_of_run(run("mlp"), None, DATA, calibrate_at=16)


def test_others_are_calibrated_on_a_pair_with_their_own_symmetry():
    found = recipes.recipe_of_run(run("unet", padding="circular", size="small"), None, DATA)
    assert found.row.images_each is None
    assert (found.calibration.constant, found.calibration.samples) == (400.0, 16)
    assert found.calibration.orbit.shift > 0
    plain = recipes.recipe_of_run(run("unet", size="small"), None, DATA).calibration.orbit
    assert plain.trivial


@pytest.mark.parametrize(("images", "weighted"), [(None, 1000.0), (3200, 500.0), (64_000, 1e4)])
def test_another_budget_counts_in_proportion(images, weighted):
    assert recipes.recipe_of_run(run("mlp"), None, DATA, images).weighted == weighted


@pytest.mark.parametrize("images", [None, 3200])
def test_a_network_of_the_package_is_forecast_at_its_usual_training(images):
    found = recipes.recipe_of_name("mlp", DATA, images)
    assert found.calibration == ("clock", "kernel-regime")
    assert found.training.images == (TrainingSettings().images if images is None else images)
    budget = found.training.images
    np.testing.assert_allclose(found.weighted, weighted_images(budget, budget, "cosine"))
    assert recipes.recipe_of_name("unet", DATA).calibration[0] == "unet"
    assert recipes.recipe_of_name("conv", DATA).training.sigma_max == 2.0
    with pytest.raises(InputError, match="multiples of"):
        recipes.recipe_of_name("unet", SimpleNamespace(shape=(1, 9, 9)))
