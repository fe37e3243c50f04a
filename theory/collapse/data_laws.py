"""What the information-theoretic predictions need to know of a data distribution."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError, as_finite
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum


class Law(Protocol):
    """A distribution that can be sampled and whose smoothed density is known.

    Attributes
    ----------
    dim : int
        Number of coordinates.
    resolution : float
        log of the number of points behind the density; information beyond it cannot be seen.
    """

    dim: int
    resolution: float

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Clean points, shape (count, dim)."""
        ...

    def log_density(self, x: FloatArray, sigma: float) -> FloatArray:
        """Log density smoothed by σ > 0, shape (len(x),)."""
        ...


class GaussianLaw:
    """N(0, Σ) in the eigenbasis of Σ.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    """

    resolution = np.inf

    def __init__(self, spectrum: Spectrum) -> None:
        self.dim = spectrum.dim
        self.spectrum = spectrum
        self._variances = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Clean points, shape (count, dim)."""
        return rng.standard_normal((count, self.dim)) * np.sqrt(self._variances)

    def log_density(self, x: FloatArray, sigma: float) -> FloatArray:
        """Log density smoothed by σ > 0, shape (len(x),)."""
        variances = self._variances + sigma**2
        volume = 0.5 * float(np.log(2.0 * np.pi * variances).sum())
        return np.asarray(-0.5 * (x**2 @ (1.0 / variances)) - volume)


class MixtureLaw:
    """A Gaussian mixture.

    Parameters
    ----------
    mixture : GaussianMixture
        The mixture.
    """

    resolution = np.inf

    def __init__(self, mixture: GaussianMixture) -> None:
        self.dim = mixture.dim
        self.mixture = mixture

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Clean points, shape (count, dim)."""
        return self.mixture.sample(count, rng).reshape(count, -1)

    def log_density(self, x: FloatArray, sigma: float) -> FloatArray:
        """Log density smoothed by σ > 0, shape (len(x),)."""
        return np.asarray(self.mixture.log_density(x.reshape(-1, *self.mixture.shape), sigma))


class DataLaw:
    """The unknown law of a data set: points from one half, density from the other.

    Parameters
    ----------
    data : array_like, shape (N, …)
        Samples, split at random.
    seed : int
        Seed of the split.

    Raises
    ------
    InputError
        If there are fewer than four samples.

    Notes
    -----
    The density is the other half smoothed by σ. It is trustworthy while the information I(σ) is
    below the log of that half's size, `resolution`; beyond it I is overestimated.
    """

    def __init__(self, data: Any, seed: int = 0) -> None:
        array = as_finite(data, "data")
        if array.ndim < 2 or array.shape[0] < 4:
            raise InputError(
                f"data has shape {array.shape}, but at least 4 rows of samples are needed."
            )
        flat = array.reshape(array.shape[0], -1)
        order = np.random.default_rng(seed).permutation(flat.shape[0])
        half = flat.shape[0] // 2
        self.dim = flat.shape[1]
        self.data = flat
        self.resolution = float(np.log(half))
        self._points = flat[order[half:]]
        self._score = EmpiricalScore(flat[order[:half]])

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Clean points, shape (count, dim)."""
        available = self._points.shape[0]
        return self._points[rng.choice(available, count, replace=count > available)]

    def log_density(self, x: FloatArray, sigma: float) -> FloatArray:
        """Log density smoothed by σ > 0, shape (len(x),)."""
        return self._score.log_density(x, sigma)


def as_law(law: Any, seed: int = 0) -> Law:
    """Wrap whatever describes a distribution.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law, or array_like of shape (N, …)
        A spectrum stands for the Gaussian with that covariance.
    seed : int
        Seed of the split of a data set.

    Returns
    -------
    Law
    """
    if isinstance(law, Spectrum):
        return GaussianLaw(law)
    if isinstance(law, GaussianMixture):
        return MixtureLaw(law)
    if hasattr(law, "draw") and hasattr(law, "log_density"):
        known: Law = law
        return known
    return DataLaw(law, seed)
