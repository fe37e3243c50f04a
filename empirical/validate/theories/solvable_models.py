"""What the solvable models give on the very splits and seeds of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.common.devices import choose_device
from convergen.empirical.experiment.cells import joined
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.run import Run
from convergen.empirical.measure.measure import measure
from convergen.empirical.models.by_name import fitted, orbit_of
from convergen.empirical.models.table import compared_with

if TYPE_CHECKING:
    import xarray as xr


def reference_names(run: Run) -> list[str]:
    """Solvable models that suit the data and the network of a run.

    Parameters
    ----------
    run : Run
        What was trained.

    Returns
    -------
    list of str
        Names of `convergen.empirical.models.table`, in its order.
    """
    experiment = run.experiment
    # What theories that know the network say of it holds at the end of its budget.
    stops = experiment.training.stop_before_copying
    network = "" if stops else str(experiment.model["name"])
    return [row.name for row in compared_with(run.data.shape, run.data.truth, network)]


def reference(
    run: Run, name: str, part: Experiment | None = None, options: Mapping[str, float] | None = None
) -> xr.Dataset:
    """Fit a solvable model to the training sets of a run and measure it alike.

    Parameters
    ----------
    run : Run
        Its data, splits and noise are used.
    name : str
        One of `reference_names`, or a theory that knows the network.
    part : Experiment, optional
        That of the run with fewer seeds, sample sizes or measures; default: all of it.
    options : mapping, optional
        Of the model.

    Returns
    -------
    xarray.Dataset
        As the result of the run, without its training history.
    """
    experiment = part or run.experiment
    orbit = orbit_of(experiment.model, run.data.shape)
    results = []
    for seed in experiment.seeds:
        subjects = run.subjects(seed, experiment.samples, experiment.measure)
        sets = [subjects.training_set(member) for member in range(len(subjects.keys))]
        models = fitted(
            {"name": name, **(options or {})}, sets, np.empty(0), choose_device("cpu"),
            seed=seed, truth=run.data.truth, trained=run.experiment.trained, orbit=orbit,
        )  # fmt: skip
        results.append(measure(models, subjects).expand_dims(seed=[seed]))
    return joined(experiment, results)
