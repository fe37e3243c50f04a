"""Points as vectors, or as images with channels first, whatever the order they were stored in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.data.images.pixel_agreement import (
    FIRST,
    LAST,
    Shape,
    better_order,
    found_layout,
    likely_image,
)
from convergen.theory.messages.option_errors import OptionError, OptionName

_CHANNELS = (1, 2, 3, 4)
_WORDS = {FIRST: "channels first", LAST: "channels last"}
# Agreement that a declared shape must lose by.
_CONTRADICTS = 0.05


@dataclass(frozen=True, eq=False)
class Laid:
    """Points in the convention of this package, and how they were stored.

    Attributes
    ----------
    rows : ndarray, shape (N, …)
        View of what was given: vectors (N, d), or images (N, channels, height, width).
    point : tuple of int
        Shape of one point: (d,) or (channels, height, width).
    layout : str
        As in `Record.layout`.
    image : tuple of int or None
        As in `Record.image`: what flat rows look like.
    image_layout : str
        As in `Record.image_layout`.
    """

    rows: NDArray[Any]
    point: tuple[int, ...]
    layout: str
    image: Shape | None = None
    image_layout: str = ""


def oriented(
    raw: NDArray[Any],
    name: str,
    shape: Sequence[int] | None = None,
    layout: str | None = None,
) -> Laid:
    """Bring points to vectors, or to images with channels first.

    Parameters
    ----------
    raw : ndarray, shape (N, …)
        Points as stored: vectors (N, d), grey images (N, height, width), or images with 1 to 4
        channels, first or last.
    name : str
        What messages call them.
    shape : sequence of int, optional
        Shape of one point if it is not to be guessed: (d,) or (channels, height, width); (height,
        width, channels) is understood where only the last can count channels.
    layout : {'first', 'last'}, optional
        Whether the numbers of a point are stored channel by channel, or pixel by pixel. Without it
        the order is that in which neighbouring pixels agree.

    Returns
    -------
    Laid

    Raises
    ------
    OptionError
        If the shape is that of neither vectors nor images, `shape` or `layout` does not fit, or
        the order cannot be told.
    """
    if raw.ndim < 2:
        raise OptionError(
            f"{name} has shape {raw.shape}, but one point a row is needed: reshape it to (N, d)."
        )
    if shape is not None:
        return _shaped(raw, name, tuple(shape), layout)
    if raw.ndim == 4:
        return _declared(raw, name, layout)
    if layout is not None:
        raise OptionError(
            OptionName("layout"), f" says how images with channels are stored, but {name} has "
            f"shape {raw.shape}: give the ", OptionName("shape"), " of one point beside it, or "
            "leave it out.",
        )  # fmt: skip
    if raw.ndim == 3:
        return Laid(raw, (1, *raw.shape[1:]), "grey images")
    if raw.ndim == 2:
        return _with_image(Laid(raw, raw.shape[1:], "vectors"))
    raise _no_points(raw, name)


def as_images(rows: NDArray[Any], shape: Sequence[int], layout: str) -> NDArray[Any]:
    """Lay flat rows out as images.

    Parameters
    ----------
    rows : ndarray, shape (N, …)
        Points of channels · height · width numbers each.
    shape : sequence of int
        (channels, height, width).
    layout : {'first', 'last'}
        Whether they are stored channel by channel, or pixel by pixel.

    Returns
    -------
    ndarray, shape (N, channels, height, width)
        A view if the rows are contiguous.
    """
    channels, height, width = shape
    flat = rows.reshape(len(rows), -1)
    if layout == FIRST:
        return flat.reshape(len(rows), channels, height, width)
    return np.moveaxis(flat.reshape(len(rows), height, width, channels), 3, 1)


def _with_image(found: Laid) -> Laid:
    """Vectors, and the images that they may be."""
    guess = likely_image(found.rows)
    if guess is None:
        return found
    return replace(found, image=guess[0], image_layout=f"flattened, {_WORDS[guess[1]]}")


def _shaped(raw: NDArray[Any], name: str, shape: tuple[int, ...], layout: str | None) -> Laid:
    """Points of a shape that was given."""
    if len(shape) not in (1, 3) or math.prod(shape) != math.prod(raw.shape[1:]):
        raise OptionError(
            OptionName("shape"), f" {list(shape)} does not fit {name}, whose points have shape "
            f"{raw.shape[1:]}: give d, or channels, height and width, of the same size.",
        )  # fmt: skip
    if len(shape) == 1:
        if layout is not None:
            raise OptionError(
                OptionName("layout"), " says how images are stored, but ", OptionName("shape"),
                f" {list(shape)} is that of vectors: leave one of them out.",
            )  # fmt: skip
        return Laid(raw, shape, "vectors")
    if shape[2] in _CHANNELS and shape[0] not in _CHANNELS:
        shape = (shape[2], shape[0], shape[1])
    channels, height, width = shape
    stored = raw.shape[1:]
    if layout is None and stored == shape != (height, width, channels):
        return _as_declared(raw, name, FIRST, shape)
    if layout is None and stored == (height, width, channels) != shape:
        return _as_declared(raw, name, LAST, shape)
    found = found_layout(raw, (channels, height, width))
    if channels > 1 and layout is not None and found not in (None, layout):
        raise OptionError(
            OptionName("layout"), f" {layout} was given, but neighbouring pixels of {name} agree "
            f"only if its numbers are read as {_WORDS[found]}: leave it out, since the order is "
            "found for each file.",
        )  # fmt: skip
    order = layout or found
    if order is None:
        raise _undecided(name, f"{channels} channels of {height} × {width} pixels")
    flat = "flattened, " if raw.ndim == 2 else ""
    rows = raw if order == FIRST else as_images(raw, shape, order)
    words = f"{flat}{_WORDS[order]}" if channels > 1 else "grey images"
    return Laid(rows, shape, words)


def _declared(raw: NDArray[Any], name: str, layout: str | None) -> Laid:
    """Images whose shape says where channels are."""
    first, last = raw.shape[1] in _CHANNELS, raw.shape[3] in _CHANNELS
    if not (first or last):
        raise _no_points(raw, name)
    if first and last:
        # Tiny images: the reading that makes them square.
        first, last = raw.shape[2] == raw.shape[3], raw.shape[1] == raw.shape[2]
        if first == last and layout is None:
            raise _undecided(name, f"shape {raw.shape}")
        if first == last:
            first = layout == FIRST
    order = FIRST if first else LAST
    shape = raw.shape[1:] if first else (raw.shape[3], *raw.shape[1:3])
    # Where pixels agree in the order that their shape says, a layout is for other files.
    if layout not in (None, order) and better_order(raw, order, shape)[0] < 1:
        return Laid(as_images(raw, shape, str(layout)), shape, _WORDS[str(layout)])
    if layout is not None:
        return Laid(raw if first else np.moveaxis(raw, 3, 1), shape, _WORDS[order])
    return _as_declared(raw, name, order, shape)


def _as_declared(raw: NDArray[Any], name: str, order: str, shape: tuple[int, ...]) -> Laid:
    """Images in the order that their shape says, unless their pixels contradict it."""
    other = LAST if order == FIRST else FIRST
    better, margin = better_order(raw, other, shape)
    if better == 1 and margin > _CONTRADICTS:
        raise OptionError(
            f"{name} has shape {raw.shape}, but neighbouring pixels agree only if the numbers of a "
            f"point are read as {_WORDS[other]}: give ", OptionName("layout"), f" {other} if they "
            f"were reshaped by mistake, or {order} to take them as they are.",
        )  # fmt: skip
    return Laid(raw if order == FIRST else np.moveaxis(raw, 3, 1), shape, _WORDS[order])


def _undecided(name: str, what: str) -> OptionError:
    return OptionError(
        f"{name} holds points of {what}, and its pixels do not tell whether channels come first or "
        "last: give the ", OptionName("layout"), f" {FIRST} (channel by channel) or {LAST} (pixel "
        "by pixel).",
    )  # fmt: skip


def _no_points(raw: NDArray[Any], name: str) -> OptionError:
    return OptionError(
        f"{name} has shape {raw.shape}, which is that of neither vectors nor images of 1 to 4 "
        "channels: give the ", OptionName("shape"), " of one point.",
    )  # fmt: skip
