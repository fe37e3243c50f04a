"""A training set in blocks, and what is known of it before a pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.empirical_score.records import Array
from convergen.theory.empirical_score.row_blocks import TrainingBlocks

# Up to here the compiled loop beats two matrix products.
_FEW = 32


@dataclass(frozen=True)
class TrainingSet:
    """Blocks of training points and what a pass over them has to know before it starts.

    Attributes
    ----------
    blocks : TrainingBlocks
        The points.
    squares : ndarray, shape (n,)
        |y|².
    origin : ndarray, shape (dim,)
        A point amid them.
    radius : float
        Largest distance of a point from the origin.
    length : float
        Length of the longest point.
    copies : int
        Upper bound of how often one point occurs.
    """

    blocks: TrainingBlocks
    squares: FloatArray
    origin: FloatArray
    radius: float
    length: float
    copies: int

    @classmethod
    def measured(cls, blocks: TrainingBlocks) -> TrainingSet:
        """Pass over the blocks once.

        Raises
        ------
        InputError
            If there are no points, or one is not finite.
        """
        norms: list[FloatArray] = []
        bad, origin, radius = 0, None, 0.0
        for block in blocks:
            square = squared_lengths(block)
            norms.append(square)
            bad += int(np.count_nonzero(~np.isfinite(square)))
            if bad or not square.size:
                continue
            if origin is None:
                origin = block.mean(axis=0, dtype=np.float64)
                offset = float(squared_lengths(origin[None])[0])
            apart = square - 2.0 * _inner(block, origin) + offset
            radius = max(radius, float(apart.max()))
        if bad:
            raise InputError(
                f"{bad} training point(s) hold NaN, infinite or huge values: remove or scale them."
            )
        if origin is None:
            raise InputError("the blocks hold no points: give at least one.")
        squares = np.concatenate(norms)
        # Equal points have equal lengths.
        copies = int(np.unique(squares, return_counts=True)[1].max())
        length = float(np.sqrt(squares.max()))
        return cls(blocks, squares, origin, float(np.sqrt(radius)), length, copies)

    @property
    def samples(self) -> int:
        """Number n of points."""
        return self.squares.size

    @property
    def direct(self) -> bool:
        """Whether the points have so few coordinates that logits are computed by differences."""
        return self.origin.size <= _FEW


def squared_lengths(points: Array) -> FloatArray:
    """|x|² in float64; infinite where it is too large.

    Parameters
    ----------
    points : ndarray, shape (batch, dim)
        Points.

    Returns
    -------
    ndarray, shape (batch,)
    """
    with np.errstate(over="ignore"):
        return np.asarray(np.einsum("ij,ij->i", points, points, dtype=np.float64))


def _inner(points: Array, direction: FloatArray) -> FloatArray:
    """Inner products in float64; infinite where they are too large."""
    with np.errstate(over="ignore"):
        return np.asarray(np.einsum("ij,j->i", points, direction, dtype=np.float64))
