"""The empirical score: the denoiser that is optimal on its training set, and so memorises it.

D(x, σ) = Σ_i w_i y_i, w = softmax(−|x − y_i|²/2σ²), exact over all training points, streamed in
blocks. For many coordinates the work is two matrix products; for few it is one compiled loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.denoisers.protocol import Array, ExactDenoiser
from convergen.theory.empirical_score.passes import Pass
from convergen.theory.empirical_score.records import Sums
from convergen.theory.empirical_score.row_blocks import as_blocks
from convergen.theory.empirical_score.training_set import TrainingSet, squared_lengths

# Bytes of training points that are gathered at a time.
_GATHER_BYTES = 2**25
# Beyond these, squares are out of the range of the precision.
_RANGE = {np.dtype(np.float32): 1e15, np.dtype(np.float64): 1e140}


@dataclass(frozen=True)
class Posterior:
    """The posterior over training points of each query.

    Attributes
    ----------
    mean : ndarray, shape (batch, *shape)
        Denoised points.
    max_weight : ndarray, shape (batch,)
        Largest weight; 1 means collapse onto one training point.
    entropy : ndarray, shape (batch,)
        −Σ w log w in nats; its exponential is an effective number of points.
    participation : ndarray, shape (batch,)
        1/Σ w², another one.
    neighbours : ndarray of int, shape (batch, k)
        The k nearest training points, nearest first.
    cosines : ndarray, shape (batch, k)
        Cosines of the query with them; 0 where one of the two is the origin.
    log_density : ndarray, shape (batch,)
        Log density of the smoothed training set at the query.
    """

    mean: Array
    max_weight: FloatArray
    entropy: FloatArray
    participation: FloatArray
    neighbours: NDArray[np.int64]
    cosines: FloatArray
    log_density: FloatArray

    __repr__ = brief


class EmpiricalScore(ExactDenoiser):
    """Denoiser of the empirical measure of a training set.

    D(x, σ) = Σ_i w_i x_i with weights w_i ∝ exp(−‖x − x_i‖²/2σ²) that sum to 1.

    Parameters
    ----------
    data : array_like or memmap, shape (n, *shape), or iterable of such blocks
        Training points. A memory map is read block by block; an iterable must be able to start
        afresh, since each call passes over it.
    block_rows : int, optional
        Rows of a block, for arrays; results do not depend on it beyond rounding.

    Attributes
    ----------
    shape : tuple of int
        Shape of one point.
    samples : int
        Number n of training points.

    Raises
    ------
    InputError
        If the data are empty, not real or not finite.

    Notes
    -----
    Relative errors of the mean are below 1e-12 in double and 1e-5 in single precision, for hard
    data too. One object may serve several Python threads; calls at the same time may then differ
    in the last bits unless BLAS is held to one thread, see docs/empirical_score.md.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> score = theory.EmpiricalScore(np.array([[0.0, 0.0], [4.0, 0.0]]))
    >>> score(np.array([[1.0, 0.0]]), 0.1)  # at small noise the nearest training point
    array([[0., 0.]])
    >>> score.query(np.array([[1.0, 0.0]]), 10.0).max_weight.round(3)
    array([0.51])
    """

    def __init__(self, data: Any, *, block_rows: int | None = None) -> None:
        rows = None if block_rows is None else as_count(block_rows, "block_rows")
        blocks = as_blocks(data, rows)
        self.shape = tuple(blocks.shape)
        self._training = TrainingSet.measured(blocks)
        self.samples = self._training.samples

    def __repr__(self) -> str:
        return f"EmpiricalScore({self.samples} training points of shape {self.shape})"

    def _denoise(self, x: Array, sigma: Array) -> Array:
        return self._mean(self._posterior(x, sigma, 0), x)

    def query(self, x: ArrayLike, sigma: ArrayLike, *, neighbours: int = 1) -> Posterior:
        """Denoise and report on the weights.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.
        neighbours : int
            How many nearest training points to report; among equals the earlier ones.

        Returns
        -------
        Posterior
        """
        count = as_count(neighbours, "neighbours")
        if count > self.samples:
            raise InputError(
                f"{count} neighbours were asked for, but there are {self.samples} training points."
            )
        points, noise = self._checked(x, sigma)
        sums = self._posterior(points, noise, count)
        query, total = sums.query, sums.query["total"]
        return Posterior(
            mean=self._mean(sums, points).reshape(-1, *self.shape),
            max_weight=1.0 / total,
            entropy=np.maximum(np.log(total) - query["weighted"] / total, 0.0),
            participation=total**2 / query["squares"],
            neighbours=sums.indices,
            cosines=self._cosines(points, sums.indices),
            log_density=self._log_density(sums, points, noise),
        )

    def log_density(self, x: ArrayLike, sigma: ArrayLike) -> FloatArray:
        """Log density of the training set smoothed by σ.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        ndarray, shape (batch,)
        """
        points, noise = self._checked(x, sigma)
        return self._log_density(self._posterior(points, noise, 0), points, noise)

    def _mean(self, sums: Sums, x: Array) -> Array:
        mean = sums.mean
        mean /= sums.query["total"][:, None].astype(mean.dtype)
        return mean.astype(x.dtype, copy=False)

    def _cosines(self, x: Array, indices: NDArray[np.int64]) -> FloatArray:
        """Cosines of the queries with training points, a few queries at a time."""
        cosines = np.empty(indices.shape)
        step = max(_GATHER_BYTES // (8 * self.dim * indices.shape[1]), 1)
        for start in range(0, x.shape[0], step):
            part = slice(start, start + step)
            rows = self._training.blocks.take(indices[part].ravel()).astype(np.float64, copy=False)
            rows = rows.reshape(*indices[part].shape, -1)
            points = x[part].astype(np.float64)
            lengths = np.linalg.norm(rows, axis=2) * np.linalg.norm(points, axis=1)[:, None]
            inner = np.einsum("ijk,ik->ij", rows, points)
            cosines[part] = np.where(lengths > 0.0, inner / np.where(lengths > 0.0, lengths, 1), 0)
        return np.clip(cosines, -1.0, 1.0)

    def _log_density(self, sums: Sums, x: Array, sigma: Array) -> FloatArray:
        """The largest logit is computed anew from the difference to its training point."""
        noise = sigma.astype(np.float64)
        gap = np.subtract(x, sums.reference, dtype=np.float64) / noise[:, None]
        top = -0.5 * np.einsum("ij,ij->i", gap, gap)
        volume = self.dim * np.log(np.sqrt(2.0 * np.pi) * noise)
        return np.asarray(top + np.log(sums.query["total"] / self.samples) - volume)

    def _posterior(self, x: Array, sigma: Array, neighbours: int) -> Sums:
        """Sums over all training points, each row in the first precision that is enough for it."""
        training = self._training
        single = x.dtype == np.float32 and training.blocks.dtype == np.float32
        single = single and self._fits(x, sigma, np.dtype(np.float32))
        if not single and not self._fits(x, sigma, np.dtype(np.float64)):
            raise InputError(
                "x, sigma and the training points differ by too many orders of magnitude for "
                "float64: scale them."
            )
        first = Pass.prepared(training, x, sigma, neighbours, single=single, coarse=single)
        first.run(training)
        if single and not training.direct:
            coarse = first.too_coarse(training)
            if coarse.any():
                again = Pass.prepared(
                    training, x[coarse], sigma[coarse], neighbours, single=True, coarse=False
                )
                again.run(training)
                first.replace(coarse, again)
        return first.sums

    def _fits(self, x: Array, sigma: Array, dtype: np.dtype[Any]) -> bool:
        """Whether all squares stay within the range of the precision."""
        size = self._training.length + float(np.sqrt(squared_lengths(x).max(initial=0.0)))
        low, high = float(sigma.min(initial=1.0)), float(sigma.max(initial=1.0))
        limit = _RANGE[dtype]
        return 1.0 / limit < low and high < limit and size < limit and size / low < limit
