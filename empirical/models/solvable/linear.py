"""The linear denoiser: the Wiener filter of the covariance of its training set."""

from __future__ import annotations

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets
from convergen.theory.denoisers.wiener import LinearDenoiser


def fit(sets: TrainingSets) -> list[LinearDenoiser]:
    """Fit a linear denoiser to each training set.

    Parameters
    ----------
    sets : TrainingSets
        Centred points.

    Returns
    -------
    list of LinearDenoiser
    """
    return [LinearDenoiser.fit(points, center=False) for points in sets.points]


SOLVABLE.register(
    SolvableModel(
        name="linear",
        description="best linear denoiser of the training set, in closed form",
        words="linear model of the same data",
        fit=fit,
        line=(0, (3, 1, 1, 1, 1, 1)),
        order=1,
    )
)
