"""Patches of the photographs that scikit-learn and scikit-image ship."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.data.sets import scikit_image
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.sources.options import TEXT, TRUTH, WHOLE, Option
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.sources.table import SourceKind, register

_HEIGHT, _WIDTH = 427, 640
_PACKAGES = ("scikit-learn", "scikit-image")
# Added to the variance of a patch before it is divided by its root: 10 grey levels squared.
_FLOOR = 10.0 / 255.0**2
_BLOCK = 4

_OPTIONS = (
    Option("size", WHOLE, "side of a patch in pixels", 8, least=2, most=106, flag="--size"),
    Option(
        "pictures", TEXT, "package whose photographs are cut", _PACKAGES[0], choices=_PACKAGES,
        flag="--pictures",
    ),
    Option("contrast", TRUTH, "divide each patch by its contrast", False, flag="--contrast"),
    Option("stride", WHOLE, "step between patches; without it size/2", least=1, flag="--stride"),
    Option(
        "count", WHOLE, "patches taken at random places; without it all", least=1, flag="--count"
    ),
    Option("seed", WHOLE, "seed of that choice", 0, least=0, most=2**63 - 1),
)  # fmt: skip


def load(
    size: int, pictures: str, contrast: bool, stride: int | None, count: int | None, seed: int
) -> Source:
    """Grey patches of photographs, the mean of each patch removed.

    Each photograph is tiled into blocks of 4 · size pixels, and only patches inside one block are
    taken. A block is a group: patches of different groups share no pixel, whatever the stride.

    Parameters
    ----------
    size : int
        Side of a patch in pixels, 2 to 106.
    pictures : str
        Package whose photographs are cut: the two of scikit-learn, or nine of scikit-image.
    contrast : bool
        Divide each patch by its standard deviation, (variance + 10)^(1/2) in grey levels of 255.
    stride : int or None
        Step of the grid of patches within a block; None for size/2, so that a pixel is in up to
        four patches: 8 × 8 patches of scikit-learn are 25 480 in 520 groups.
    count : int or None
        Take so many at random places of the grid; None for all.
    seed : int
        Of that choice.

    Returns
    -------
    Source
        Images (1, size, size).

    Raises
    ------
    InputError
        If fewer patches exist than `count`, or scikit-image is wanted and not installed.
    """
    whence = "" if pictures == _PACKAGES[0] else f" of {pictures}"
    name = f"patches {size}x{size}{whence}" + (", contrast normalised" if contrast else "")
    step = stride or size // 2
    return data_source(name, lambda: _points(name, size, pictures, contrast, step, count, seed))


def _points(
    name: str,
    size: int,
    pictures: str,
    contrast: bool,
    step: int,
    count: int | None,
    seed: int,
) -> Points:
    """Cut patches, remove their means and, if wanted, their contrast."""
    shipped = list(photographs()) if pictures == _PACKAGES[0] else scikit_image.photographs()
    cut = [_cut(photograph, size, step) for photograph in shipped]
    rows = np.concatenate([found for found, _ in cut])
    blocks = np.cumsum([0, *(len(np.unique(group)) for _, group in cut)])
    groups = np.concatenate([group + start for (_, group), start in zip(cut, blocks, strict=False)])
    if count is not None:
        chosen = _choose(len(rows), count, seed)
        rows, groups = rows[chosen], groups[chosen]
    rows -= rows.mean(axis=1, keepdims=True)
    if contrast:
        rows /= np.sqrt(np.mean(rows**2, axis=1, keepdims=True) + _FLOOR)
    return Points(name, rows, (1, size, size), groups)


def photographs() -> FloatArray:
    """Grey values of scikit-learn's photographs of a temple in China and of a flower.

    Returns
    -------
    ndarray of float64, shape (2, 427, 640)
        In [0, 1].
    """
    from convergen.theory.data.reading import load_array

    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise InputError(
            "the photographs come with scikit-learn, which is missing: install scikit-learn."
        )
    folder = Path(spec.origin).parent / "datasets" / "images"
    grey = load_array(folder, grey=True)
    return grey.astype(np.float64).reshape(2, _HEIGHT, _WIDTH)


def _cut(photograph: FloatArray, side: int, step: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Patches on the grid of each block, as rows, and the number of the block of each."""
    block = _BLOCK * side
    views = np.lib.stride_tricks.sliding_window_view(photograph, (side, side))
    starts = np.arange(0, block - side + 1, step)
    height, width = photograph.shape
    tops = (np.arange(0, height - block + 1, block)[:, None] + starts).ravel()
    lefts = (np.arange(0, width - block + 1, block)[:, None] + starts).ravel()
    rows = views[tops[:, None], lefts].reshape(-1, side**2)
    number = (tops // block)[:, None] * (width // block) + lefts // block
    return rows, number.ravel().astype(np.int64)


def _choose(available: int, count: int, seed: int) -> NDArray[np.int64]:
    if count > available:
        raise OptionError(
            f"{count} patches were asked for, but the grid has {available}: lower ",
            OptionName("count"), " or ", OptionName("stride"), ".",
        )  # fmt: skip
    order = np.random.default_rng(seed).permutation(available)
    return np.sort(order[:count])


register(
    SourceKind(
        "patches", "patches of the photographs of scikit-learn or scikit-image", _OPTIONS, load
    )
)
