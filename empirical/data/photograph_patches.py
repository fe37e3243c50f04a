"""Patches of the two photographs that scikit-learn ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_seed,
)

_HEIGHT, _WIDTH = 427, 640
# Added to the variance of a patch before it is divided by its root: 10 grey levels squared.
_FLOOR = 10.0 / 255.0**2
_BLOCK = 4


def patches(
    size: int = 8,
    contrast: bool = False,
    stride: int | None = None,
    count: int | None = None,
    seed: int = 0,
    center: str = "data",
) -> DataSet:
    """Grey patches of two photographs, the mean of each patch removed.

    Each photograph is tiled into blocks of 4 · size pixels, and only patches inside one block are
    taken. A block is a group: patches of different groups share no pixel, whatever the stride.

    Parameters
    ----------
    size : int
        Side of a patch in pixels, 2 to 106.
    contrast : bool
        Divide each patch by its standard deviation, (variance + 10)^(1/2) in grey levels of 255.
    stride : int, optional
        Step of the grid of patches within a block; default size/2, so that a pixel is in up to
        four patches: 8 × 8 patches are 25 480 in 520 groups.
    count : int, optional
        Take so many at random places of the grid; default all.
    seed : int
        Of that choice.
    center : {'data', 'none'}
        Whether the mean over all patches is subtracted too.

    Returns
    -------
    DataSet
        Images (1, size, size) of mean pixel variance 1.

    Raises
    ------
    InputError
        If an argument is out of range, or fewer patches exist than `count`.
    """
    side = as_count(size, "size", 2)
    if _BLOCK * side > _HEIGHT:
        raise InputError(
            f"patches of {side} pixels are too large for photographs of {_WIDTH} x {_HEIGHT}: use "
            f"a size of at most {_HEIGHT // _BLOCK}."
        )
    step = max(1, side // 2) if stride is None else as_count(stride, "stride")
    cut = [_cut(photograph, side, step) for photograph in photographs()]
    rows = np.concatenate([found for found, _ in cut])
    blocks = [len(np.unique(group)) for _, group in cut]
    groups = np.concatenate([cut[0][1], cut[1][1] + blocks[0]])
    if count is not None:
        chosen = _choose(len(rows), as_count(count, "count"), as_seed(seed))
        rows, groups = rows[chosen], groups[chosen]
    rows -= rows.mean(axis=1, keepdims=True)
    if contrast:
        rows /= np.sqrt(np.mean(rows**2, axis=1, keepdims=True) + _FLOOR)
    name = f"patches {side}x{side}" + (", contrast normalised" if contrast else "")
    return standardised(rows, (1, side, side), name=name, center=center, groups=groups)


def photographs() -> FloatArray:
    """Grey values of scikit-learn's photographs of a temple in China and of a flower.

    Returns
    -------
    ndarray of float64, shape (2, 427, 640)
        In [0, 1].
    """
    from convergen.theory.data.array_files import load_array

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
    tops = (np.arange(0, _HEIGHT - block + 1, block)[:, None] + starts).ravel()
    lefts = (np.arange(0, _WIDTH - block + 1, block)[:, None] + starts).ravel()
    rows = views[tops[:, None], lefts].reshape(-1, side**2)
    number = (tops // block)[:, None] * (_WIDTH // block) + lefts // block
    return rows, number.ravel().astype(np.int64)


def _choose(available: int, count: int, seed: int) -> NDArray[np.int64]:
    if count > available:
        raise InputError(
            f"{count} patches were asked for, but the grid has {available}: lower count or stride."
        )
    order = np.random.default_rng(seed).permutation(available)
    return np.sort(order[:count])
