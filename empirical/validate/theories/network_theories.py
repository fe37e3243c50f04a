"""Theories that know the network, calibrated on one pair of a run and held against all others."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.run import Run
from convergen.empirical.forecast.calibrate import Calibration, calibrate, end_of_training
from convergen.empirical.forecast.forecast import LARGEST
from convergen.empirical.models.by_name import needs_training
from convergen.empirical.models.table import SOLVABLE, SolvableModel, network_theories
from convergen.empirical.validate.theories.solvable_models import reference
from convergen.theory.common.checks import InputError
from convergen.theory.messages.progress import phase

if TYPE_CHECKING:
    import xarray as xr

logger = logging.getLogger(__name__)


def calibrated(run: Run, result: xr.Dataset) -> dict[str, xr.Dataset]:
    """What each theory says of the network of a run, on its training sets and seeds.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        Its result.

    Returns
    -------
    dict of str to xarray.Dataset
        As `solvable_models.reference` in this room, by the name of the theory, with ``constant``,
        its ends and ``calibrated_at`` in the attributes; NaN at the n of the calibration, which a
        theory has seen, and where it would take long. Theories that cannot be calibrated, or held
        against any other n, are left out, and a warning says why.
    """
    if not needs_training(run.experiment.model):
        return {}
    found = {}
    for row in network_theories():
        try:
            calibration = calibrate(run, result, row.theory)
            with phase(f"fitting and measuring: {row.name}"):
                found[row.name] = _elsewhere(run, row, calibration)
        except InputError as error:
            logger.warning("warning: %s is left out: %s", row.name, error)
    return found


def band_of(run: Run, result: xr.Dataset, name: str, part: Experiment) -> list[xr.Dataset]:
    """One theory that knows the network, at its constant and at both ends of the interval.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        Its result.
    name : str
        Of a theory of `network_theories`.
    part : Experiment
        That of the run with fewer seeds or sample sizes.

    Returns
    -------
    list of xarray.Dataset
        Each as an entry of `calibrated`, from one pair: for c, for its lower and its upper end.

    Raises
    ------
    InputError
        If it cannot be calibrated on this run, or `part` has no other n.
    """
    row = SOLVABLE.find(name)
    known = calibrate(run, result, row.theory)
    return [
        _elsewhere(run, row, replace(known, constant=constant), part)
        for constant in (known.constant, known.low, known.high)
    ]


def _elsewhere(
    run: Run, row: SolvableModel, calibration: Calibration, part: Experiment | None = None
) -> xr.Dataset:
    """A theory at every n but that of its calibration, of which there must be one."""
    experiment = part or run.experiment
    largest = LARGEST // (calibration.orbit.order(run.data.shape) * run.data.dim)
    unseen = [n for n in experiment.samples if n != calibration.samples and 2 <= n <= largest]
    if not unseen:
        raise InputError(
            f"it was calibrated at n = {calibration.samples}, which it has seen: train another n, "
            "too, to hold it against."
        )
    part = replace(experiment, samples=tuple(unseen))
    memorised = end_of_training(run) / calibration.constant
    found = reference(run, row.name, part, {"memorised": memorised})
    found = found.reindex(samples=list(experiment.samples), fill_value=np.nan)
    found.attrs |= {
        "constant": calibration.constant, "constant_low": calibration.low,
        "constant_high": calibration.high, "calibrated_at": calibration.samples,
    }  # fmt: skip
    return found
