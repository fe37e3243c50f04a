"""The denoiser protocol: any callable D(x, σ) → x̂ of noisy x = x₀ + σε.

Exact denoisers of this package derive from `ExactDenoiser`, which checks and shapes the
arguments once; trained networks need only be callable in the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError, as_finite, as_positive

Array = NDArray[Any]


def floating(points: Array) -> type[np.floating[Any]]:
    """The type in which points are worked with: float32 stays float32, all else is float64."""
    return np.float32 if points.dtype == np.float32 else np.float64


@runtime_checkable
class Denoiser(Protocol):
    """Anything that maps noisy points and their noise level to clean estimates.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.isotropic(3)
    >>> isinstance(theory.GaussianDenoiser(spectrum), theory.Denoiser)
    True
    >>> isinstance(lambda x, sigma: x / (1.0 + sigma**2), theory.Denoiser)
    True
    """

    def __call__(self, x: Array, sigma: ArrayLike, /) -> Array:
        """Denoise.

        Parameters
        ----------
        x : ndarray, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        ndarray, shape of `x`
            Estimates of the clean points, E[x₀ | x] for an exact denoiser.
        """
        ...


class ExactDenoiser(ABC):
    """Base of the closed-form denoisers.

    Attributes
    ----------
    shape : tuple of int
        Shape of one data point.
    """

    shape: tuple[int, ...]

    @property
    def dim(self) -> int:
        """Number of coordinates of one point."""
        return int(np.prod(self.shape))

    def __call__(self, x: ArrayLike, sigma: ArrayLike, /) -> Array:
        """Posterior mean E[x₀ | x₀ + σε = x].

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points; float32 stays float32, all else becomes float64.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        ndarray, shape and dtype of `x`

        Raises
        ------
        InputError
            If shapes do not match, a value is not finite, σ is not positive, or its square is no
            number of the type of `x`.
        """
        points, noise = self._checked(x, sigma)
        return self._denoise(points, noise).reshape(-1, *self.shape)

    def score(self, x: ArrayLike, sigma: ArrayLike) -> Array:
        """Gradient of the smoothed log density, (D(x, σ) − x)/σ².

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        ndarray, shape and dtype of `x`
        """
        points, noise = self._checked(x, sigma)
        gradient = (self._denoise(points, noise) - points) / noise[:, None] ** 2
        return np.asarray(gradient).reshape(-1, *self.shape)

    @abstractmethod
    def _denoise(self, x: Array, sigma: Array) -> Array:
        """Denoise checked flat points (batch, dim) at σ of shape (batch,), same dtype."""

    def _checked(self, x: ArrayLike, sigma: ArrayLike) -> tuple[Array, Array]:
        """Flat points and one σ for each, in one floating dtype."""
        points = np.asarray(x)
        dtype = floating(points)
        if points.dtype != dtype or not np.isfinite(points).all():
            as_finite(points, "x")  # says what is wrong, after a copy in double precision
        if points.ndim != len(self.shape) + 1 or points.shape[1:] != self.shape:
            raise InputError(
                f"x has shape {points.shape}, but points of shape {self.shape} are denoised: "
                f"give an array of shape (batch, {', '.join(map(str, self.shape))})."
            )
        noise = as_positive(sigma, "sigma")
        if noise.ndim > 1 or (noise.ndim == 1 and noise.size not in (1, points.shape[0])):
            raise InputError(
                f"sigma has shape {noise.shape}, but there are {points.shape[0]} points: give one "
                "number, or one for each point."
            )
        limits = np.finfo(dtype)
        low, high = np.sqrt(limits.tiny), np.sqrt(limits.max)
        if noise.size and not (low <= noise.min() and noise.max() <= high):
            raise InputError(
                f"sigma must lie between {low:.2g} and {high:.2g} where x is {limits.dtype}, so "
                "that its square is a number: use other units."
            )
        flat = points.reshape(points.shape[0], self.dim).astype(dtype, copy=False)
        return flat, np.broadcast_to(noise, points.shape[0]).astype(dtype)
