"""What the command line asks for: a forecast from a run, of a network by name, on given points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.data.standard_units import standardised
from convergen.empirical.forecast.forecast import forecast
from convergen.empirical.forecast.recipes import Recipe, recipe_of_name, recipe_of_run
from convergen.empirical.splits.splits import Splits

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run
    from convergen.empirical.forecast.calibrate import Calibration
    from convergen.empirical.measure.settings import MeasureSettings
    from convergen.empirical.models.table import SolvableModel
    from convergen.empirical.training.settings import TrainingSettings
    from convergen.theory.sources.points import Points


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

    Examples
    --------
    >>> from pathlib import Path
    >>> from convergen.empirical import Run, forecast_run
    >>> found = forecast_run(Run.open(Path("runs/digits")), samples=[4])
    >>> bool((found["convergence_low"] <= found["convergence_high"]).all())
    True
    """
    measured = run.result() if result is None else result
    recipe = recipe_of_run(run, measured, run.data, images, calibrate_at)
    return forecast(run.data, *_parts(recipe), samples, run.experiment.seeds[0])


def _parts(
    recipe: Recipe,
) -> tuple[TrainingSettings, MeasureSettings, Calibration, SolvableModel, float]:
    """In the order in which `forecast` takes them."""
    return recipe.training, recipe.measure, recipe.calibration, recipe.row, recipe.weighted


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

    Examples
    --------
    >>> from convergen.empirical import forecast_untrained
    >>> found = forecast_untrained({"kind": "digits"}, "unet", samples=[4, 16])
    >>> bool((found["convergence"].diff("samples") > 0.0).all())
    True
    """
    from convergen.empirical.data.kinds import load_data

    points = load_data(**data)
    return forecast(points, *_parts(recipe_of_name(network, points, images)), samples, seed)


def forecast_on(
    training: Points,
    unseen: Points | None,
    network: str,
    *,
    images: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """What a network would do that was trained on these points.

    Parameters
    ----------
    training : Points
        Its training set.
    unseen : Points, optional
        Of the same law; where they are as many as `training`, the first of them are the training
        set of a second network.
    network : str
        Name of a network of the package, or the folder of a run whose pair calibrates the theory.
    images : int, optional
        Budget of its training; default that of the run, or the usual one.
    seed : int
        Of the theory's noise and of the seeds of generation.

    Returns
    -------
    xarray.Dataset
        As `convergen.empirical.forecast.forecast.forecast` at one n; convergence is NaN without a
        second training set.

    Raises
    ------
    InputError
        If the network is unknown, the run cannot be calibrated, or the points are too many.
    """
    n = len(training)
    pair = unseen is not None and len(unseen) >= n
    rows = [training.flat()]
    if pair and unseen is not None:
        rows.append(unseen.flat(slice(0, n)))
    data = standardised(np.concatenate(rows), training.shape, name=training.name)
    if Path(network).exists():
        from convergen.empirical.experiment.run import Run

        run = Run.open(Path(network))
        recipe = recipe_of_run(run, run.result(), data, images)
    else:
        recipe = recipe_of_name(network, data, images)
    first = np.arange(n)
    second = first + n if pair else first
    splits = Splits(first, second, second[:0], (n,), seed, None, data.fingerprint)
    found = forecast(data, *_parts(recipe), [n], seed, splits)
    if not pair:
        for end in ("", "_low", "_high"):
            found[f"convergence{end}"] = np.nan * found[f"convergence{end}"]
    return found
