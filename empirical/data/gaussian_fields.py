"""Gaussian random fields on the torus: a known law with degenerate Fourier pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_nonnegative
from convergen.theory.spectra.spectrum import Spectrum

# The eigenvectors take size⁴ numbers: 134 MB here.
_LARGEST = 64


def field_spectrum(size: int = 8, alpha: float = 2.5) -> Spectrum:
    """Exact spectrum of a stationary Gaussian field with a power-law power spectrum.

    Parameters
    ----------
    size : int
        Side of the periodic image in pixels, 2 to 64.
    alpha : float
        α ≥ 0 in P(k) ∝ (k²)^(−α/2), with k a vector of whole numbers in (−size/2, size/2].

    Returns
    -------
    Spectrum
        In dimension size², with all eigenvectors: the cosine and sine of each pair ±k, normalised,
        over pixels in C order. P(0) = 0, so that the mean over the pixels of every image is
        exactly zero; this zero eigenvalue, with the constant vector, comes last. The power is
        scaled to pixel variance 1, and modes of equal k² share one eigenvalue.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    side, exponent = as_count(size, "size", 2), as_nonnegative(alpha, "alpha")
    if side > _LARGEST:
        raise InputError(
            f"a field of size {side} needs {side**4 * 8 / 1e9:.1f} GB of eigenvectors: use a size "
            f"of at most {_LARGEST}."
        )
    if exponent > 300.0:
        raise InputError(f"alpha = {exponent:g} leaves one scale only: use at most 300.")
    vectors, squares = _fourier_basis(side)
    distinct, counts = np.unique(squares[squares > 0], return_counts=True)
    # Relative to the lowest mode, so that no power leaves the range of double precision.
    power = distinct.astype(np.float64) ** (-0.5 * exponent)
    power *= side**2 / (counts @ power)
    return Spectrum.from_eigenvalues(
        np.append(power, 0.0), np.append(counts, 1), eigenvectors=vectors,
        source=f"Gaussian field {side} x {side}, power spectrum k^-{exponent:g}",
    )  # fmt: skip


def _fourier_basis(side: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Real Fourier modes as columns and their k², ascending but for k = 0, which comes last."""
    row, column = np.divmod(np.arange(side**2), side)
    centred = (np.arange(side) + (side - 1) // 2) % side - (side - 1) // 2
    squares = centred[row] ** 2 + centred[column] ** 2
    partner = (-row % side) * side + (-column % side)
    vectors = np.empty((side**2, side**2))
    for mode in range(side**2):
        # The phase is reduced in whole numbers, so that large k lose no digits.
        phase = 2.0 * np.pi * ((row[mode] * row + column[mode] * column) % side) / side
        if mode == partner[mode]:
            vectors[:, mode] = np.cos(phase) / side
        else:
            wave = np.cos(phase) if mode < partner[mode] else np.sin(phase)
            vectors[:, mode] = wave * np.sqrt(2.0) / side
    order = np.argsort(np.where(squares == 0, squares.max() + 1, squares), kind="stable")
    return vectors[:, order], squares[order]
