"""How a network is trained and by which theory, with which constant, it is forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convergen.empirical.forecast.calibrate import Calibration, calibrate, end_of_training
from convergen.empirical.forecast.constants import shipped_calibration
from convergen.empirical.forecast.kernel_clock import kernel_clock
from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.models.by_name import orbit_of, usual_training
from convergen.empirical.models.table import SolvableModel, forecasting_theory
from convergen.empirical.networks.table import NETWORKS
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.clock import weighted_images

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.experiment.run import Run


@dataclass(frozen=True)
class Recipe:
    """What a forecast is made from, beside the data.

    Attributes
    ----------
    training : TrainingSettings
        Noise range and schedule.
    measure : MeasureSettings
        How samples are drawn.
    row : SolvableModel
        The theory.
    calibration : Calibration
        Its constant.
    weighted : float
        Learning-rate-weighted images of the training.
    """

    training: TrainingSettings
    measure: MeasureSettings
    row: SolvableModel
    calibration: Calibration
    weighted: float


def recipe_of_run(
    run: Run,
    result: xr.Dataset,
    data: DataSet,
    images: int | None = None,
    calibrate_at: int | None = None,
) -> Recipe:
    """That of a run, calibrated on one of its pairs.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        What was measured, with snapshots.
    data : DataSet
        What is forecast.
    images : int, optional
        Another budget.
    calibrate_at : int, optional
        n of the pair; default 16.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        If it cannot be calibrated, or a pair is named where none is needed.
    """
    model, training = run.experiment.model, run.experiment.training
    row = forecasting_theory(str(model["name"]))
    if row.images_each is None:
        found = calibrate(run, result, row.theory, calibrate_at)
        found = replace(found, orbit=orbit_of(model, data.shape))
    elif calibrate_at is None:
        found = kernel_clock(row, data)
    else:
        raise InputError(
            f"the theory {row.name!r} of this network is calibrated on no pair: leave "
            "--calibrate-at out."
        )
    seen = end_of_training(run)
    if images is not None:
        seen *= images / training.images
    return Recipe(training, replace(run.experiment.measure, pictures=0), row, found, seen)


def recipe_of_name(network: str, data: DataSet, images: int | None = None) -> Recipe:
    """That of a network of the package at its usual size.

    Parameters
    ----------
    network : str
        Its name.
    data : DataSet
        What is forecast.
    images : int, optional
        Budget; default the usual one.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        If nothing was measured on such networks, or they do not suit the data.
    """
    usual = usual_training({"name": network})
    training = TrainingSettings(**(usual if images is None else {**usual, "images": images}))
    if network in NETWORKS.names():
        NETWORKS.find(network).resolve(data.shape, {})
    row = forecasting_theory(network)
    if row.images_each is not None:
        found: Calibration = kernel_clock(row, data)
    else:
        found = shipped_calibration(network, orbit_of({"name": network}, data.shape))
    seen = float(weighted_images(training.images, training.images, training.schedule))
    return Recipe(training, MeasureSettings(pictures=0), row, found, seen)
