"""The user's own points: arrays, folders of images and the built-in digits, in one layout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.array_files import oriented
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.common.row_blocks import as_float_rows, row_blocks

DIGITS = "digits"


@dataclass(frozen=True, eq=False)
class Points:
    """Points as the user gave them.

    Attributes
    ----------
    name : str
        What messages call them.
    rows : ndarray or memmap, shape (N, …)
        One point a row, images channels first; raw values.
    shape : tuple of int
        Shape of one point: (d,) or (channels, height, width).
    """

    name: str
    rows: NDArray[Any]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dim(self) -> int:
        """Coordinates of one point."""
        return math.prod(self.shape)

    def flat(self, rows: NDArray[np.int64] | slice = slice(None)) -> FloatArray:
        """Some points as float64.

        Parameters
        ----------
        rows : ndarray of int64 or slice
            Which ones; default all.

        Returns
        -------
        ndarray, shape (count, d)
        """
        return as_float_rows(self.rows[rows], self.dim)

    def sum(self) -> FloatArray:
        """Sum over all points, block by block.

        Returns
        -------
        ndarray, shape (d,)
        """
        total = np.zeros(self.dim)
        for block in row_blocks(self.rows):
            total += as_float_rows(block, self.dim).sum(axis=0)
        return total


def load_points(
    source: str,
    *,
    size: int | None = None,
    grey: bool = False,
    key: str | None = None,
    shape: Sequence[int] | None = None,
) -> Points:
    """Read points and check that every value is finite.

    Parameters
    ----------
    source : str
        ``digits``; a ``.npy`` or ``.npz`` file of vectors (N, d), grey images (N, height, width)
        or images with channels first or last; or a folder of images.
    size, grey
        Resize and conversion of a folder of images; of no effect on others.
    key : str, optional
        Name of the array in a ``.npz`` file that holds several; of no effect on others.
    shape : sequence of int, optional
        Shape of one point, (d,) or (channels, height, width), where it is not to be guessed.

    Returns
    -------
    Points

    Raises
    ------
    InputError
        If the source cannot be read, has fewer than two points, a shape that does not fit, or
        values that are not finite.
    """
    rows, point = oriented(_raw(source, size, grey, key), source, shape)
    if len(rows) < 2:
        raise InputError(f"{source} holds {len(rows)} point: give at least two.")
    found = Points(source, rows, point)
    bad = sum(
        int(np.count_nonzero(~np.isfinite(as_float_rows(block, found.dim)).all(axis=1)))
        for block in row_blocks(rows)
    )
    if bad:
        raise InputError(
            f"{bad} of {len(rows)} points of {source} hold NaN or infinite values: remove them."
        )
    return found


def _raw(source: str, size: int | None, grey: bool, key: str | None) -> NDArray[Any]:
    """Array as stored, images channels first."""
    from convergen.theory.data.array_files import load_array, load_digits
    from convergen.theory.data.image_folders import open_folder

    path = Path(source)
    if source == DIGITS and not path.exists():
        return load_digits().reshape(-1, 1, 8, 8)
    if not path.is_dir():
        return load_array(path, key=key if path.suffix == ".npz" else None)
    height, width, channels = open_folder(path, size=size, grey=grey).shape
    pixels = load_array(path, size=size, grey=grey)
    return np.moveaxis(pixels.reshape(-1, height, width, channels), 3, 1)


def same_layout(sets: Sequence[Points]) -> list[Points]:
    """Give all sets the shape of a point that the first image among them has.

    Parameters
    ----------
    sets : sequence of Points
        At least one.

    Returns
    -------
    list of Points
        Vectors of as many coordinates as an image are taken as such images, channels first.

    Raises
    ------
    InputError
        If two sets do not fit together.
    """
    pictures = [each.shape for each in sets if len(each.shape) == 3]
    shape = pictures[0] if pictures else sets[0].shape
    for each in sets:
        if each.shape != shape and not (len(each.shape) == 1 and each.dim == math.prod(shape)):
            raise InputError(
                f"{each.name} holds points of shape {each.shape}, but others have shape {shape}: "
                "give all in one shape, or say it with --shape."
            )
    return [Points(each.name, each.rows, shape) for each in sets]
