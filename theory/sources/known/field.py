"""Gaussian random fields on the torus: a known law with degenerate Fourier pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.sources.drawing import COUNT, SEED, check_size
from convergen.theory.sources.options import NUMBER, WHOLE, Option
from convergen.theory.sources.source import KnownLaw, Source, draw
from convergen.theory.sources.table import SourceKind, register

if TYPE_CHECKING:
    from convergen.theory.spectra.spectrum import Spectrum

# The eigenvectors take size⁴ numbers: 134 MB for the largest.
_SIZE = Option("size", WHOLE, "side in pixels", 8, least=2, most=64, flag="--size")
_ALPHA = Option(
    "alpha", NUMBER, "exponent of the power spectrum k^(−α)", 2.5, least=0, most=300, flag="--alpha"
)


def load(size: int, alpha: float, count: int, seed: int) -> Source:
    """Stationary Gaussian random field on a torus.

    Parameters
    ----------
    size : int
        Side in pixels, 2 to 64.
    alpha : float
        Exponent of the power spectrum, 0 to 300.
    count : int
        Number of images drawn.
    seed : int
        Of the draws.

    Returns
    -------
    Source
        Images (1, size, size) of pixel variance 1; the mean of each image is zero.
    """

    def known() -> KnownLaw:
        check_size(size**2, count)
        truth = field_spectrum(size, alpha)
        rng = np.random.default_rng(seed)
        return KnownLaw(truth, 1.0, draw(truth, (1, size, size), count, rng))

    name = f"field {size}x{size}"
    return Source(name, lambda: field_spectrum(size, alpha, vectors=False), make_known=known)


def field_spectrum(size: int, alpha: float, *, vectors: bool = True) -> Spectrum:
    """Exact spectrum of a stationary Gaussian field with a power-law power spectrum.

    Parameters
    ----------
    size : int
        Side of the periodic image in pixels.
    alpha : float
        α ≥ 0 in P(k) ∝ (k²)^(−α/2), with k a vector of whole numbers in (−size/2, size/2].
    vectors : bool
        Whether eigenvectors are wanted.

    Returns
    -------
    Spectrum
        In dimension size². Eigenvectors are the cosine and sine of each pair ±k, normalised, over
        pixels in C order. P(0) = 0, so that the mean over the pixels of every image is exactly
        zero; this zero eigenvalue, with the constant vector, comes last. The power is scaled to
        pixel variance 1, and modes of equal k² share one eigenvalue.
    """
    from convergen.theory.spectra.spectrum import Spectrum

    squares = _squares(size)
    distinct, counts = np.unique(squares[squares > 0], return_counts=True)
    # Relative to the lowest mode, so that no power leaves the range of double precision.
    power = distinct.astype(np.float64) ** (-0.5 * alpha)
    power *= size**2 / (counts @ power)
    return Spectrum.from_eigenvalues(
        np.append(power, 0.0), np.append(counts, 1),
        eigenvectors=_fourier_basis(size, squares) if vectors else None,
        source=f"Gaussian field {size} x {size}, power spectrum k^-{alpha:g}",
    )  # fmt: skip


def _squares(side: int) -> NDArray[np.int64]:
    """k² of each wave vector, in C order."""
    row, column = np.divmod(np.arange(side**2), side)
    centred = (np.arange(side) + (side - 1) // 2) % side - (side - 1) // 2
    return np.asarray(centred[row] ** 2 + centred[column] ** 2)


def _fourier_basis(side: int, squares: NDArray[np.int64]) -> FloatArray:
    """Real Fourier modes as columns, ascending in k² but for k = 0, which comes last."""
    row, column = np.divmod(np.arange(side**2), side)
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
    return vectors[:, order]


register(
    SourceKind(
        "field", "stationary Gaussian images on a torus, power spectrum k^(−α)",
        (_SIZE, _ALPHA, COUNT, SEED), load, known=True,
    )
)  # fmt: skip
