"""The empirical score: the denoiser that is optimal on its training set, and so memorises it.

D(x, σ) = Σ_i w_i y_i, w = softmax(−|x − y_i|²/2σ²), exact over all training points, streamed in
blocks. For many coordinates the work is two matrix products; for few it is one compiled loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.checks import FloatArray, InputError, as_count
from theory.denoiser import Array, ExactDenoiser
from theory.score_kernels import SQUARES, SUM, TOP, WEIGHTED, absorb_block, weigh_products
from theory.training_blocks import TrainingBlocks, as_blocks

# Up to here the compiled loop beats two matrix products.
SMALL_DIM = 32
_CANDIDATES = 8
# Tile of the product matrix: queries × training points, a few MiB.
_QUERIES, _COLUMNS = 512, 2048


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


@dataclass
class _Stream:
    """State of one pass for a batch of queries."""

    points: Array
    sigma: Array
    state: FloatArray
    values: FloatArray
    indices: NDArray[np.int64]
    mean: Array

    @classmethod
    def start(cls, points: Array, sigma: Array, kept: int) -> _Stream:
        batch = points.shape[0]
        state = np.zeros((batch, 4))
        state[:, TOP] = -np.inf
        values, indices = np.full((batch, kept), -np.inf), np.zeros((batch, kept), dtype=np.int64)
        return cls(
            np.ascontiguousarray(points), sigma, state, values, indices, np.zeros_like(points)
        )

    @property
    def window(self) -> float:
        """Log of the smallest weight that the precision can see."""
        return 20.0 if self.mean.dtype == np.float32 else 40.0

    @property
    def tolerance(self) -> float:
        """Allowed error of a logit."""
        return 4e-6 if self.mean.dtype == np.float32 else 2e-13

    def absorb(self, block: Array, first: int, negligible: float) -> None:
        """Fold in a block (dim, count) by differences."""
        half = (0.5 / self.sigma.astype(np.float64) ** 2).astype(self.mean.dtype)
        absorb_block(
            self.points, block, half, first, negligible,
            self.state, self.values, self.indices, self.mean,
        )  # fmt: skip

    def weigh(self, rows: Array, half_squares: Array, first: int, negligible: float) -> None:
        """Fold in a block (count, dim) by two matrix products, a tile of queries at a time."""
        inverse = (1.0 / self.sigma.astype(np.float64) ** 2).astype(self.mean.dtype)
        for start in range(0, self.points.shape[0], _QUERIES):
            part = slice(start, start + _QUERIES)
            products = self.points[part] @ rows.T
            factors = np.empty(products.shape[0])
            weigh_products(
                products, half_squares, inverse[part], first, negligible,
                self.state[part], self.values[part], self.indices[part], factors,
            )  # fmt: skip
            active = factors >= 0.0
            if active.all():
                mean = self.mean[part]
                mean *= factors[:, None].astype(mean.dtype)
                mean += products @ rows
            elif active.any():
                which = start + np.flatnonzero(active)
                scale = factors[active, None].astype(self.mean.dtype)
                self.mean[which] = self.mean[which] * scale + products[active] @ rows

    def collapse(self, rows: NDArray[np.bool_], nearest: Array) -> None:
        """Give all weight to the nearest point."""
        self.mean[rows] = nearest
        self.state[rows, SUM] = self.state[rows, SQUARES] = 1.0
        self.state[rows, WEIGHTED] = 0.0

    def reweigh(self, rows: NDArray[np.bool_], candidates: Array) -> None:
        """Weigh candidates (batch, k, dim) by the differences of their logits to the best one.

        −|x − y|² + |x − y₁|² = (y − y₁)·(2x − y − y₁), summed in float64.
        """
        y = candidates.astype(np.float64)
        x, sigma = self.points[rows].astype(np.float64), self.sigma[rows].astype(np.float64)
        best = y[:, :1]
        logits = np.einsum("ijk,ijk->ij", y - best, (x[:, None] - y) + (x[:, None] - best))
        logits *= 0.5 / sigma[:, None] ** 2
        logits -= logits.max(axis=1, keepdims=True)
        order = np.argsort(-logits, axis=1, kind="stable")
        self.indices[rows] = np.take_along_axis(self.indices[rows], order, axis=1)
        weights = np.exp(logits)
        self.state[rows, SUM] = weights.sum(axis=1)
        self.state[rows, SQUARES] = (weights**2).sum(axis=1)
        self.state[rows, WEIGHTED] = (weights * np.maximum(logits, -1e30)).sum(axis=1)
        self.mean[rows] = np.einsum("ij,ijk->ik", weights, y) / weights.sum(axis=1)[:, None]

    def replace(self, rows: NDArray[np.bool_], other: _Stream) -> None:
        """Take over the results of a better pass."""
        self.state[rows], self.values[rows] = other.state, other.values
        self.indices[rows], self.mean[rows] = other.indices, other.mean


class EmpiricalScore(ExactDenoiser):
    """Denoiser of the empirical measure of a training set.

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
    """

    def __init__(self, data: Any, *, block_rows: int | None = None) -> None:
        rows = None if block_rows is None else as_count(block_rows, "block_rows")
        self._blocks: TrainingBlocks = as_blocks(data, rows)
        self.shape = tuple(self._blocks.shape)
        norms, bad = [], 0
        for block in self._blocks:
            square = np.einsum("ij,ij->i", block, block, dtype=np.float64)
            bad += int(np.count_nonzero(~np.isfinite(square)))
            norms.append(square)
        if bad:
            raise InputError(
                f"{bad} training point(s) hold NaN, infinite or huge values: remove or scale them."
            )
        self._squares = np.concatenate(norms)
        self.samples = self._squares.size
        self._largest = float(self._squares.max())

    def _denoise(self, x: Array, sigma: Array) -> Array:
        return self._posterior(x, sigma, 1).mean.astype(x.dtype, copy=False)

    def query(self, x: ArrayLike, sigma: ArrayLike, *, neighbours: int = 1) -> Posterior:
        """Denoise and report on the weights.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.
        neighbours : int
            How many nearest training points to report.

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
        stream = self._posterior(points, noise, count)
        total = stream.state[:, SUM]
        indices = np.ascontiguousarray(stream.indices[:, :count])
        rows = self._blocks.take(indices.ravel()).reshape(*indices.shape, -1)
        lengths = np.linalg.norm(rows, axis=2) * np.linalg.norm(points, axis=1)[:, None]
        inner = np.einsum("ijk,ik->ij", rows, points, dtype=np.float64)
        return Posterior(
            mean=stream.mean.astype(points.dtype, copy=False).reshape(-1, *self.shape),
            max_weight=1.0 / total,
            entropy=np.maximum(np.log(total) - stream.state[:, WEIGHTED] / total, 0.0),
            participation=total**2 / stream.state[:, SQUARES],
            neighbours=indices,
            cosines=np.where(lengths > 0.0, inner / np.where(lengths > 0.0, lengths, 1.0), 0.0),
            log_density=self._log_density(stream, rows[:, 0]),
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
        stream = self._posterior(points, noise, 1)
        return self._log_density(stream, self._blocks.take(stream.indices[:, 0]))

    def _log_density(self, stream: _Stream, nearest: Array) -> FloatArray:
        """The largest logit is computed anew from the difference to its training point."""
        sigma = stream.sigma.astype(np.float64)
        gap = (stream.points.astype(np.float64) - nearest) / sigma[:, None]
        top = -0.5 * np.einsum("ij,ij->i", gap, gap)
        volume = self.dim * np.log(np.sqrt(2.0 * np.pi) * sigma)
        return np.asarray(top + np.log(stream.state[:, SUM] / self.samples) - volume)

    def _posterior(self, x: Array, sigma: Array, neighbours: int) -> _Stream:
        """Weights and means, each row in the first precision that is enough for it."""
        kept = min(max(neighbours, _CANDIDATES), self.samples)
        reach = float(np.max(np.linalg.norm(x, axis=1) / sigma, initial=0.0))
        reach += np.sqrt(self._largest) / float(sigma.min(initial=1.0))
        single = x.dtype == np.float32 and self._blocks.dtype == np.float32 and reach < 1e17
        dtype = np.float32 if single else np.float64
        stream = _Stream.start(x.astype(dtype, copy=False), sigma.astype(dtype), kept)
        self._pass(stream, direct=self.dim <= SMALL_DIM)
        self._improve(stream)
        return stream

    def _pass(self, stream: _Stream, *, direct: bool) -> None:
        """One pass over the training points."""
        negligible = stream.window + np.log(self.samples)
        first = 0
        for block in self._blocks:
            rows = block.astype(stream.mean.dtype, copy=False)
            if direct:
                stream.absorb(np.ascontiguousarray(rows.T), first, negligible)
            else:
                for start in range(0, rows.shape[0], _COLUMNS):
                    part = rows[start : start + _COLUMNS]
                    half = 0.5 * self._squares[first + start : first + start + part.shape[0]]
                    stream.weigh(part, half.astype(rows.dtype), first + start, negligible)
            first += rows.shape[0]
        stream.mean /= stream.state[:, SUM, None]

    def _improve(self, stream: _Stream) -> None:
        """Repeat the rows whose logits are not accurate enough for their softmax.

        A row is good if rounding moves its logits by less than the tolerance, or if a single
        training point has all the weight. Otherwise its best candidates are weighed again by
        differences; if these may not be all that count, the row is done again: in float64, then
        by differences of every point.
        """
        double = stream.mean.dtype == np.float64
        direct = self.dim <= SMALL_DIM
        error = self._logit_error(stream, direct)
        window = stream.window + np.log(self.samples) + 2.0 * error
        rivals = (
            stream.values[:, 1] >= stream.values[:, 0] - window
            if stream.values.shape[1] > 1
            else np.zeros(error.size, dtype=np.bool_)
        )
        doubtful = (error > stream.tolerance) & rivals
        lone = ~rivals
        if lone.any():
            stream.collapse(lone, self._blocks.take(stream.indices[lone, 0]))
        few = doubtful & (
            (stream.values[:, -1] < stream.values[:, 0] - window)
            | (stream.values.shape[1] == self.samples)
        )
        if few.any():
            indices = stream.indices[few]
            rows = self._blocks.take(indices.ravel()).reshape(*indices.shape, -1)
            stream.reweigh(few, rows)
        rest = doubtful & ~few
        if rest.any() and not (double and direct):
            again = _Stream.start(
                stream.points[rest].astype(np.float64),
                stream.sigma[rest].astype(np.float64),
                stream.values.shape[1],
            )
            self._pass(again, direct=direct or double)
            if not double and not direct:
                self._improve(again)
            stream.replace(rest, again)

    def _logit_error(self, stream: _Stream, direct: bool) -> FloatArray:
        """Size of the rounding errors of the logits; sums of d terms err like sqrt(d) of them."""
        eps = float(np.finfo(stream.mean.dtype).eps)
        sigma = stream.sigma.astype(np.float64)
        if direct:
            return np.asarray(eps * np.abs(stream.values[:, 0]))
        length = np.linalg.norm(stream.points.astype(np.float64), axis=1)
        largest = np.sqrt(self._largest)
        spread = min(1.0, 4.0 / np.sqrt(self.dim)) if eps > 1e-10 else 1.0
        return np.asarray(eps * spread * largest * (length + 0.5 * largest) / sigma**2)
