"""Red, green and blue in one order: images that other libraries wrote have blue first.

Real images and copies of them are nearer to the training set in its own order; a set most of whose
images are nearer with red and blue exchanged was stored the other way round.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import betainc

from convergen.empirical.diagnose.distances.neighbours import Near, Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import as_float_rows, spread_rows
from convergen.theory.sources.points import Points

# Images of a set, and of the training set, that are looked at.
_ASKED, _LOOKED = 256, 4096
# Chance that images of either order show as many, and the share that must be nearer exchanged.
_SURE, _MOST = 1e-3, 0.7


def one_colour_order(training: Points, others: list[Points]) -> tuple[list[Points], list[str]]:
    """Bring colour images to the order of channels that the training set has.

    Parameters
    ----------
    training : Points
        Stays as it is.
    others : list of Points
        Samples and reference, of the same shape and units.

    Returns
    -------
    sets : list of Points
        The others.
    notes : list of str
        What was done, as sentences.
    """
    if len(training.shape) != 3 or training.shape[0] != 3:
        return others, []
    some = _rows(training, _LOOKED)
    found, notes = [], []
    for each in others:
        if _exchanged(each, some):
            rows = np.asarray(each.rows).reshape(-1, *training.shape)[:, ::-1]
            each = replace(each, rows=rows)
            notes.append(
                f"Red and blue of {each.name} were exchanged: most of its images are nearer to "
                "training images so (--units as-given keeps them)."
            )
        found.append(each)
    return found, notes


def _rows(points: Points, count: int) -> FloatArray:
    rows = points.rows[spread_rows(len(points), count)]
    return as_float_rows(rows, points.dim).reshape(-1, *points.shape)


def _exchanged(points: Points, training: FloatArray) -> bool:
    """Whether most images are nearer to real ones with red and blue exchanged."""
    space = Space(Orbit.of(points.shape), np.zeros(points.dim))

    def near(images: FloatArray) -> Near:
        return nearest(space.still(images), training, space, words="order of colours")

    rows = _rows(points, _ASKED)
    as_given, turned = near(rows), near(rows[:, ::-1])
    nearer = turned.distances[:, 0] < as_given.distances[:, 0]
    # Images of one training image vote together: a model may repeat itself.
    _, place, sizes = np.unique(turned.indices[:, 0], return_inverse=True, return_counts=True)
    votes, voters = int(np.sum(np.bincount(place, nearer) > 0.5 * sizes)), len(sizes)
    by_chance = betainc(votes, voters - votes + 1, 0.5)
    return bool(votes > _MOST * voters and by_chance < _SURE)
