"""Predictions beside measurements: for every n, how far each theory is from the trained models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.experiment.run import Run
from convergen.empirical.measure.intervals import over_seeds
from convergen.empirical.validate.theories.linear_laws import linear_laws
from convergen.empirical.validate.theories.network_theories import calibrated
from convergen.empirical.validate.theories.solvable_models import reference, reference_names
from convergen.theory.messages.progress import phase
from convergen.theory.quantities.labelled import SCORE, STDERR, coordinate_attributes
from convergen.theory.quantities.scores import normal_score
from convergen.theory.quantities.table import Quantity, compared
from convergen.theory.quantities.table import quantity as row_of

if TYPE_CHECKING:
    import xarray as xr


# A theory holds at n if its overlap is this close to the measured one, or within three errors.
CLOSE = 0.05
# Differences below this are rounding.
_ROUNDING = 1e-12
_NOTES = ("constant", "constant_low", "constant_high", "calibrated_at")


def validate(run: Run, result: xr.Dataset) -> xr.Dataset:
    """Hold measured order parameters against every theory that applies.

    Parameters
    ----------
    run : Run
        What was trained, with its data and splits.
    result : xarray.Dataset
        What was measured, along ``samples`` and ``seed``.

    Returns
    -------
    xarray.Dataset
        Along ``samples`` and ``theory``; for each quantity X that the table compares with trained
        models: ``X`` (mean over seeds and sides), ``X_stderr`` (over seeds; NaN for one seed),
        ``X_predicted``, and ``X_z``, the difference over its error as a normal score.
        ``X_rms``, for quantities of one number an n, is the root mean square of predicted less
        measured; ``holds`` says whether |Δq| ≤ 0.05. Theories: the analytic laws
        of the linear model; solvable models fitted to the same training sets and sampled from the
        same seeds, whose differences are taken seed by seed; and theories that know the network,
        calibrated on one pair at small n, which they are not held against.
    """
    import xarray as xr

    names = [row.key for row in compared()]
    measured = {name: _by_seed(result[name]) for name in names}
    theories, notes = _theories(run, result, names)
    models = list(theories)
    out = xr.Dataset(coords={"samples": result["samples"]})
    for quantity, values in measured.items():
        mean, stderr = over_seeds(values)
        about = row_of(quantity).attributes
        out[quantity] = mean.assign_attrs(about)
        out[f"{quantity}_stderr"] = stderr.assign_attrs(about | {"long_name": STDERR})
        predicted, scores = [], []
        for name in models:
            expected = theories[name].get(quantity)
            if expected is None:
                expected = xr.full_like(out[quantity], np.nan)
            difference = values - expected
            mean = expected.mean("seed") if "seed" in expected.dims else expected
            predicted.append(mean)
            scores.append(_score(difference))
        index = xr.DataArray(
            models, dims="theory", name="theory", attrs=coordinate_attributes("theory")
        )
        for name, parts, words in (
            ("predicted", predicted, {**about, "long_name": f"{about['long_name']}, predicted"}),
            ("z", scores, {"long_name": SCORE, "units": "1"}),
        ):
            joined = xr.concat(parts, index, coords="minimal", compat="override")
            joined.attrs = words
            out[f"{quantity}_{name}"] = joined
    for row in leading():
        off = out[f"{row.key}_predicted"] - out[row.key]
        meaning = f"root mean square of predicted - measured {row.words} over n"
        out[f"{row.key}_rms"] = ((off**2).mean("samples") ** 0.5).assign_attrs(
            long_name=meaning, units="1"
        )
    gap = abs(out["convergence_predicted"] - out["convergence"])
    out["holds"] = (gap <= CLOSE).assign_attrs(
        long_name=f"|measured - predicted q| <= {CLOSE}", units="1"
    )
    variance = result["variance_ratio"]
    out["variance_ratio"] = _by_seed(variance).mean("seed").assign_attrs(variance.attrs)
    out.attrs = {**result.attrs, "calibrations": json.dumps(notes)}
    return out


def leading() -> list[Quantity]:
    """Quantities by whose error a theory is judged: those of one number an n.

    Returns
    -------
    list of Quantity
        Convergence first.
    """
    return [row for row in compared() if row.leads and set(row.dims) <= {"samples", "side"}]


def _theories(
    run: Run, result: xr.Dataset, quantities: list[str]
) -> tuple[dict[str, dict[str, xr.DataArray]], dict[str, Any]]:
    """What each theory that applies says of each quantity, and how it was calibrated."""
    with phase("predicting: linear laws"):
        theories = linear_laws(run)
    for name in reference_names(run):
        with phase(f"fitting and measuring: {name}"):
            found = reference(run, name)
        theories[name] = {quantity: _by_seed(found[quantity]) for quantity in quantities}
    notes = {}
    for name, found in calibrated(run, result).items():
        theories[name] = {quantity: _by_seed(found[quantity]) for quantity in quantities}
        notes[name] = {key: found.attrs[key] for key in _NOTES}
    return theories, notes


def _by_seed(values: xr.DataArray) -> xr.DataArray:
    return values.mean("side") if "side" in values.dims else values


def _score(difference: xr.DataArray) -> xr.DataArray:
    """Mean over seeds divided by its error, as a normal score; NaN for one seed."""
    mean, error = over_seeds(difference)
    seeds = difference.notnull().sum("seed").transpose(*mean.dims).values
    # Equal to rounding: the seeds agree, and there is no error to divide by.
    found = np.where(np.abs(mean) > _ROUNDING, mean, 0.0)
    return mean.copy(data=np.where(seeds > 1, normal_score(found, 0.0, error, seeds), np.nan))
