"""Solvable models on the splits and seeds of an experiment."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.validate.theories import solvable_models
from convergen.empirical.validate.theories.solvable_models import reference, reference_names
from tests.empirical.experiment.tiny import experiment


@pytest.mark.parametrize(
    ("stops", "model", "known"),
    [(False, "mlp", True), (False, "unet", False), (True, "mlp", False)],
)
def test_a_theory_of_the_network_is_asked_unless_the_training_stops_early(stops, model, known):
    training = {"images": 320, "batch": 16, "snapshots": 2, "stop_before_copying": stops}
    given = experiment(training=training, model={"name": model, "size": "tiny"})
    run = SimpleNamespace(experiment=given, data=SimpleNamespace(shape=(1, 4, 4), truth=None))
    found = reference_names(run)
    assert ("kernel-regime" in found) == known
    assert found[:3] == ["linear", "stationary-linear", "empirical-score"]


def test_each_member_has_its_own_training_set_and_each_seed_its_result(monkeypatch):
    given = experiment(samples=[4, 8], seeds=[0, 3])
    asked = []

    def subjects(seed, samples, measure):
        keys = [(n, side) for n in samples for side in "ab"]
        return SimpleNamespace(
            keys=keys, seed=seed, training_set=lambda m: np.full((keys[m][0], 2), m)
        )

    run = SimpleNamespace(
        experiment=given, data=SimpleNamespace(shape=(2,), truth="law"), subjects=subjects
    )

    def fitted(model, sets, sigmas, device, **more):
        asked.append((model, [x.tolist() for x in sets], sigmas.size, str(device), more))
        return "models"

    monkeypatch.setattr(solvable_models, "fitted", fitted)
    monkeypatch.setattr(
        solvable_models, "measure", lambda models, subjects: xr.Dataset({"q": subjects.seed + 0.5})
    )
    monkeypatch.setattr(
        solvable_models, "joined", lambda experiment, parts: xr.concat(parts, "seed")
    )
    found = reference(run, "linear", options={"x": 1.0})
    assert found["q"].values.tolist() == [0.5, 3.5]
    assert found["seed"].values.tolist() == [0, 3]
    model, sets, levels, device, more = asked[1]
    assert model == {"name": "linear", "x": 1.0}
    assert [len(x) for x in sets] == [4, 4, 8, 8]
    assert [x[0][0] for x in sets] == [0, 1, 2, 3]
    assert (levels, device) == (0, "cpu")
    assert (more["seed"], more["truth"], more["trained"]) == (3, "law", given.trained)
    part = experiment(samples=[8], seeds=[3])
    assert reference(run, "linear", part)["q"].values.tolist() == [3.5]
    assert [len(x) for x in asked[-1][1]] == [8, 8]
    assert asked[-1][0] == {"name": "linear"}
