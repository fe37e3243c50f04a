"""What the command line asks for: a forecast from a run, or for data and the name of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from convergen.empirical.forecast.calibrate import Calibration, calibrate, end_of_training
from convergen.empirical.forecast.constants import shipped_calibration
from convergen.empirical.forecast.forecast import forecast
from convergen.empirical.forecast.kernel_clock import kernel_clock
from convergen.empirical.models.table import SolvableModel, forecasting_theory
from convergen.theory.common.checks import InputError
from convergen.theory.networks.clock import weighted_images

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.experiment.run import Run


def forecast_run(
    run: Run,
    result: xr.Dataset | None = None,
    *,
    calibrate_at: int | None = None,
    samples: Sequence[int] | None = None,
    images: int | None = None,
) -> xr.Dataset:
    """Forecast the network of a run at other n, from one of its pairs.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset, optional
        What was measured, with snapshots; default the result in the folder of the run.
    calibrate_at : int, optional
        n of the pair; default 16.
    samples : sequence of int, optional
        n of the forecast.
    images : int, optional
        Another budget.

    Returns
    -------
    xarray.Dataset
        As `convergen.empirical.forecast.forecast.forecast` returns it.
    """
    row = forecasting_theory(str(run.experiment.model["name"]))
    if row.images_each is not None:
        found = _uncalibrated(row, run.data, calibrate_at)
    else:
        measured = run.result() if result is None else result
        found = calibrate(run, measured, row.theory, calibrate_at)
    seen = end_of_training(run)
    if images is not None:
        seen *= images / run.experiment.training.images
    measure = replace(run.experiment.measure, pictures=0)
    return forecast(
        run.data, run.experiment.training, measure, found, row, seen, samples,
        run.experiment.seeds[0],
    )  # fmt: skip


def _uncalibrated(row: SolvableModel, data: DataSet, calibrate_at: int | None) -> Calibration:
    """What a theory takes from the data alone."""
    if calibrate_at is not None:
        raise InputError(
            f"the theory {row.name!r} of this network is calibrated on no pair: leave "
            "--calibrate-at out."
        )
    return kernel_clock(row, data)


def forecast_untrained(
    data: Mapping[str, Any],
    network: str,
    *,
    images: int | None = None,
    samples: Sequence[int] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Forecast a network of the package on data on which none was trained.

    Parameters
    ----------
    data : mapping
        ``kind`` and the options of `convergen.empirical.data.kinds.load_data`.
    network : str
        Name of a network, at its size and recipe of `measured_constants`.
    images : int, optional
        Budget of the training; default that of `TrainingSettings`.
    samples : sequence of int, optional
        n of the forecast.
    seed : int
        Of the splits.

    Returns
    -------
    xarray.Dataset
        As `convergen.empirical.forecast.forecast.forecast` returns it.
    """
    from convergen.empirical.data.kinds import load_data
    from convergen.empirical.measure.settings import MeasureSettings
    from convergen.empirical.models.by_name import orbit_of, usual_training
    from convergen.empirical.training.settings import TrainingSettings

    points = load_data(**data)
    usual = usual_training({"name": network})
    training = TrainingSettings(**(usual if images is None else {**usual, "images": images}))
    row = forecasting_theory(network)
    if row.images_each is not None:
        found: Calibration = kernel_clock(row, points)
    else:
        found = shipped_calibration(network, orbit_of({"name": network}, points.shape))
    seen = float(weighted_images(training.images, training.images, training.schedule))
    return forecast(points, training, MeasureSettings(pictures=0), found, row, seen, samples, seed)
