"""Models that need no training: closed forms of a training set, beside the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Denoiser, ExactDenoiser
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.empirical_score.score import EmpiricalScore

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


def _linear(data: Array) -> Denoiser:
    return LinearDenoiser.fit(data, center=False)


EXACT: dict[str, Callable[[Array], Denoiser]] = {
    "linear": _linear,
    "stationary-linear": StationaryDenoiser,
    "empirical-score": EmpiricalScore,
}


class Separate:
    """Denoisers that are evaluated one after the other, with the interface of an ensemble.

    Parameters
    ----------
    models : sequence of Denoiser
        One for each member.
    """

    def __init__(self, models: Sequence[Denoiser]) -> None:
        self.models = list(models)
        self.members = len(self.models)

    def denoiser(self, member: int) -> Denoiser:
        """One member.

        Parameters
        ----------
        member : int
            Which one.

        Returns
        -------
        Denoiser
        """
        return self.models[member]

    def denoisers(self) -> Denoiser:
        """All members as one denoiser.

        Returns
        -------
        Denoiser
            x of shape (M · batch, *shape), the points of the first member first.
        """

        def together(x: Array, sigma: ArrayLike, /) -> Array:
            levels = np.broadcast_to(np.asarray(sigma), len(x))
            parts = zip(
                np.split(x, self.members), np.split(levels, self.members), self.models, strict=True
            )
            return np.concatenate([model(points, level) for points, level, model in parts])

        return together
