"""Gaussian mixture that narrows from the linear model to the empirical score."""

from __future__ import annotations

from convergen.empirical.models.table import MEMORISED, SOLVABLE, SolvableModel
from convergen.theory.networks.training_time.budgeted_mixture import BudgetedMixture

SOLVABLE.register(
    SolvableModel(
        name="budgeted-mixture",
        description="Gaussian mixture that narrows from the linear model to the empirical score",
        words="budgeted mixture, calibrated at small n",
        line=(0, (7, 2, 3, 2)),
        order=8,
        options=(MEMORISED,),
        compared=False,
        theory=BudgetedMixture,
    )
)
