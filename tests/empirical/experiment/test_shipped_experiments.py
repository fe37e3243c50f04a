"""Every experiment that comes with the package is declared, built and stepped once."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import convergen.empirical
from convergen.empirical.common.presets import preset_names
from convergen.empirical.data.kinds import load_data
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.declared.toml_files import preset_config
from convergen.empirical.models.by_name import check_model, fitted, needs_training, untrained
from convergen.empirical.splits.splits import split
from convergen.empirical.training.trainer import Member, Trainer

RESULTS = Path(convergen.empirical.__file__).parent / "results"
SHIPPED = {f"preset {name}": preset_config(name) for name in preset_names()} | {
    path.stem: tomllib.loads(path.read_text()) for path in sorted(RESULTS.glob("*.toml"))
}
# Points of data that are drawn: as many as a step needs.
_DRAWN = 64


def points_of(experiment):
    data = dict(experiment.data)
    if data["kind"] == "field" or "pictures" in data:
        data["count"] = _DRAWN
    return load_data(**data)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_experiment_can_be_built_and_stepped(name):
    experiment = Experiment.from_config(SHIPPED[name])
    data = points_of(experiment)
    check_model(experiment.model, data.shape, data.truth)
    if not needs_training(experiment.model):
        sets, levels = [data.points[:8]], np.array([1.0])
        found = fitted(experiment.model, sets, levels, "cpu", truth=data.truth).denoiser(0)
        assert np.isfinite(found(data.points[:2], 1.0)).all()
        return
    models = untrained(experiment.model, data.shape, [0])
    before = {name: value.detach().clone() for name, value in models.parameters.items()}
    settings = replace(experiment.training, images=2, batch=2, snapshots=0)
    (end,) = Trainer(models, data.points, [Member(np.arange(8), 0)], settings).run()
    assert np.isfinite(end.loss).all()
    moved = [name for name, value in models.parameters.items() if not value.equal(before[name])]
    assert moved


def test_splits_suffice_for_the_largest_n():
    for name, config in SHIPPED.items():
        experiment = Experiment.from_config(config)
        if experiment.data["kind"] == "field":
            count = experiment.data.get("count", 16384)
        elif "pictures" in experiment.data:
            continue  # the slow test below divides them
        else:
            count = len(points_of(experiment))
        assert 2 * max(experiment.samples) <= count, name


@pytest.mark.slow
def test_photographs_suffice_although_patches_that_overlap_stay_together():
    experiment = Experiment.from_config(SHIPPED["preset photographs"])
    data = load_data(**experiment.data)
    assert data.shape == (1, 16, 16)
    limit = experiment.splits.duplicate_limit
    found = split(data, experiment.samples, 0, duplicate_limit=limit, held_out=16)
    sides = [found.indices(16384, side) for side in "ab"]
    assert [len(set(rows)) for rows in sides] == [16384, 16384]
    assert not set(data.groups[sides[0]]) & set(data.groups[sides[1]])
