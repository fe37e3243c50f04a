"""Draws from known laws, in standard units and with their truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convergen.empirical.data.dataset import DataSet, draw
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_seed,
)
from convergen.theory.spectra.spectrum import Spectrum

_COUNT = 16384
_DIM = 64


def field(size: int = 8, alpha: float = 2.5, count: int = _COUNT, seed: int = 0) -> DataSet:
    """Stationary Gaussian random field on a torus, with the law of `fields.field_spectrum`.

    Parameters
    ----------
    size : int
        Side in pixels, 2 to 64.
    alpha : float
        Exponent of the power spectrum, ≥ 0.
    count : int
        Number of images drawn.
    seed : int
        Of the draw.

    Returns
    -------
    DataSet
        Images (1, size, size) of pixel variance 1; the mean of each image is zero.
    """
    from convergen.empirical.data.gaussian_fields import field_spectrum

    truth = field_spectrum(size, alpha)
    side = math.isqrt(truth.dim)
    return _drawn(truth, f"field {side}x{side}", (1, side, side), count, _rng(seed), 1.0)


def isotropic(dim: int = _DIM, images: bool = False, count: int = _COUNT, seed: int = 0) -> DataSet:
    """White Gaussian noise.

    Parameters
    ----------
    dim, images, count, seed
        As for `spiked`.

    Returns
    -------
    DataSet
    """
    return _gaussian(Spectrum.isotropic(dim), "isotropic", "identity", images, count, seed)


def spiked(
    dim: int = _DIM,
    spikes: Sequence[float] = (10.0, 4.0),
    basis: str = "random",
    images: bool = False,
    count: int = _COUNT,
    seed: int = 0,
) -> DataSet:
    """Gaussian with a few large eigenvalues above a bulk of ones.

    Parameters
    ----------
    dim : int
        Dimension d.
    spikes : sequence of float
        Large eigenvalues, before all are scaled to mean variance 1.
    basis : {'random', 'identity'}
        Directions of the eigenvectors: uniform, from the seed, or the axes in descending order.
    images : bool
        Shape the vectors as square images of one channel; d must be a square.
    count : int
        Number of points drawn.
    seed : int
        Of the basis and the draw.

    Returns
    -------
    DataSet
        The truth has mean variance 1; `scale` is what eigenvalues as given were divided by.
    """
    return _gaussian(Spectrum.spiked(dim, spikes), "spiked", basis, images, count, seed)


def power_law(
    dim: int = _DIM,
    alpha: float = 1.0,
    basis: str = "random",
    images: bool = False,
    count: int = _COUNT,
    seed: int = 0,
) -> DataSet:
    """Gaussian with eigenvalues ∝ k^(−α), k = 1 … d.

    Parameters
    ----------
    dim : int
        Dimension d.
    alpha : float
        Exponent ≥ 0.
    basis, images, count, seed
        As for `spiked`.

    Returns
    -------
    DataSet
    """
    return _gaussian(Spectrum.power_law(dim, alpha), "power law", basis, images, count, seed)


def mixture(
    dim: int = _DIM,
    components: int = 2,
    signal: float = 4.0,
    basis: str = "random",
    images: bool = False,
    count: int = _COUNT,
    seed: int = 0,
) -> DataSet:
    """Equal spherical components whose means are the corners of a simplex about the origin.

    Parameters
    ----------
    dim : int
        Dimension d.
    components : int
        Number of components, 2 to d.
    signal : float
        Squared norm of each mean over the variance of a component.
    basis, images, count, seed
        As for `spiked`; the basis turns the simplex.

    Returns
    -------
    DataSet
    """
    from convergen.theory.cli.named_sources import SourceOptions, resolve
    from convergen.theory.mixtures.mixture import GaussianMixture

    raw = resolve("mixture", SourceOptions(dim=dim, components=components, signal=signal)).mixture
    assert raw is not None
    shape, rng = _shape(raw.dim, images), _rng(seed)
    means = raw.means @ _basis(raw.dim, basis, rng).T
    scale = math.sqrt(float(np.trace(raw.covariance)) / raw.dim)
    variances = np.full(raw.components, 1.0 / scale**2)
    truth = GaussianMixture(raw.weights, (means / scale).reshape(-1, *shape), variances)
    return _drawn(truth, f"mixture of {raw.components}", shape, count, rng, scale)


def _gaussian(raw: Spectrum, name: str, basis: str, images: bool, count: int, seed: int) -> DataSet:
    """Gaussian vectors with the given eigenvalues, scaled to mean variance 1."""
    shape, rng = _shape(raw.dim, images), _rng(seed)
    scale = math.sqrt(raw.trace / raw.dim)
    truth = Spectrum.from_eigenvalues(
        raw.eigenvalues / scale**2, raw.multiplicities,
        eigenvectors=_basis(raw.dim, basis, rng), source=raw.source,
    )  # fmt: skip
    return _drawn(truth, name, shape, count, rng, scale)


def _drawn(
    truth: Any,
    name: str,
    shape: tuple[int, ...],
    count: int,
    rng: np.random.Generator,
    scale: float,
) -> DataSet:
    return DataSet(draw(truth, shape, count, rng), name, 0.0, scale, truth)


def _basis(dim: int, basis: str, rng: np.random.Generator) -> FloatArray:
    """Orthogonal matrix, uniform or the identity."""
    if basis == "identity":
        return np.eye(dim)
    if basis != "random":
        raise InputError(f"basis must be 'random' or 'identity', not {basis!r}.")
    vectors, upper = np.linalg.qr(rng.standard_normal((dim, dim)))
    # With the signs of the diagonal the law is uniform, and no library's choice enters.
    return np.asarray(vectors * np.sign(np.diag(upper)))


def _shape(dim: int, images: bool) -> tuple[int, ...]:
    if not images:
        return (dim,)
    side = math.isqrt(dim)
    if side**2 != dim:
        raise InputError(
            f"vectors of {dim} coordinates make no square image: use a square, such as "
            f"dim = {side**2}."
        )
    return (1, side, side)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(as_seed(seed))
