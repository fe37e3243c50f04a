"""Drawing points from a known law: options, directions and shapes that all known laws share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.sizes import size_words
from convergen.theory.sources.options import TEXT, TRUTH, WHOLE, Option
from convergen.theory.sources.source import KnownLaw, draw

if TYPE_CHECKING:
    from convergen.theory.spectra.spectrum import Spectrum

DIM = Option("dim", WHOLE, "dimension d", 300, least=1, flag="--dim")
COUNT = Option(
    "count", WHOLE, "number of points drawn", 16384, least=1, flag="--count", drawing=True
)
SEED = Option("seed", WHOLE, "seed of basis and draws", 0, least=0, most=2**63 - 1, drawing=True)
IMAGES = Option("images", TRUTH, "vectors as square images of one channel", False, drawing=True)
BASIS = Option(
    "basis", TEXT, "directions of the eigenvectors, drawn or the axes", "random",
    choices=("random", "identity"), drawing=True,
)  # fmt: skip
DRAWING = (IMAGES, COUNT, SEED)

_LARGEST = 2**32  # bytes


def gaussian(raw: Spectrum, *, basis: str, images: bool, count: int, seed: int) -> KnownLaw:
    """Gaussian vectors with given eigenvalues, scaled to mean variance 1.

    Parameters
    ----------
    raw : Spectrum
        Eigenvalues, raw units.
    basis : {'random', 'identity'}
        Directions of the eigenvectors: uniform, or the axes in descending order.
    images : bool
        Shape vectors as square images of one channel.
    count : int
        Number of points drawn.
    seed : int
        Of the basis and the draws.

    Returns
    -------
    KnownLaw
    """
    from convergen.theory.spectra.spectrum import Spectrum

    shape, rng = point_shape(raw.dim, images), np.random.default_rng(seed)
    check_size(raw.dim, count)
    scale = math.sqrt(raw.trace / raw.dim)
    truth = Spectrum.from_eigenvalues(
        raw.eigenvalues / scale**2, raw.multiplicities,
        eigenvectors=orthogonal(raw.dim, basis, rng), source=raw.source,
    )  # fmt: skip
    return KnownLaw(truth, scale, draw(truth, shape, count, rng))


def check_size(dim: int, count: int) -> None:
    """Refuse draws that do not fit in memory, before anything is computed.

    Parameters
    ----------
    dim, count : int
        Dimension and number of points.

    Raises
    ------
    OptionError
        If the eigenvectors or the points would take more than 4.3 GB.
    """
    limit = f"at most {size_words(_LARGEST)} are held"
    if 8 * dim**2 > _LARGEST:
        raise OptionError(
            f"points of {dim} coordinates need {size_words(8 * dim**2)} of eigenvectors, but "
            f"{limit}: lower ", OptionName("dim"), ".",
        )  # fmt: skip
    if 4 * dim * count > _LARGEST:
        raise OptionError(
            f"{count} points of {dim} coordinates need {size_words(4 * dim * count)}, but "
            f"{limit}: lower ", OptionName("count"), ".",
        )  # fmt: skip


def orthogonal(dim: int, basis: str, rng: np.random.Generator) -> FloatArray:
    """Orthogonal matrix, uniform or the identity.

    Parameters
    ----------
    dim : int
        Rows and columns.
    basis : {'random', 'identity'}
        Which.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (dim, dim)
    """
    if basis == "identity":
        return np.eye(dim)
    vectors, upper = np.linalg.qr(rng.standard_normal((dim, dim)))
    # With the signs of the diagonal the law is uniform, and no library's choice enters.
    return np.asarray(vectors * np.sign(np.diag(upper)))


def point_shape(dim: int, images: bool) -> tuple[int, ...]:
    """Shape of one point.

    Parameters
    ----------
    dim : int
        Coordinates.
    images : bool
        Whether it is a square image of one channel.

    Returns
    -------
    tuple of int
        (d,) or (1, √d, √d).

    Raises
    ------
    OptionError
        If d is no square.
    """
    if not images:
        return (dim,)
    side = math.isqrt(dim)
    if side**2 != dim:
        raise OptionError(
            f"vectors of {dim} coordinates make no square image: give a square as ",
            OptionName("dim"), f", such as {side**2}.",
        )  # fmt: skip
    return (1, side, side)
