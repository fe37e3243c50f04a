"""Eigenvectors as a denoiser takes them."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError, as_finite
from convergen.theory.spectra.spectrum import Spectrum

# Loosest orthonormality of eigenvectors that came through single precision.
_ORTHONORMAL = 1e-5


def orthonormal_vectors(spectrum: Spectrum) -> FloatArray | None:
    """Eigenvectors of a spectrum, refused unless they are orthonormal columns.

    Parameters
    ----------
    spectrum : Spectrum
        With or without eigenvectors.

    Returns
    -------
    ndarray of float64, shape (dim, r), or None
        Its eigenvectors, not copied if they are of this dtype already.

    Raises
    ------
    InputError
        If they are not finite, do not fit the dimension or are not orthonormal.
    """
    if spectrum.eigenvectors is None:
        return None
    as_finite(spectrum.eigenvectors, "eigenvectors")
    vectors = np.asarray(spectrum.eigenvectors, dtype=np.float64)  # not copied if it is already
    if vectors.ndim != 2 or vectors.shape[0] != spectrum.dim or vectors.shape[1] > spectrum.dim:
        raise InputError(
            f"eigenvectors have shape {vectors.shape}, but the spectrum has dimension "
            f"{spectrum.dim}: give one column of that length for each leading eigenvalue."
        )
    # One generic combination of the columns, at the cost of two products, instead of VᵀV.
    probe = np.cos(np.arange(1.0, vectors.shape[1] + 1.0))
    if np.linalg.norm(vectors.T @ (vectors @ probe) - probe) > _ORTHONORMAL * np.sqrt(probe.size):
        raise InputError("eigenvectors are not orthonormal: use a QR or eigh of the covariance.")
    return vectors
