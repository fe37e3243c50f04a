"""The stationary linear denoiser: the best that commutes with translations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets, needs_images
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import ExactDenoiser

Array = NDArray[Any]


class StationaryDenoiser(ExactDenoiser):
    """The best linear denoiser that commutes with translations: one variance per Fourier mode.

    Parameters
    ----------
    data : array_like, shape (n, channels, height, width)
        Training images, centred by the caller. Channels are treated alike but apart.

    Attributes
    ----------
    power : ndarray, shape (channels, height, width)
        Mean squared Fourier amplitude of each mode, normalised so that its mean is the variance
        of a pixel.
    """

    def __init__(self, data: ArrayLike) -> None:
        images = np.asarray(data, np.float64)
        if images.ndim != 4:
            raise InputError(
                f"a stationary denoiser needs images of shape (n, channels, height, width), not "
                f"{images.shape}: use an image data set."
            )
        self.shape = images.shape[1:]
        self.power = np.mean(np.abs(np.fft.fft2(images, norm="ortho")) ** 2, axis=0)

    def _denoise(self, x: Array, sigma: Array) -> Array:
        modes = np.fft.fft2(x.reshape(-1, *self.shape), norm="ortho")
        noise = sigma[:, None, None, None] ** 2
        clean = np.fft.ifft2(self.power / (self.power + noise) * modes, norm="ortho").real
        return np.asarray(clean.reshape(len(x), -1), dtype=x.dtype)


def fit(sets: TrainingSets) -> list[StationaryDenoiser]:
    """Fit one to each training set.

    Parameters
    ----------
    sets : TrainingSets
        Centred images.

    Returns
    -------
    list of StationaryDenoiser
    """
    return [StationaryDenoiser(points) for points in sets.points]


SOLVABLE.register(
    SolvableModel(
        name="stationary-linear",
        description="best linear denoiser that commutes with translations, in closed form",
        words="stationary (equivariant) linear model",
        fit=fit,
        line="--",
        order=2,
        refusal=needs_images,
    )
)
