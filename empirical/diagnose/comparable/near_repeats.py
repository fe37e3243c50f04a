"""Near-duplicates within the training set, and training points that return in the reference.

Saved again, one grey level brighter or mirrored, an image is the same image: |cosine| of at least
0.999, the limit of splits and pilots. Images are compared about their own mean in each channel,
which is most of what photographs share, and then about the mean of all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import as_float_rows, row_blocks, spread_rows
from convergen.theory.data.near_duplicates import DUPLICATE_LIMIT, near_duplicates
from convergen.theory.sources.points import Points

# Share of independent points that may come as close to another one by chance, and points that are
# looked at for their dimension.
_BY_CHANCE, _LOOKED = 0.01, 1000


class _Centred:
    """Rows of several sets below each other, about their mean, each turned to one of its mirrors.

    Nothing is copied but the rows that are asked for.
    """

    def __init__(self, sets: Sequence[Points], mirrored: bool) -> None:
        first, *_ = sets
        self._sets, self._mirrored, self._form = sets, mirrored, first.shape
        self._starts = np.cumsum([0, *map(len, sets)])
        self.shape = (int(self._starts[-1]), first.dim)
        self._mean: FloatArray | float = 0.0
        total = np.zeros(first.dim)
        for block in row_blocks(self):  # type: ignore[arg-type]
            total += block.sum(axis=0)
        self._mean = total / len(self)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> FloatArray:
        wanted = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows)
        found = np.empty((len(wanted), self.shape[1]))
        for start, points in zip(self._starts[:-1], self._sets, strict=True):
            here = (wanted >= start) & (wanted < start + len(points))
            if here.any():
                found[here] = as_float_rows(points.rows[wanted[here] - start], points.dim)
        if len(self._form) == 3:
            found = self._level(found)
        return (self._one_side(found) if self._mirrored else found) - self._mean

    def _level(self, rows: FloatArray) -> FloatArray:
        """Images about their own mean in each channel."""
        channels = rows.reshape(len(rows), self._form[0], -1)
        return (channels - channels.mean(axis=2, keepdims=True)).reshape(rows.shape)

    def _one_side(self, rows: FloatArray) -> FloatArray:
        """The mirror of each image that is brighter on the right."""
        images = rows.reshape(len(rows), -1, self._form[-1])
        columns = images.mean(axis=1)
        heavy = columns @ np.arange(columns.shape[1])  # they add up to zero
        return np.where((heavy < 0.0)[:, None, None], images[..., ::-1], images).reshape(rows.shape)


def near_groups(sets: Sequence[Points], orbit: Orbit) -> NDArray[np.int64]:
    """Number the groups of near-duplicates in several sets.

    Parameters
    ----------
    sets : sequence of Points
        Of one shape.
    orbit : Orbit
        Whether mirrored images are the same image.

    Returns
    -------
    ndarray of int64, shape (N,)
        Group of each point, the sets one after the other; all are alone in so few effective
        dimensions that chance makes such pairs.

    Notes
    -----
    Each image is turned to the mirror that is brighter on the right, so that mirrored copies meet
    without doubling the pairs; those of nearly even brightness may be missed.
    """
    rows = _Centred(sets, "mirror" in orbit.names)
    # |cosine| of independent directions in D dimensions.
    half = 0.5 * max(_effective_dimension(rows) - 1.0, 0.1)
    if len(rows) * betainc(half, 0.5, 1.0 - DUPLICATE_LIMIT**2) > _BY_CHANCE:
        return np.arange(len(rows))
    return near_duplicates(rows, DUPLICATE_LIMIT)  # type: ignore[arg-type]


def _effective_dimension(rows: _Centred) -> float:
    """(tr C)²/tr C² of some points."""
    some = rows[spread_rows(len(rows), _LOOKED)]
    gram = some @ some.T
    squares = float((gram**2).sum())
    return float(np.trace(gram)) ** 2 / squares if squares > 0.0 else math.inf
