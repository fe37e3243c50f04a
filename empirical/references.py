"""What the solvable models give on the very splits and seeds of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from empirical.cell import collect, load, split_of
from empirical.devices import choose_device
from empirical.exact import EXACT
from empirical.experiment import Experiment
from empirical.measurement import measure
from empirical.subjects import Subjects
from empirical.zoo import fitted

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
        Names in `empirical.exact.EXACT`.
    """
    images = len(load(experiment).shape) == 3
    return [name for name in EXACT if images or name != "stationary-linear"]


def reference(experiment: Experiment, name: str) -> xr.Dataset:
    """Fit a solvable model to every training set of an experiment and measure it alike.

    Parameters
    ----------
    experiment : Experiment
        Its splits, noise and measures are used.
    name : str
        One of `empirical.exact.EXACT`.

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
        models = fitted({"name": name}, sets, np.empty(0), device)
        results.append(measure(models, subjects).expand_dims(seed=[seed]))
    return collect(experiment, results)
