"""Distances between generated and true points that know nothing of shared seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.spectra.spectrum import Spectrum


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


def bures_wasserstein(points: NDArray[Any], spectrum: Spectrum, *, fresh: bool) -> float:
    """Squared 2-Wasserstein distance of Gaussians with the second moments of points and truth.

    Parameters
    ----------
    points : ndarray, shape (draws, …)
        Generated points.
    spectrum : Spectrum
        Of the truth, with eigenvectors.
    fresh : bool
        Whether their second moment scatters as that of independent draws does. The distance is
        then too large by a bias in proportion to 1/draws, of which halves of the points have
        twice as much: it is taken off. What a deterministic sampler makes of decorrelated seeds
        has none, if it is linear.

    Returns
    -------
    float
        W₂²/Tr Σ with W₂² = Tr Σ + Tr C − 2 Tr (Σ^{1/2} C Σ^{1/2})^{1/2}, C = XᵀX/draws, of which
        `convergen.theory.bures_wasserstein` is the linear law. Less its bias, that of the truth
        scatters around 0.
    """
    rows = np.asarray(points, np.float64).reshape(len(points), -1)
    vectors, rank = spectrum.eigenvectors, spectrum.rank
    assert vectors is not None
    root = vectors[:, :rank] * np.sqrt(spectrum.leading(rank))

    def distance(part: FloatArray) -> float:
        # The singular values of X Σ^{1/2} are the roots in the last trace.
        shared = np.linalg.svd(part @ root, compute_uv=False).sum() / np.sqrt(len(part))
        return float(np.square(part).sum() / len(part) - 2.0 * shared) / spectrum.trace + 1.0

    found = distance(rows)
    if fresh:
        found = 2.0 * found - sum(distance(half) for half in np.array_split(rows, 2)) / 2.0
    return found


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
