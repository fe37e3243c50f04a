"""Wide convolutional denoisers in the kernel regime: regression with the kernel between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.empirical.kernels.convolutional import gram
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.networks.wide.kernel_regression import KernelRegression


class ConvolutionalRegression(KernelRegression):
    """Denoiser of an infinitely wide 3 × 3 convolutional ReLU network, trained on few images.

    Parameters
    ----------
    data : array_like, shape (n, channels, height, width)
        Training images, of about unit variance and centred.
    images, depth, bias, time, filter, seed, landmarks
        As in `KernelRegression`; with ``filter="flow"`` a mode λ is learnt to 1 − e^{−τλ}. As many
        copies at every level: more above σ = 1 were tried on dense networks alone.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.
    device : str
        Where kernels are computed.

    Raises
    ------
    InputError
        If the data are no images, or as in `KernelRegression`.

    Notes
    -----
    Every pixel is an output of its own: N copies of p pixels make a system of N p equations,
    (N p)³/3 multiplications and 16 (N p)² bytes a level, so that N p stays below some 10⁴. The
    network sees one scale: windows of 2 · depth + 3 pixels.
    """

    def __init__(
        self,
        data: ArrayLike,
        *,
        padding: str = "zeros",
        device: str = "cpu",
        **options: Any,
    ) -> None:
        points = np.asarray(data)
        if points.ndim != 4 or points.size == 0:
            raise InputError(
                f"data of shape {points.shape} are no images: give (n, channels, height, width)."
            )
        self._image = points.shape[1:]
        self._where: dict[str, Any] = {"readout": "pixel", "padding": padding, "device": device}
        super().__init__(points, **{"above": 1.0, **options})
        # Before any level is fitted: an unknown padding or device is refused here.
        self._between(self._points[:1])

    def _between(self, x: FloatArray, y: FloatArray | None = None) -> FloatArray:
        images = x.reshape(-1, *self._image)
        others = None if y is None else y.reshape(-1, *self._image)
        return np.asarray(gram(images, others, **self._where, **self._kernel).cpu().numpy())

    def _outputs_of(self, points: FloatArray) -> FloatArray:
        channels = self._image[0]
        return points.reshape(len(points), channels, -1).swapaxes(1, 2).reshape(-1, channels)

    def _points_of(self, outputs: FloatArray) -> FloatArray:
        channels, height, width = self._image
        rows = outputs.reshape(-1, height * width, channels).swapaxes(1, 2)
        return rows.reshape(len(rows), -1)
