"""The user's own array files as data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.point_cache import FOLDER, cache_key, cached_points
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError, as_count
from convergen.theory.common.row_blocks import row_blocks

_CHANNELS = (1, 2, 3, 4)
# Larger sets of points are kept on disk instead of in memory.
_IN_MEMORY = 2**29


def array(
    path: str,
    key: str | None = None,
    shape: Sequence[int] | None = None,
    center: str = "data",
    cache: str | None = None,
) -> DataSet:
    """Points from a ``.npy`` or ``.npz`` file of numbers; never unpickled.

    Parameters
    ----------
    path : str
        The file: vectors (N, d), grey images (N, height, width), or images with 1 to 4 channels,
        first (N, channels, height, width) or last.
    key : str, optional
        Name of the array in a ``.npz`` file that holds several.
    shape : sequence of int, optional
        Shape of one point, to which rows are reshaped: (d,), or (channels, height, width).
    center : {'data', 'none'}
        Whether the mean over all points is subtracted.
    cache : str, optional
        Folder for the standardised points of a file of more than 512 MB in single precision;
        default ``.convergen-cache`` beside the file.

    Returns
    -------
    DataSet

    Raises
    ------
    InputError
        If the file cannot be read, its shape is none of these, or a value is not finite.
    """
    from convergen.theory.data.array_files import load_array

    file = Path(path)
    if file.is_dir():
        raise InputError(f"{file} is a folder: use the kind 'images' for a folder of images.")
    raw = load_array(file, key=key)
    rows, point = oriented(raw, str(file), shape)
    if 4 * raw.size <= _IN_MEMORY:
        return standardised(rows, point, name=file.stem, center=center)
    folder = file.parent / FOLDER if cache is None else Path(cache)
    words = {"kind": "array", "key": key, "shape": list(point), "center": center}
    return cached_points(
        folder, cache_key([file], words), file.stem, (len(rows), *point), center,
        lambda: row_blocks(rows),
    )  # fmt: skip


def oriented(
    raw: NDArray[Any], name: str, shape: Sequence[int] | None = None
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Bring images to channels first.

    Parameters
    ----------
    raw : ndarray, shape (N, …)
        Points as stored.
    name : str
        What the message calls them.
    shape : sequence of int, optional
        Shape of one point, if it is not to be guessed.

    Returns
    -------
    rows : ndarray
        View of `raw`, one point a row.
    point : tuple of int
        Shape of one point: (d,) or (channels, height, width).

    Raises
    ------
    InputError
        If the shape is that of neither vectors nor images, or `shape` does not fit.
    """
    if raw.ndim < 2:
        raise InputError(
            f"{name} has shape {raw.shape}, but one point a row is needed: reshape it to (N, d)."
        )
    if shape is not None:
        point = tuple(as_count(side, "shape") for side in shape)
        if len(point) not in (1, 3) or math.prod(point) != math.prod(raw.shape[1:]):
            raise InputError(
                f"shape {list(point)} does not fit {name}, whose points have shape "
                f"{raw.shape[1:]}: give [d] or [channels, height, width] of the same size."
            )
        return raw, point
    if raw.ndim == 2:
        return raw, raw.shape[1:]
    if raw.ndim == 3:
        return raw, (1, *raw.shape[1:])
    if raw.ndim == 4 and raw.shape[1] in _CHANNELS:
        return raw, raw.shape[1:]
    if raw.ndim == 4 and raw.shape[3] in _CHANNELS:
        turned = np.moveaxis(raw, 3, 1)
        return turned, turned.shape[1:]
    raise InputError(
        f"{name} has shape {raw.shape}, which is that of neither vectors nor images of 1 to 4 "
        "channels: say the shape of one point."
    )
