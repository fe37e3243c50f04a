"""A pilot sample reduced to what its resolvent needs: eigenvalues and left singular vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import spread_rows
from convergen.theory.spectra.principal_components import PrincipalComponents

# Rows that are kept where there are more points, at least, and their elements: means are then good
# to 1/√4096, and to less in few dimensions.
_LEAST_ROWS, _ELEMENTS = 4096, 2**21
# Up to so many points are all left out one by one; of more, at most so many.
_ALL_LEFT_OUT, _MOST_LEFT_OUT = 512, 384


@dataclass(frozen=True, eq=False)
class PilotSample:
    """What N points show of their covariance.

    Attributes
    ----------
    eigenvalues : ndarray, shape (r,)
        Positive eigenvalues of Σ̂ = X̃ᵀX̃/f, descending; units of data squared.
    left : ndarray, shape (m, r)
        Left singular vectors, one row for each of m ≤ N points.
    freedom : int
        f: N, or N − 1 where the mean was subtracted.
    points : int
        N.
    dim : int
        d.
    """

    eigenvalues: FloatArray
    left: FloatArray
    freedom: int
    points: int
    dim: int

    @property
    def trace(self) -> float:
        """Unbiased estimate of Tr Σ."""
        return float(self.eigenvalues.sum())

    @property
    def influential(self) -> FloatArray:
        """Rows of `left` whose influence on an estimate is followed: all of 512, else 384."""
        return self.influential_of(self.left)

    def influential_of(self, rows: FloatArray) -> FloatArray:
        """Those of the rows of `left`, or of what was computed for each of them."""
        count = len(self.left)
        return rows if count <= _ALL_LEFT_OUT else rows[:: -(-count // _MOST_LEFT_OUT)]

    @classmethod
    def of(
        cls, data: ArrayLike | np.memmap[Any, Any], components: PrincipalComponents, centred: bool
    ) -> PilotSample:
        """Take left singular vectors from data whose principal components are known.

        Parameters
        ----------
        data : array_like, shape (N, …)
            The points.
        components : PrincipalComponents
            Theirs.
        centred : bool
            Whether their mean was subtracted.

        Returns
        -------
        PilotSample
        """
        count = components.samples
        freedom = count - 1 if centred else count
        values = components.eigenvalues[: components.eigenvectors.shape[1]]
        left = components.left
        if left is None or len(left) > _LEAST_ROWS:
            rows = spread_rows(count, max(_LEAST_ROWS, _ELEMENTS // len(values)))
            array = np.asarray(data)
            part = np.asarray(array[rows], np.float64).reshape(len(rows), -1) - components.mean
            left = part @ components.eigenvectors / np.sqrt(count * values)
        return cls(values * (count / freedom), left, freedom, count, len(components.eigenvalues))
