"""The user's own array files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.sources.options import TEXT, WHOLES, Option
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.sources.table import SourceKind, register

_CHANNELS = (1, 2, 3, 4)
_OPTIONS = (
    Option("path", TEXT, "the file", required=True),
    Option(
        "key", TEXT, "name of the array in a .npz file that holds several", flag="--key",
        ending=".npz",
    ),
    Option(
        "shape", WHOLES, "shape of one point, d or channels,height,width", least=1,
        flag="--shape", drawing=True,
    ),
)  # fmt: skip


def load(path: str, key: str | None, shape: tuple[int, ...] | None) -> Source:
    """Points from a ``.npy`` or ``.npz`` file of numbers; never unpickled.

    Parameters
    ----------
    path : str
        The file: vectors (N, d), grey images (N, height, width), or images with 1 to 4 channels,
        first (N, channels, height, width) or last.
    key : str or None
        Name of the array in a ``.npz`` file that holds several.
    shape : tuple of int or None
        Shape of one point, to which rows are reshaped: (d,), or (channels, height, width).

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the file cannot be read or its shape is none of these.
    """
    from convergen.theory.data.array_files import read_array
    from convergen.theory.data.regular_files import printable

    file = Path(path)
    if file.is_dir():
        raise InputError(
            f"{printable(file)} is a folder: use the kind 'images' for a folder of images."
        )
    raw = read_array(file, key)
    rows, point = oriented(raw, printable(file), shape)
    name = printable(file.stem)
    points = Points(printable(file), rows, point)
    return data_source(
        name, lambda: points, label=printable(file.name), files=(file,), size=(len(rows), *point)
    )


def oriented(
    raw: NDArray[Any], name: str, shape: tuple[int, ...] | None = None
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Bring images to channels first.

    Parameters
    ----------
    raw : ndarray, shape (N, …)
        Points as stored.
    name : str
        What the message calls them.
    shape : tuple of int, optional
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
        if len(shape) not in (1, 3) or math.prod(shape) != math.prod(raw.shape[1:]):
            raise OptionError(
                OptionName("shape"), f" {list(shape)} does not fit {name}, whose points have shape "
                f"{raw.shape[1:]}: give d, or channels, height and width, of the same size.",
            )  # fmt: skip
        return raw, shape
    if raw.ndim == 2:
        return raw, raw.shape[1:]
    if raw.ndim == 3:
        return raw, (1, *raw.shape[1:])
    if raw.ndim == 4 and raw.shape[1] in _CHANNELS:
        return raw, raw.shape[1:]
    if raw.ndim == 4 and raw.shape[3] in _CHANNELS:
        turned = np.moveaxis(raw, 3, 1)
        return turned, turned.shape[1:]
    raise OptionError(
        f"{name} has shape {raw.shape}, which is that of neither vectors nor images of 1 to 4 "
        "channels: give the ", OptionName("shape"), " of one point.",
    )  # fmt: skip


register(
    SourceKind(
        "array", "the path of a .npy or .npz file of points", _OPTIONS, load,
        opens=lambda path: not path.is_dir(),
    )
)  # fmt: skip
