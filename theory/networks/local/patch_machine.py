"""A score machine of patches at all positions: what a convolution of one window can know.

Kamb & Ganguli (arXiv:2412.20292): each pixel is the posterior mean of the middle of a patch, over
the patches of all training images wherever they lie. Patches at the same position are
`WindowDenoiser` with `windows.squares`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import InputError, as_count
from convergen.theory.denoisers.protocol import Array, ExactDenoiser, floating
from convergen.theory.networks.local.left_out import none_left_out
from convergen.theory.networks.local.local_kernel import local_means

# Bytes of the patches that are cut at a time.
_BYTES = 2**26
_PADDINGS: dict[str, Literal["constant", "wrap"]] = {"zeros": "constant", "circular": "wrap"}


class PatchMachine(ExactDenoiser):
    """Posterior mean of the pixel in the middle of a patch, over training patches at all places.

    Parameters
    ----------
    data : array_like, shape (n, channels, height, width)
        Training images.
    side : int
        Pixels along a side of a patch, odd and at most that of the images.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.

    Attributes
    ----------
    side : int
        As given.
    samples : int
        Number n of training images.

    Raises
    ------
    InputError
        If the points are no images, the side does not suit, or the padding is unknown.

    Notes
    -----
    A call costs a product of (batch · pixels) × (channels · side²) × (n · pixels).
    """

    def __init__(self, data: ArrayLike, side: int, padding: str = "zeros") -> None:
        images = np.asarray(data)
        images = images.astype(floating(images))
        if images.ndim != 4 or images.size == 0:
            raise InputError(
                f"patches are cut from images of shape (n, channels, height, width), not "
                f"{images.shape}."
            )
        if padding not in _PADDINGS:
            raise InputError(f"padding {padding!r} is unknown: choose from {', '.join(_PADDINGS)}.")
        self.side, self.padding = as_count(side, "side"), padding
        self.shape, self.samples = images.shape[1:], len(images)
        if self.side % 2 == 0 or self.side > min(self.shape[1:]):
            raise InputError(
                f"a patch has a side that is odd and at most {min(self.shape[1:])}, not {side}."
            )
        self._columns = np.ascontiguousarray(self._patches(images).T)
        self._targets = self.side**2 // 2 + self.side**2 * np.arange(self.shape[0])

    def _patches(self, images: Array) -> Array:
        """Patches around every pixel, shape (images · height · width, channels · side²)."""
        reach = self.side // 2
        around = ((0, 0), (0, 0), (reach, reach), (reach, reach))
        padded = np.pad(images, around, mode=_PADDINGS[self.padding])
        views = np.lib.stride_tricks.sliding_window_view(padded, (self.side,) * 2, axis=(2, 3))
        return views.transpose(0, 2, 3, 1, 4, 5).reshape(-1, self.shape[0] * self.side**2)

    def _denoise(self, x: Array, sigma: Array) -> Array:
        channels, pixels = self.shape[0], self.shape[1] * self.shape[2]
        length = channels * self.side**2
        whole = np.tile(np.arange(length), channels).astype(np.int64)
        starts, cuts = length * np.arange(channels), np.full(channels, length)[None]
        columns = self._columns.astype(x.dtype, copy=False)
        out = np.empty_like(x)
        step = max(_BYTES // (pixels * length * x.itemsize), 1)
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            patches = np.ascontiguousarray(self._patches(x[part].reshape(-1, *self.shape)))
            inverse = np.repeat(sigma[part].astype(np.float64) ** -2.0, pixels).astype(x.dtype)
            found = np.empty((len(patches), channels), dtype=x.dtype)
            none = none_left_out(len(patches))
            local_means(
                patches, columns, self._targets, starts, whole, cuts, inverse, none, 1, found[None]
            )
            moved = found.reshape(-1, pixels, channels).transpose(0, 2, 1)
            out[part] = moved.reshape(-1, channels * pixels)
        return out
