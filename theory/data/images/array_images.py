"""Images in arrays, cropped, resized and turned grey by the rule that holds for image files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.data.images.pixels import pixels
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.progress import phase

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow


class NoImagesError(OptionError):
    """Points that are no images were to be resized or turned grey."""


@dataclass(frozen=True, eq=False)
class ArrayImages:
    """Images of an array that are changed when they are asked for.

    Attributes
    ----------
    rows : ndarray, shape (N, channels, height, width)
        As they are.
    side : int or None
        Side of the central square to which they are resized (Lanczos).
    grey : bool
        Whether three channels become one.
    """

    rows: NDArray[Any]
    side: int | None
    grey: bool

    @classmethod
    def of(
        cls, rows: NDArray[Any], point: tuple[int, ...], name: str, side: int | None, grey: bool
    ) -> ArrayImages:
        """Check that these are images that can be changed so.

        Parameters
        ----------
        rows : ndarray, shape (N, …)
            Points.
        point : tuple of int
            Shape of one.
        name : str
            What messages call them.
        side : int or None
            Wanted side.
        grey : bool
            Whether colour is to go.

        Returns
        -------
        ArrayImages

        Raises
        ------
        NoImagesError
            If they are no images of 1 or 3 channels.
        """
        if len(point) != 3 or point[0] not in (1, 3):
            options = [each for each, given in (("size", side), ("grey", grey)) if given]
            parts = [part for each in options for part in (" and ", OptionName(each))][1:]
            raise NoImagesError(
                *parts, f" {'apply' if len(options) > 1 else 'applies'} only to images of 1 or 3 "
                f"channels, but points of {name} have shape {point}: leave "
                f"{'them' if len(options) > 1 else 'it'} out, or give the ", OptionName("shape"),
                " of an image.",
            )  # fmt: skip
        return cls(rows.reshape(-1, *point), side, grey)

    @property
    def size(self) -> tuple[int, int, int, int]:
        """(N, channels, height, width) of what comes out."""
        count, channels, height, width = self.rows.shape
        if self.side is not None:
            height = width = self.side
        return count, 1 if self.grey else channels, height, width

    def decoded(self) -> NDArray[Any]:
        """Change all images.

        Returns
        -------
        ndarray, shape `size`
            Bytes stay bytes; all other numbers become float32 in their own units.
        """
        whole = self.rows.dtype == np.uint8
        found = np.empty(self.size, np.uint8 if whole else np.float32)
        with phase("resizing images", len(found), "image") as done:
            for target, image in zip(found, self.rows, strict=True):
                target[...] = self._of_bytes(image) if whole else self._of_numbers(image)
                done(1)
        return found

    def _of_bytes(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        from PIL import Image

        picture = Image.fromarray(np.moveaxis(image, 0, 2).squeeze(axis=2) if len(image) == 1 else
                                  np.ascontiguousarray(np.moveaxis(image, 0, 2)))  # fmt: skip
        values = pixels(picture, self.size[1], self.side)
        return np.moveaxis(np.rint(255.0 * values), 2, 0)

    def _of_numbers(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Each channel by itself; overshoot at edges is cut at the values that there are."""
        from PIL import Image

        values = np.asarray(image, np.float32)
        if self.grey and len(values) == 3:
            values = np.tensordot(np.asarray(_GREY, np.float32), values, (0, 0))[None]
        if self.side is None:
            return values
        short = min(values.shape[1:])
        top, left = ((length - short) // 2 for length in values.shape[1:])
        square = np.ascontiguousarray(values[:, top : top + short, left : left + short])
        size, how = (self.side, self.side), Image.Resampling.LANCZOS
        found = np.stack([np.asarray(Image.fromarray(each).resize(size, how)) for each in square])
        return np.asarray(np.clip(found, values.min(), values.max()))
