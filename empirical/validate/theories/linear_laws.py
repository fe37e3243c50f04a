"""What the linear model does on average over training sets, from the covariance alone."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.experiment.declared.declaration import Experiment
    from convergen.empirical.experiment.run import Run

LAW, ORBIT_LAW = "linear law", "linear law of orbits"
LAW_WORDS = {
    LAW: "what the linear model does on average over training sets, from the covariance alone",
    ORBIT_LAW: "convergence of Gaussian data of which each point is learnt with all that the "
    "symmetry of the network makes of it, from the covariance alone",
}
# Numbers of all images of a training set times their dimension, beyond which the law of orbits is
# not simulated.
_LARGEST = 10**9


def linear_laws(run: Run) -> dict[str, dict[str, xr.DataArray]]:
    """Laws that suit the network of a run: the second one only if it has a known symmetry.

    Parameters
    ----------
    run : Run
        What was trained.

    Returns
    -------
    dict of dict of str to xarray.DataArray
        Quantities along ``samples``, by the name of the law.
    """
    import xarray as xr

    found = {LAW: linear_law(run.experiment, run.data)}
    q = orbit_convergence(run.experiment, run.data)
    if np.isfinite(q).any():
        samples = list(run.experiment.samples)
        found[ORBIT_LAW] = {"convergence": xr.DataArray(q, {"samples": samples}, ["samples"])}
    return found


def orbit_convergence(experiment: Experiment, data: DataSet) -> FloatArray:
    """Convergence of linear models that learn each point with its orbit.

    Parameters
    ----------
    experiment : Experiment
        Its network has the symmetry.
    data : DataSet
        Its data.

    Returns
    -------
    ndarray, shape (samples,)
        q; NaN where it has no closed form and would take long, and without a known symmetry.
    """
    from convergen.empirical.models.by_name import orbit_of
    from convergen.theory.networks.symmetry.orbit_law import orbit_law

    n = np.array(experiment.samples, dtype=np.float64)
    found, orbit = np.full(n.shape, np.nan), orbit_of(experiment.model, data.shape)
    if orbit.trivial:
        return found
    few = n * orbit.order(data.shape) * data.dim**2 <= _LARGEST
    rng, covariance = np.random.default_rng(experiment.seeds[0]), _covariance(data)
    for places, source in ((few, rng), (~few, None)):
        with suppress(InputError):  # without random numbers it is closed or refused
            found[places] = orbit_law(covariance, data.shape, orbit, n[places], source).convergence
    return found


def _covariance(data: DataSet) -> FloatArray:
    """Of the truth where all its axes are known, else of the points about zero."""
    axes, values = data.spectrum().eigenvectors, data.spectrum().leading(data.dim)
    if axes is not None and axes.shape[1] == data.dim:
        return np.asarray((axes * values) @ axes.T)
    rows = data.flat.astype(np.float64)
    return np.asarray(rows.T @ rows / len(rows))


def linear_law(experiment: Experiment, data: DataSet) -> dict[str, Any]:
    """Analytic predictions of the linear model, between the sampler's noise levels.

    Parameters
    ----------
    experiment : Experiment
        Its sample sizes, noise levels and factors are used.
    data : DataSet
        Its data.

    Returns
    -------
    dict of str to xarray.DataArray
        Those that the law gives, along ``samples``.
    """
    from convergen.empirical.measure.evaluation_set import settling_time
    from convergen.empirical.models.by_name import is_blind
    from convergen.theory.finite_size.predict_subsets import predict_subsets
    from convergen.theory.linear.ascent_convergence import ascent_convergence
    from convergen.theory.quantities.table import compared
    from convergen.theory.random_matrices.analytic_functions import sampling_convergence

    spectrum, training, measure = data.spectrum(), experiment.training, experiment.measure
    samples = np.array(experiment.samples, dtype=np.float64)
    # Rows of a finite data set are drawn without replacement.
    population = None if data.truth is not None else len(data.points)
    predicted = predict_subsets(
        spectrum, samples, population, factors=min(measure.factors, spectrum.rank),
        sigma=measure.sigmas,
        quantities=dict.fromkeys(row.group or row.key for row in compared() if row.formula),
    )  # fmt: skip
    law = {
        row.key: predicted[row.law or row.key]
        for row in compared()
        if (row.law or row.key) in predicted
    }
    ends = training.sigma_min, training.sigma_max
    if is_blind(experiment.model):
        settling = settling_time(spectrum, training.sigma_max)
        found = ascent_convergence(spectrum, samples, *ends, settling=settling)
    else:
        found = sampling_convergence(spectrum, samples, *ends, denoised=True)
    law["convergence"] = predicted["convergence"].copy(data=found)
    return {
        name: values.drop_vars(list(values.coords)).assign_coords(samples=list(experiment.samples))
        for name, values in law.items()
    }
