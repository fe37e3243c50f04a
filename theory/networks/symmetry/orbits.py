"""Orbits: a network that commutes with a group sees every point of its data moved by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count


@dataclass(frozen=True)
class Orbit:
    """Periodic translations of images by multiples of some pixels, with or without mirroring.

    Attributes
    ----------
    shift : int
        Translations by multiples of so many pixels along both sides; 0 for none.
    mirrored : bool
        Whether each image comes with its mirror image, left to right.

    Raises
    ------
    InputError
        If the shift is no whole number of at least 0.
    """

    shift: int = 0
    mirrored: bool = False

    def __post_init__(self) -> None:
        as_count(self.shift, "shift", 0)

    @property
    def trivial(self) -> bool:
        """Whether it moves nothing, whatever the images."""
        return self.shift == 0 and not self.mirrored

    def order(self, shape: tuple[int, ...]) -> int:
        """How many images one image becomes.

        Parameters
        ----------
        shape : tuple of int
            Shape of one point.

        Returns
        -------
        int

        Raises
        ------
        InputError
            If the points are no images, or a side is no multiple of the shift.
        """
        if self.trivial:
            return 1
        if len(shape) != 3:
            raise InputError(
                f"points of shape {shape} cannot be translated or mirrored: give images of shape "
                "(channels, height, width), or no orbit."
            )
        if self.shift and (shape[1] % self.shift or shape[2] % self.shift):
            raise InputError(
                f"images of {shape[1]} × {shape[2]} pixels have no orbit under translations by "
                f"{self.shift}: sides must be multiples of it."
            )
        places = (shape[1] // self.shift) * (shape[2] // self.shift) if self.shift else 1
        return places * (1 + self.mirrored)

    def of(self, points: NDArray[Any]) -> NDArray[Any]:
        """Every image of every point.

        Parameters
        ----------
        points : ndarray, shape (n, *shape)
            Points.

        Returns
        -------
        ndarray, shape (n · order, *shape)
            The images of the first point come first, the point itself before them. Images of a
            point that is symmetric repeat.
        """
        if self.order(points.shape[1:]) == 1:
            return points
        versions = [points, points[..., ::-1]] if self.mirrored else [points]
        rows = range(0, points.shape[2], self.shift) if self.shift else (0,)
        columns = range(0, points.shape[3], self.shift) if self.shift else (0,)
        moved = [
            np.roll(version, (row, column), axis=(2, 3))
            for version in versions
            for row in rows
            for column in columns
        ]
        return np.stack(moved, axis=1).reshape(-1, *points.shape[1:])

    def words(self) -> str:
        """What it is, for tables and messages.

        Returns
        -------
        str
        """
        moves = []
        if self.shift:
            pixels = "all pixels" if self.shift == 1 else f"multiples of {self.shift} pixels"
            moves.append(f"periodic translations by {pixels}")
        if self.mirrored:
            moves.append("mirror images")
        return " and ".join(moves) or "none known, so that the orbit is the data themselves"


NO_ORBIT = Orbit()
