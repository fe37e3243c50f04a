"""Distances between generated and true points that know nothing of shared seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count


def covariance_error(points: NDArray[Any], covariance: FloatArray) -> float:
    """Relative error of the second moment of generated points.

    Parameters
    ----------
    points : ndarray, shape (draws, …)
        Generated points.
    covariance : ndarray, shape (d, d)
        Of the truth.

    Returns
    -------
    float
        |C − Σ|_F/|Σ|_F; about (d_eff/draws)^{1/2} for draws of the truth itself, with the
        participation ratio d_eff.
    """
    rows = np.asarray(points, np.float64).reshape(len(points), -1)
    found = rows.T @ rows / len(rows)
    return float(np.linalg.norm(found - covariance) / np.linalg.norm(covariance))


def sliced_wasserstein(
    points: NDArray[Any], reference: NDArray[Any], projections: int, seed: int
) -> float:
    """Sliced Wasserstein distance W₂ of two sets of points.

    Parameters
    ----------
    points, reference : ndarray, shape (draws, …) and (count, …)
        Generated and true points.
    projections : int
        Random directions.
    seed : int
        Of the directions.

    Returns
    -------
    float
        In data units (Bonneel et al. 2015), by the library POT.

    Raises
    ------
    InputError
        If the dimensions differ.
    """
    import ot

    x, y = (np.asarray(p, np.float64).reshape(len(p), -1) for p in (points, reference))
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"generated points have {x.shape[1]} coordinates and the reference {y.shape[1]}: give "
            "points of one shape."
        )
    count = as_count(projections, "projections")
    return float(ot.sliced_wasserstein_distance(x, y, n_projections=count, seed=seed))
