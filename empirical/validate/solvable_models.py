"""What the solvable models give on the very splits and seeds of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.common.devices import choose_device
from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.experiment.train_cell import collect, load, split_of
from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.measure import measure
from convergen.empirical.models.by_name import fitted
from convergen.empirical.models.table import compared_with

if TYPE_CHECKING:
    import xarray as xr


def reference_names(experiment: Experiment) -> list[str]:
    """Solvable models that suit the data of an experiment.

    Parameters
    ----------
    experiment : Experiment
        What was trained.

    Returns
    -------
    list of str
        Names of `convergen.empirical.models.table`, in its order.
    """
    data = load(experiment)
    return [row.name for row in compared_with(data.shape, data.truth)]


def reference(experiment: Experiment, name: str) -> xr.Dataset:
    """Fit a solvable model to every training set of an experiment and measure it alike.

    Parameters
    ----------
    experiment : Experiment
        Its splits, noise and measures are used.
    name : str
        One of `reference_names`.

    Returns
    -------
    xarray.Dataset
        As the result of the experiment, without its training history.
    """
    data = load(experiment)
    device = choose_device("cpu")
    results = []
    for seed in experiment.seeds:
        splits = split_of(experiment, data, seed)
        subjects = Subjects(
            data, splits, experiment.samples, experiment.training, experiment.measure
        )
        sets = [subjects.training_set(member) for member in range(2 * len(experiment.samples))]
        models = fitted({"name": name}, sets, np.empty(0), device, seed=seed, truth=data.truth)
        results.append(measure(models, subjects).expand_dims(seed=[seed]))
    return collect(experiment, results)
