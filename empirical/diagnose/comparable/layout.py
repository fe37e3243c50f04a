"""One layout for all sets: channels first, one size, no transparency, sheets cut.

What differs by a rule that leaves no doubt is mended and reported; the rest is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.orbit import INVARIANCES
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.data.images.layout import as_images
from convergen.theory.data.images.pixel_agreement import LAST, found_layout, likely_image
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.sources.points import Points

# Rows that are looked at.
_LOOKED = 256
# Pixels between the images of a contact sheet.
_GAPS = (0, 1, 2)
# Seams of a sheet are this much rougher than the rest, or its tiles are as alike on average to
# the training set, whose mean then must show far beyond what so few points make by chance.
_SEAM, _ALIKE, _SHOWN = 1.3, 0.8, 20.0


def one_layout(sets: Sequence[Points]) -> tuple[list[Points], list[str]]:
    """Give all sets the shape of the training set.

    Parameters
    ----------
    sets : sequence of Points
        The training set first.

    Returns
    -------
    sets : list of Points
        In the same order, all of one shape.
    notes : list of str
        What was done, as sentences.

    Raises
    ------
    InputError
        If two sets do not fit together.
    """
    notes: list[str] = []
    shape = _common_shape(sets, notes)
    found = [_fitted(each, shape, sets[0], notes) for each in sets]
    if any(each.shape[0] == 1 for each in found) and any(each.shape[0] == 3 for each in found):
        colour = [each.name for each in found if each.shape[0] == 3]
        notes.append(f"Colour was taken from {', '.join(colour)}: others are grey.")
        found = [_grey(each) for each in found]
    shape = found[0].shape
    for each in found:
        if each.shape != shape:
            raise InputError(
                f"{each.name} holds points of shape {each.shape}, but others have shape {shape}: "
                "give all in one shape, cropped or padded alike; squashing would hide copies."
            )
    return found, notes


def _common_shape(sets: Sequence[Points], notes: list[str]) -> tuple[int, ...]:
    """The shape of the first image, or in which neighbours in flat rows agree; none of vectors."""
    pictures = [each.shape for each in sets if len(each.shape) == 3]
    if pictures:
        return pictures[0]
    guess = likely_image(sets[0].rows)
    if guess is None:
        return ()
    channels, height, width = guess[0]
    notes.append(
        f"Rows were read as images of {channels} × {height} × {width} numbers, since neighbouring "
        "pixels agree then (--shape says otherwise)."
    )
    return guess[0]


def _fitted(points: Points, shape: tuple[int, ...], training: Points, notes: list[str]) -> Points:
    """One set in the wanted shape, if a rule leads there."""
    found = points.shape
    if not shape or found == shape:
        return points
    if found == (math.prod(shape),):
        return _unflattened(points, shape, notes)
    if len(found) == 1:
        other = _other_channels(points, shape)
        if other is None:
            return points
        return _fitted(_unflattened(points, other, notes), shape, training, notes)
    if found == (4, *shape[1:]) and shape[0] == 3:
        notes.append(f"{points.name} was put on white, where it is transparent.")
        return _reshaped(points, _on_white(points), shape)
    if found[1:] != shape[1:]:
        return _cut(points, shape[1:], training, notes)
    return points


def _other_channels(points: Points, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Flat rows that are grey, colour or transparent images beside others of the same size."""
    channels, rest = divmod(points.dim, math.prod(shape[1:]))
    if rest or channels not in (1, 3, 4):
        return None
    other = (channels, *shape[1:])
    if channels == 1:
        guess = likely_image(points.rows)
        return other if guess is not None and guess[0] == other else None
    return other if found_layout(points.rows, other) is not None else None


def _reshaped(points: Points, rows: NDArray[Any], shape: tuple[int, ...]) -> Points:
    return replace(points, rows=rows, shape=shape)


def _unflattened(points: Points, shape: tuple[int, ...], notes: list[str]) -> Points:
    """Flat rows as images, in the order in which neighbouring pixels agree."""
    order = found_layout(points.rows, shape)
    if order is None:
        raise OptionError(
            f"rows of {points.name} may be {shape} images with channels first or last: neither "
            "makes neighbouring pixels agree; give images as an array of four dimensions, or the ",
            OptionName("layout"), ".",
        )  # fmt: skip
    if order == LAST:
        notes.append(f"Rows of {points.name} were read as images with channels last.")
    return _reshaped(points, as_images(points.rows, shape, order), shape)


