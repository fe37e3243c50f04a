"""Points in units of their standard deviation in every direction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.features.encoding import encoded_sets
from convergen.empirical.diagnose.features.table import Encoder, register
from convergen.empirical.diagnose.features.view import Given, View
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.common.row_blocks import row_blocks

# Largest covariance that is diagonalised here: half a GiB, some minutes.
_LARGEST = 8192


def encode(given: Given, weights: Path | None = None) -> View:
    """Map x to C^(−1/2)(x − mean), C the regularised covariance of all real points.

    Parameters
    ----------
    given : Given
        The sets.
    weights : Path, optional
        None: there are none.

    Returns
    -------
    View

    Raises
    ------
    InputError
        If there are too many dimensions, or real points have no variance.

    Notes
    -----
    Training set and reference are pooled. With the covariance of the training set alone, training
    points would lie further inside than unseen ones, and every sample would lean to them.
    """
    dim = given.orbit.still(np.asarray(given.training.rows[:1])).shape[1]
    if dim > _LARGEST:
        raise InputError(
            f"whitening {dim} dimensions is too much, at most {_LARGEST}: make images smaller "
            "(--size), or use pixels."
        )
    real = [given.training, *([] if given.reference is None else [given.reference])]
    blocks = [np.asarray(each.rows) for each in real]
    mean, covariance, shrinkage = regularised_covariance(
        [given.orbit.still(block) for rows in blocks for block in row_blocks(rows)]
    )
    if not covariance.any():
        raise InputError("real points have no variance: there is nothing to whiten.")
    values, axes = np.linalg.eigh(covariance)
    # Directions without any variance stay at 0 instead of becoming noise.
    gains = np.where(values > 1e-12 * values[-1], values, np.inf) ** -0.5
    matrix = (axes * gains) @ axes.T

    def rows(points: NDArray[np.float32]) -> NDArray[Any]:
        return np.asarray((points.reshape(len(points), -1) - mean) @ matrix)

    names = " and ".join(each.name for each in real)
    note = (
        f"Points were whitened with the covariance of {names}, of which {shrinkage:.1%} is that of "
        "noise of the same variance (Ledoit and Wolf)."
    )
    return encoded_sets(
        given, rows, "whitened", words="whitened points", theory=True,
        record={"shrinkage": shrinkage, "covariance_of": [each.name for each in real]},
        notes=[note],
    )  # fmt: skip


def regularised_covariance(blocks: list[FloatArray]) -> tuple[FloatArray, FloatArray, float]:
    """Covariance shrunk towards a multiple of the identity, optimally for its mean square error.

    Parameters
    ----------
    blocks : list of ndarray, shape (N, d)
        Points.

    Returns
    -------
    mean : ndarray, shape (d,)
        Of all points.
    covariance : ndarray, shape (d, d)
        (1 − a) S + a (tr S/d) I, S the covariance of the points.
    shrinkage : float
        a in [0, 1].

    References
    ----------
    .. [1] Ledoit & Wolf (2004), Journal of Multivariate Analysis 88, 365, equation 14.
    """
    count = sum(map(len, blocks))
    mean = sum(block.sum(axis=0) for block in blocks) / count
    dim = len(mean)
    moment, fourth = np.zeros((dim, dim)), 0.0
    for block in blocks:
        x = block - mean
        moment += x.T @ x
        fourth += float((np.einsum("ij,ij->i", x, x) ** 2).sum())
    moment /= count
    power = float(np.trace(moment)) / dim
    squares = float((moment**2).sum())
    apart = squares - dim * power**2
    error = (fourth / count - squares) / count
    shrinkage = float(np.clip(error / apart, 0.0, 1.0)) if apart > 0.0 else 1.0
    covariance = (1.0 - shrinkage) * moment
    covariance.flat[:: dim + 1] += shrinkage * power
    return mean, covariance, shrinkage


register(Encoder("whitened", "in units of the standard deviation in every direction", encode))
