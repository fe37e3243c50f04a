"""Points in raw units, perhaps on disk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import as_float_rows, row_blocks
from convergen.theory.data.record import Record


@dataclass(frozen=True, eq=False)
class Points:
    """Points in raw units.

    Attributes
    ----------
    name : str
        What messages call them.
    rows : ndarray or memmap, shape (N, …)
        One point a row, images channels first; perhaps on disk.
    shape : tuple of int
        Shape of one point: (d,) or (channels, height, width).
    groups : ndarray of int64, shape (N,), or None
        Points of one group stay together: they share pixels, for instance.
    record : Record or None
        How they were stored and what was done to them; None for points that were drawn.
    """

    name: str
    rows: NDArray[Any]
    shape: tuple[int, ...]
    groups: NDArray[np.int64] | None = None
    record: Record | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dim(self) -> int:
        """Coordinates d of one point."""
        return math.prod(self.shape)

    def flat(self, rows: NDArray[np.int64] | slice = slice(None)) -> FloatArray:
        """Some points as float64.

        Parameters
        ----------
        rows : ndarray of int64 or slice
            Which ones; default all.

        Returns
        -------
        ndarray, shape (count, d)
        """
        return as_float_rows(self.rows[rows], self.dim)

    def sum(self) -> FloatArray:
        """Sum over all points, block by block.

        Returns
        -------
        ndarray, shape (d,)
        """
        total = np.zeros(self.dim)
        for block in row_blocks(self.rows):
            total += as_float_rows(block, self.dim).sum(axis=0)
        return total

    @cached_property
    def value_range(self) -> tuple[float, float]:
        """Least and largest value of all points, found in one pass when first asked for."""
        ends = [(block.min(), block.max()) for block in row_blocks(self.rows)]
        return float(min(low for low, _ in ends)), float(max(high for _, high in ends))