def roughness(images: FloatArray) -> float:
    """How much neighbouring pixels differ, over how much pixels vary.

    Parameters
    ----------
    images : ndarray, shape (N, channels, height, width)
        Any units.

    Returns
    -------
    float
        Mean squared difference of neighbours over twice the variance: 1 for noise.
    """
    power = [float((np.diff(images, axis=axis) ** 2).mean()) for axis in (2, 3)]
    spread = float(images.var())
    return float(np.mean(power)) / (2.0 * spread) if spread > 0.0 else 1.0


def _on_white(points: Points) -> FloatArray:
    rows = points.flat().reshape(-1, *points.shape)
    low, high = points.value_range
    white = 255.0 if high > 2.0 else 1.0
    floor = -1.0 if low < -0.5 else 0.0
    alpha = (rows[:, 3:] - floor) / (white - floor)
    return alpha * rows[:, :3] + (1.0 - alpha) * white


def _grey(points: Points) -> Points:
    if points.shape[0] == 1:
        return points
    rows = points.flat().reshape(-1, *points.shape)
    return _reshaped(points, INVARIANCES["grey"].still(rows), (1, *points.shape[1:]))


def _cut(points: Points, sides: tuple[int, ...], training: Points, notes: list[str]) -> Points:
    """Contact sheets as the images of some height and width that they show."""
    shape = (points.shape[0], *sides)
    for gap in _GAPS:
        lines, columns = (
            whole // (side + gap) for whole, side in zip(points.shape[1:], shape[1:], strict=True)
        )
        fits = all(
            count * (side + gap) + gap == whole
            for count, side, whole in zip(
                (lines, columns), shape[1:], points.shape[1:], strict=True
            )
        )
        if not fits or lines * columns < 2:
            continue
        tiles = _reshaped(points, _tiles(points, shape, (lines, columns), gap), shape)
        if gap or _has_seams(points, shape) or _alike(tiles, training):
            notes.append(
                f"{points.name} holds contact sheets of {lines} × {columns} images: they were cut."
            )
            return tiles
    raise OptionError(
        f"{points.name} holds images of {points.shape[1]} × {points.shape[2]} pixels, but the "
        f"training set has {shape[1]} × {shape[2]}: bring both to one size by the same crop, or "
        "give ", OptionName("size"), " to crop and resize all.",
    )  # fmt: skip


def _has_seams(points: Points, shape: tuple[int, ...]) -> bool:
    """Whether pixels across the borders of a grid differ more than others."""
    images = points.flat(slice(_LOOKED)).reshape(-1, *points.shape)
    for axis, side in ((2, shape[1]), (3, shape[2])):
        steps = (np.diff(images, axis=axis) ** 2).mean(axis=(0, 1, 5 - axis))
        seams = np.arange(len(steps)) % side == side - 1
        # Enlarged images are rough at every edge of a pixel, not at seams alone.
        if seams.any() and steps[seams].mean() < _SEAM * steps[~seams].max():
            return False
    return True


def _alike(points: Points, training: Points) -> bool:
    """Whether the mean of one set looks like that of another, and shows anything."""
    if points.shape[1:] != training.shape[1:]:
        return False
    if points.shape != training.shape:
        points, training = _grey(points), _grey(training)
    rows, truth = (each.flat(slice(_LOOKED)) for each in (points, training))
    first, second = (_without_colour(x.mean(axis=0), training.shape) for x in (rows, truth))
    by_chance = float(truth.var(axis=0).mean()) / len(truth)
    alike = first @ second > _ALIKE * np.linalg.norm(first) * np.linalg.norm(second)
    return bool(alike and second.var() > _SHOWN * by_chance)


def _without_colour(mean: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    channels = mean.reshape(shape[0], -1)
    return (channels - channels.mean(axis=1, keepdims=True)).ravel()


def _tiles(points: Points, shape: tuple[int, ...], grid: tuple[int, int], gap: int) -> NDArray[Any]:
    rows = np.asarray(points.rows).reshape(-1, *points.shape)
    lines, columns = grid
    channels, height, width = shape
    inner = rows[:, :, gap:, gap:]
    split = inner.reshape(len(rows), channels, lines, height + gap, columns, width + gap)
    tiles = split[:, :, :, :height, :, :width].transpose(0, 2, 4, 1, 3, 5)
    return tiles.reshape(-1, *shape)
