"""Images that show next to nothing, such as black frames: they are no copies of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import as_float_rows, row_blocks
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points

# Contrast, over the median of the training set, below which an image is blank.
_BLANK = 0.02


def contrasts(points: Points) -> FloatArray:
    """How much the pixels of each image vary about the mean of their channel.

    Parameters
    ----------
    points : Points
        Images, or vectors.

    Returns
    -------
    ndarray, shape (N,)
        Root mean squares; infinite for vectors, which are never blank.
    """
    if len(points.shape) != 3 or min(points.shape[1:]) <= 3:
        return np.full(len(points), np.inf)
    parts = []
    with phase("blank images", len(points), "image") as done:
        for block in row_blocks(points.rows):
            rows = as_float_rows(block, points.dim).reshape(len(block), points.shape[0], -1)
            parts.append(np.sqrt(rows.var(axis=2).mean(axis=1)))
            done(len(block))
    return np.concatenate(parts)


def faintest(found: FloatArray) -> float:
    """Contrast of the training set below which an image is blank.

    Parameters
    ----------
    found : ndarray, shape (n,)
        Of its images.

    Returns
    -------
    float
        0 for vectors.
    """
    middle = float(np.median(found))
    return _BLANK * middle if np.isfinite(middle) else 0.0


def blank_words(points: Points, blank: NDArray[np.bool_]) -> list[str]:
    """What is said of blank images of a set.

    Parameters
    ----------
    points : Points
        The set.
    blank : ndarray of bool, shape (N,)
        Which of its images are.

    Returns
    -------
    list of str
        Empty if none is.
    """
    count = int(np.count_nonzero(blank))
    if count == 0:
        return []
    verb = "is" if count == 1 else "are"
    return [
        f"{count} of {len(points)} images of {points.name} {verb} blank (one colour, or nearly): "
        "blank images are no copies of each other."
    ]
