"""Gaussian mixture that narrows from the linear model to the empirical score."""

from __future__ import annotations

from convergen.empirical.models.table import (
    MEMORISED,
    SOLVABLE,
    SolvableModel,
    TrainingSets,
    fit_theory,
)
from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.networks.training_time.budgeted_mixture import BudgetedMixture


def fit(sets: TrainingSets, memorised: float) -> list[Denoiser]:
    """Fit one to each training set.

    Parameters
    ----------
    sets : TrainingSets
        Points and the symmetry of the network.
    memorised : float
        Training points that the budget suffices to memorise.

    Returns
    -------
    list of Denoiser
    """
    return fit_theory(BudgetedMixture, sets, memorised)


SOLVABLE.register(
    SolvableModel(
        name="budgeted-mixture",
        description="Gaussian mixture that narrows from the linear model to the empirical score",
        words="budgeted mixture, calibrated at small n",
        fit=fit,
        line=(0, (1, 1)),
        order=8,
        options=(MEMORISED,),
        compared=False,
        theory=BudgetedMixture,
    )
)
