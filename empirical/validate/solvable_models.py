"""What the solvable models give on the very splits and seeds of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.common.devices import choose_device
from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.experiment.train_cell import collect, load, split_of
from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.measure import measure
from convergen.empirical.models.by_name import fitted
from convergen.empirical.models.solvable import EXACT, Separate
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture

if TYPE_CHECKING:
    import xarray as xr


MIXTURE = "fitted mixture"


def reference_names(experiment: Experiment) -> list[str]:
    """Solvable models that suit the data of an experiment.

    Parameters
    ----------
    experiment : Experiment
        What was trained.

    Returns
    -------
    list of str
        Names in `convergen.empirical.models.solvable.EXACT`, and `MIXTURE` where the data are one.
    """
    data = load(experiment)
    images = len(data.shape) == 3
    names = [name for name in EXACT if images or name != "stationary-linear"]
    return [*names, MIXTURE] if isinstance(data.truth, GaussianMixture) else names


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
        if name == MIXTURE:
            models = Separate([_mixture(points, data.truth, seed) for points in sets])
        else:
            models = fitted({"name": name}, sets, np.empty(0), device)
        results.append(measure(models, subjects).expand_dims(seed=[seed]))
    return collect(experiment, results)


def _mixture(points: NDArray[Any], truth: Any, seed: int) -> GaussianMixture:
    """As many spherical components as the truth has, or as the points can tell apart."""
    from sklearn.mixture import GaussianMixture as Fitted

    rows = points.reshape(len(points), -1).astype(np.float64)
    scale = float(rows.var(axis=0).mean())
    if scale == 0.0:
        raise InputError(
            f"a mixture is fitted to {len(points)} point(s) that do not differ: use more samples."
        )
    model = Fitted(
        n_components=max(1, min(truth.components, len(points) // 2)),
        covariance_type="spherical",
        reg_covar=1e-6 * scale,
        tol=1e-5,
        n_init=4,
        max_iter=1000,
        random_state=seed,
    ).fit(rows)
    return GaussianMixture.from_sklearn(model, shape=points.shape[1:])
