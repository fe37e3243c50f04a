"""Copies in another dress: what a change of an image is ignored when two are compared.

A training image is taken in several forms (mirrored, shifted, …), a sample in one; what both are
stripped of (brightness, colour, …) is stripped once. Distances then are matrix products again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.messages.suggestions import suggestion

# Images (count, channels, height, width).
Images = NDArray[Any]
# A shift of up to this share of the side, in whole pixels and at least one.
_SHIFT = 0.08
_ZOOMS = (1.05, 1.1)
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True)
class Invariance:
    """One kind of change that is ignored.

    Attributes
    ----------
    name, words : str
        What the command line calls it, and what it means.
    still : callable
        What is compared of a sample.
    forms : callable
        The forms of a training image that it is held against, the plain one first.
    pictures : bool
        Whether it makes sense for images only.
    """

    name: str
    words: str
    still: Callable[[Images], Images]
    forms: Callable[[Images], list[Images]]
    pictures: bool = True


def _same(x: Images) -> Images:
    return x


def _strip(change: Callable[[Images], Images]) -> dict[str, Any]:
    """A change that is stripped from both sides."""
    return {"still": change, "forms": lambda x: [change(x)]}


def _blurred(x: Images) -> Images:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(x, (0.0, 0.0, 1.0, 1.0)))


def _grey(x: Images) -> Images:
    if x.shape[1] != 3:
        return x.mean(axis=1, keepdims=True)
    return np.tensordot(x, _GREY, (1, 0))[:, None]


def _turned(x: Images) -> list[Images]:
    turns = range(4) if x.shape[2] == x.shape[3] else (0, 2)
    return [np.rot90(x, k, (2, 3)) for k in turns]


def _reach(x: Images) -> int:
    return max(1, round(_SHIFT * min(x.shape[2:])))


def _window(x: Images) -> Images:
    s = _reach(x)
    return x[:, :, s : x.shape[2] - s, s : x.shape[3] - s]


def _windows(x: Images) -> list[Images]:
    s = _reach(x)
    places = sorted(
        ((i, j) for i in range(2 * s + 1) for j in range(2 * s + 1)),
        key=lambda place: abs(place[0] - s) + abs(place[1] - s),
    )
    height, width = x.shape[2] - 2 * s, x.shape[3] - 2 * s
    return [x[:, :, i : i + height, j : j + width] for i, j in places]


def _zoomed(x: Images) -> list[Images]:
    return [x, *(_zoom(x, zoom) for zoom in _ZOOMS)]


def _zoom(x: Images, zoom: float) -> Images:
    """The middle of each image at the full size, by linear interpolation."""
    for axis in (2, 3):
        side = x.shape[axis]
        cut = 0.5 * side * (1.0 - 1.0 / zoom)
        place = np.linspace(cut, side - 1 - cut, side)
        low = np.minimum(place.astype(int), side - 2)
        shape = [1, 1, 1, 1]
        shape[axis] = side
        weight = (place - low).reshape(shape)
        x = x.take(low, axis) * (1.0 - weight) + x.take(low + 1, axis) * weight
    return x


def _halved(x: Images) -> Images:
    """Means of 2 × 2 pixels; an odd last line is left out."""
    height, width = (side // 2 * 2 for side in x.shape[2:])
    x = x[:, :, :height, :width]
    return 0.25 * (
        x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
    )


def _level(x: Images) -> Images:
    return x - x.mean(axis=(1, 2, 3), keepdims=True)


def _unit(x: Images) -> Images:
    """Mean 0 and root mean square 1, so that distances stay of the order of a pixel."""
    found = _level(x)
    scale = np.sqrt((found**2).mean(axis=(1, 2, 3), keepdims=True))
    # A flat image has the rounding of its mean left, which is no contrast.
    rounding = 16.0 * np.finfo(x.dtype).eps * np.abs(x).max(axis=(1, 2, 3), keepdims=True)
    return found / np.where(scale > rounding, scale, 1.0)


# In the order in which they are applied.
INVARIANCES = {
    row.name: row
    for row in (
        Invariance("grey", "colour", **_strip(_grey)),
        Invariance("blur", "sharpness", **_strip(_blurred)),
        Invariance("turn", "quarter turns", _same, _turned),
        Invariance("mirror", "left and right", _same, lambda x: [x, x[..., ::-1]]),
        Invariance("crop", "a zoom of up to 10 %", _same, _zoomed),
        Invariance("shift", "a shift of up to 8 % of the side", _window, _windows),
        Invariance("brightness", "a constant that is added", **_strip(_level), pictures=False),
        Invariance("contrast", "brightness and contrast", **_strip(_unit), pictures=False),
    )
}
_HALF = Invariance("half", "fine detail", **_strip(_halved))
DEFAULT = ("mirror",)
# Sides from which images can be looked at in half their size.
_HALVES = 8


@dataclass(frozen=True)
class Orbit:
    """The changes that are ignored between points of one shape.

    Attributes
    ----------
    shape : tuple of int
        Of one point.
    steps : tuple of Invariance
        In the order of the table.
    """

    shape: tuple[int, ...]
    steps: tuple[Invariance, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], names: Sequence[str] | None = None) -> Orbit:
        """Look names up; without any, images are mirrored and vectors are left as they are.

        Parameters
        ----------
        shape : tuple of int
            Of one point: (d,) or (channels, height, width).
        names : sequence of str, optional
            Of `INVARIANCES`; ``none`` for none.

        Returns
        -------
        Orbit

        Raises
        ------
        InputError
            If a name is unknown, or makes sense for images only and these are vectors.
        """
        picture = len(shape) == 3 and min(shape[1:]) > 3
        if names is None:
            names = DEFAULT if picture else ()
        wanted = [name for name in names if name != "none"]
        for name in wanted:
            if name not in INVARIANCES:
                raise InputError(
                    f"--invariant does not know {name!r}{suggestion(name, list(INVARIANCES))}: "
                    f"choose from none, {', '.join(INVARIANCES)}."
                )
            if INVARIANCES[name].pictures and not picture:
                raise InputError(
                    f"--invariant {name} is for images, but these points have shape {shape}: "
                    "leave it out, or give the shape of an image as --shape."
                )
        return cls(shape, tuple(row for name, row in INVARIANCES.items() if name in wanted))

    def still(self, rows: NDArray[Any]) -> FloatArray:
        """What is compared of samples.

        Parameters
        ----------
        rows : ndarray, shape (N, …)
            Points.

        Returns
        -------
        ndarray, shape (N, d′)
        """
        return _flat(self.plain(rows))

    def plain(self, rows: NDArray[Any], dtype: DTypeLike = np.float64) -> Images:
        """The same as images, or as vectors if these are vectors.

        Parameters
        ----------
        rows : ndarray, shape (N, …)
            Points.
        dtype : dtype
            Precision; changes of an image may raise it.

        Returns
        -------
        ndarray, shape (N, channels, height, width) or (N, d)
        """
        x = self._images(rows, dtype)
        for step in self.steps:
            x = step.still(x)
        return self._shaped(x)

    def forms(self, rows: NDArray[Any], dtype: DTypeLike = np.float64) -> list[NDArray[Any]]:
        """The forms of training points.

        Parameters
        ----------
        rows : ndarray, shape (n, …)
            Points.
        dtype : dtype
            Precision; changes of an image may raise it.

        Returns
        -------
        list of ndarray, shape (n, d′)
            The plain form first.
        """
        return [_flat(each) for each in self.pictures(rows, dtype)]

    def pictures(self, rows: NDArray[Any], dtype: DTypeLike = np.float64) -> list[Images]:
        """The same as images, or as vectors if these are vectors.

        Parameters
        ----------
        rows : ndarray, shape (n, …)
            Points.
        dtype : dtype
            Precision; changes of an image may raise it.

        Returns
        -------
        list of ndarray, shape (n, channels, height, width) or (n, d)
        """
        found = [self._images(rows, dtype)]
        for step in self.steps:
            found = [form for each in found for form in step.forms(each)]
        return [self._shaped(each) for each in found]

    def halved(self) -> Orbit | None:
        """Compare images in half their size, where noise, blur and compression hardly show.

        Returns
        -------
        Orbit or None
            None where these are no images, or too small.
        """
        if len(self.shape) != 3 or min(self.shape[1:]) < _HALVES:
            return None
        return replace(self, steps=(*self.steps, _HALF))

    @cached_property
    def count(self) -> int:
        """How many forms a training point has."""
        return len(self.forms(np.zeros((1, *self.shape))))

    @property
    def names(self) -> list[str]:
        """Names of the changes that are ignored."""
        return [step.name for step in self.steps if step.name in INVARIANCES]

    def _shaped(self, x: Images) -> Images:
        return x if len(self.shape) == 3 else x.reshape(len(x), -1)

    def _images(self, rows: NDArray[Any], dtype: DTypeLike = np.float64) -> Images:
        x = np.asarray(rows, dtype)
        shape = self.shape if len(self.shape) == 3 else (1, 1, -1)
        return x.reshape(len(x), *shape)


def _flat(x: Images) -> FloatArray:
    return np.ascontiguousarray(x).reshape(len(x), -1)
