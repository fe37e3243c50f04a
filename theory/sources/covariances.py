"""Laws from a covariance matrix or its eigenvalues, read from files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.sources.source import KnownLaw, check_covariance, draw
from convergen.theory.spectra.eigenvalue_lists import solver_error
from convergen.theory.spectra.spectrum import Spectrum


def checked_covariance(values: NDArray[np.floating], name: str) -> FloatArray:
    """Check a covariance matrix.

    Parameters
    ----------
    values : ndarray, shape (d, d)
        Symmetric up to rounding of its type.
    name : str
        What messages call it.

    Returns
    -------
    ndarray of float64, shape (d, d)

    Raises
    ------
    InputError
        If it is no square matrix, not finite, or not symmetric.
    """
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise InputError(
            f"{name} has shape {values.shape}, but a covariance is a square matrix (d, d): give "
            "the points themselves as SOURCE, or their covariance."
        )
    check_covariance(len(values), len(values), name)
    matrix = np.asarray(values, dtype=np.float64)
    if not np.isfinite(matrix).all():
        raise InputError(f"{name} holds NaN or infinite values: give a covariance without them.")
    largest, apart = float(np.abs(matrix).max()), float(np.abs(matrix - matrix.T).max())
    if apart > 64.0 * _precision(values) * len(matrix) * largest:
        raise InputError(
            f"{name} is not symmetric (entries differ by {apart:.3g} of {largest:.3g}), as a "
            "covariance is: give Σ itself."
        )
    return 0.5 * (matrix + matrix.T)


def spectrum_of(values: NDArray[np.floating], name: str, source: str) -> Spectrum:
    """Eigenvalues of a covariance matrix.

    Parameters
    ----------
    values : ndarray, shape (d, d)
        The matrix, in its own precision.
    name : str
        What messages call it.
    source : str
        Label kept with every result.

    Returns
    -------
    Spectrum
        With its eigenvectors. Eigenvalues that rounding cannot tell from zero are zero.

    Raises
    ------
    InputError
        If it is no covariance: not symmetric, or with eigenvalues below zero.
    """
    matrix = checked_covariance(values, name)
    found, vectors = np.linalg.eigh(matrix)
    found, vectors = found[::-1], vectors[:, ::-1]
    error = solver_error(float(abs(found[0])), len(found), _precision(values))
    if found[-1] < -max(error, 1e-10 * abs(found[0])):
        raise InputError(
            f"{name} has an eigenvalue of {found[-1]:.3g} beside one of {found[0]:.3g}, but a "
            "covariance has none below zero: give a covariance."
        )
    found = np.where(found > error, found, 0.0)
    return Spectrum.from_eigenvalues(found, error=error, eigenvectors=vectors, source=source)


def drawn(raw: Spectrum, count: int, seed: int) -> KnownLaw:
    """The Gaussian about zero of a spectrum with eigenvectors, and draws from it.

    Parameters
    ----------
    raw : Spectrum
        With all its eigenvectors, raw units.
    count : int
        Number of points drawn.
    seed : int
        Of the draws.

    Returns
    -------
    KnownLaw
    """
    scale = float(np.sqrt(raw.trace / raw.dim))
    truth = Spectrum.from_eigenvalues(
        raw.eigenvalues / scale**2, raw.multiplicities, eigenvectors=raw.eigenvectors,
        source=raw.source,
    )  # fmt: skip
    return KnownLaw(truth, scale, draw(truth, (raw.dim,), count, np.random.default_rng(seed)))


def _precision(values: NDArray[np.floating]) -> float:
    kind = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    return float(np.finfo(kind).eps)
