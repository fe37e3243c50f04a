"""The empirical score: the optimal denoiser of the training set itself, which memorises."""

from __future__ import annotations

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets
from convergen.theory.empirical_score.score import EmpiricalScore


def fit(sets: TrainingSets) -> list[EmpiricalScore]:
    """Take each training set as the law.

    Parameters
    ----------
    sets : TrainingSets
        Points.

    Returns
    -------
    list of EmpiricalScore
    """
    return [EmpiricalScore(points) for points in sets.points]


SOLVABLE.register(
    SolvableModel(
        name="empirical-score",
        description="optimal denoiser of the training points themselves",
        words="empirical score",
        fit=fit,
        line=":",
        order=3,
    )
)
