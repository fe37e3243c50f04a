"""The empirical score: the denoiser that is optimal on its training set, and so memorises it.

D(x, σ) = Σ_i w_i y_i, w = softmax(−|x − y_i|²/2σ²), exact over all training points, streamed in
blocks. For many coordinates the work is two matrix products; for few it is one compiled loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import ArrayLike, NDArray

from theory.checks import FloatArray, InputError, as_count
from theory.denoiser import Array, ExactDenoiser
from theory.score_kernels import (
    DENSE,
    DOUBT,
    ERROR,
    GOOD,
    HALF,
    LARGEST,
    MODE,
    OFFSET,
    SEEN,
    SQUARES,
    SUM,
    TOP,
    USUAL,
    WEIGHTED,
    Limits,
    Sums,
    absorb_block,
    update_means,
    weigh_products,
)  # fmt: skip
from theory.threads import one_blas_thread
from theory.training_blocks import TrainingBlocks, as_blocks

# Up to here the compiled loop beats two matrix products.
SMALL_DIM = 32
# Tile of the product matrix: at most so many queries, and so many entries.
_QUERIES, _ENTRIES = 512, 2**20
# Queries of a thread from which it goes its own way.
_SHARE = 64
# Bytes of the tile of the compiled loop, and of rows that are gathered at a time.
_TILE_BYTES, _GATHER_BYTES = 2**15, 2**25
# Estimated relative error of a mean beyond which it is computed again in float64. The estimate is
# a standard deviation: the largest of 10⁵ errors was 2.3 times as large.
_COARSE = 5e-6
# Beyond these, squares leave the range of the precision.
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


_Map = Callable[..., Iterable[None]]


@dataclass
class _Pass:
    """One pass over the training points for a batch of queries.

    The logits are computed in the precision of `points`, the means in that of `sums.mean`.
    """

    points: Array
    terms: FloatArray
    limits: Limits
    sums: Sums

    def absorb(self, rows: Array, first: int) -> None:
        """Fold in a block (count, dim) by differences."""
        batch, dim = self.points.shape
        rows = _read_only(rows.astype(self.points.dtype, copy=False))
        tile = _TILE_BYTES // (dim * rows.itemsize)
        tile = min(max(tile - tile % 64, 64), 1024)
        threads = get_num_threads()
        groups = min(batch, threads * -(-batch // (128 * threads)))
        absorb_block(self.points, rows, tile, groups, first, self.terms, self.limits, self.sums)

    def weigh(self, rows: Array, half_squares: FloatArray, first: int) -> None:
        """Fold in a block (count, dim) by two matrix products, a tile at a time."""
        batch = self.points.shape[0]
        queries = min(batch, _QUERIES)
        columns = min(max(_ENTRIES // queries, 1024), rows.shape[0])
        buffer = np.empty(queries * columns, dtype=self.points.dtype)
        added = np.empty((queries, self.points.shape[1]), dtype=self.sums.mean.dtype)
        active, factors = np.empty(queries, dtype=np.int64), np.empty(queries)
        for start in range(0, rows.shape[0], columns):
            tile = slice(start, start + columns)
            exact = _read_only(rows[tile].astype(self.points.dtype, copy=False))
            halves = half_squares[tile].astype(exact.dtype)
            values = rows[tile].astype(added.dtype, copy=False)
            for begin in range(0, batch, queries):
                part = self.part(begin, begin + queries)
                products = buffer[: len(part.points) * len(exact)].reshape(len(part.points), -1)
                np.matmul(part.points, exact.T, out=products)
                count = weigh_products(
                    products, part.points, exact, halves, first + start, part.terms, part.limits,
                    part.sums, active, factors,
                )  # fmt: skip
                if count > 0:
                    weights = products[:count].astype(added.dtype, copy=False)
                    np.matmul(weights, values, out=added[:count])
                    update_means(part.sums.mean, active[:count], factors[:count], added)

    def part(self, start: int, stop: int) -> _Pass:
        """The same pass for some of the queries."""
        own = slice(start, stop)
        sums = Sums(*(array[own] for array in self.sums))
        return _Pass(self.points[own], self.terms[own], self.limits, sums)

    def replace(self, which: NDArray[np.bool_], other: _Pass) -> None:
        """Take over the results of a better pass."""
        for own, better in zip(self.sums, other.sums, strict=True):
            own[which] = better


def _read_only(rows: Array) -> Array:
    """Rows in the one layout that the kernels are compiled for."""
    view = np.ascontiguousarray(rows).view()
    view.flags.writeable = False
    return view


def _squares(points: Array) -> FloatArray:
    """|x|² in float64; infinite where it is too large."""
    with np.errstate(over="ignore"):
        return np.asarray(np.einsum("ij,ij->i", points, points, dtype=np.float64))


def _inner(points: Array, direction: FloatArray) -> FloatArray:
    """Inner products in float64; infinite where they are too large."""
    with np.errstate(over="ignore"):
        return np.asarray(np.einsum("ij,j->i", points, direction, dtype=np.float64))


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
        norms: list[FloatArray] = []
        bad, origin, radius = 0, None, 0.0
        for block in self._blocks:
            square = _squares(block)
            norms.append(square)
            bad += int(np.count_nonzero(~np.isfinite(square)))
            if bad or not square.size:
                continue
            if origin is None:
                origin = block.mean(axis=0, dtype=np.float64)
                offset = float(_squares(origin[None])[0])
            apart = square - 2.0 * _inner(block, origin) + offset
            radius = max(radius, float(apart.max()))
        if bad:
            raise InputError(
                f"{bad} training point(s) hold NaN, infinite or huge values: remove or scale them."
            )
        self._squares = np.concatenate(norms)
        self.samples = self._squares.size
        if origin is None:
            raise InputError("the blocks hold no points: give at least one.")
        self._largest = float(self._squares.max())
        # A ball that holds the data, about some point amid them.
        self._origin, self._radius = origin, float(np.sqrt(radius))
        # Equal points have equal lengths: an upper bound of how often one occurs.
        self._copies = int(np.unique(self._squares, return_counts=True)[1].max())

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
        total = sums.state[:, SUM]
        return Posterior(
            mean=self._mean(sums, points).reshape(-1, *self.shape),
            max_weight=1.0 / total,
            entropy=np.maximum(np.log(total) - sums.state[:, WEIGHTED] / total, 0.0),
            participation=total**2 / sums.state[:, SQUARES],
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
        mean /= sums.state[:, SUM, None].astype(mean.dtype)
        return mean.astype(x.dtype, copy=False)

    def _cosines(self, x: Array, indices: NDArray[np.int64]) -> FloatArray:
        """Cosines of the queries with training points, a few queries at a time."""
        cosines = np.empty(indices.shape)
        step = max(_GATHER_BYTES // (8 * self.dim * indices.shape[1]), 1)
        for start in range(0, x.shape[0], step):
            part = slice(start, start + step)
            rows = self._blocks.take(indices[part].ravel()).astype(np.float64, copy=False)
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
        return np.asarray(top + np.log(sums.state[:, SUM] / self.samples) - volume)

    def _posterior(self, x: Array, sigma: Array, neighbours: int) -> Sums:
        """Sums over all training points, each row in the first precision that is enough for it."""
        single = x.dtype == np.float32 and self._blocks.dtype == np.float32
        single = single and self._fits(x, sigma, np.dtype(np.float32))
        if not single and not self._fits(x, sigma, np.dtype(np.float64)):
            raise InputError(
                "x, sigma and the training points differ by too many orders of magnitude for "
                "float64: scale them."
            )
        kind = np.float32 if single else np.float64
        first = self._start(x, sigma, neighbours, single, kind)
        self._run(first)
        if not single or self.dim <= SMALL_DIM:
            return first.sums
        dense = first.sums.marks[:, MODE] == DENSE
        coarse = ~dense
        coarse[coarse] = self._too_coarse(Sums(*(array[~dense] for array in first.sums)))
        if coarse.any():
            # Few as a rule: cheaper than the training points in float64.
            patient = self._start(
                x[coarse], sigma[coarse], neighbours, single, np.float32, patience=8.0
            )
            self._run(patient)
            first.replace(coarse, patient)
            dense[coarse] = self._too_coarse(patient.sums)
        if dense.any():
            again = self._start(x[dense], sigma[dense], neighbours, single, np.float64)
            self._run(again)
            first.replace(dense, again)
        return first.sums

    def _too_coarse(self, sums: Sums) -> NDArray[np.bool_]:
        """Whether errors of the logits may move the mean by more than float32 should.

        Errors δ of the logits, independent but for copies of a point, move it by |Σ w δ (y − D)|;
        for the largest weight the factor y − D is itself of order 1 − w. Logits that are mended
        leave an error that all others share.
        """
        total, squares, error = (sums.state[:, column] for column in (SUM, SQUARES, ERROR))
        seen, largest = sums.marks[:, SEEN], 1.0 / total
        own = np.where(sums.marks[:, MODE] == GOOD, error, 0.0)
        shared = np.where(seen < 0, 0.0, error / np.sqrt(np.maximum(seen, 0) + 1.0))
        # All weights but the two largest, of which the second is at least Σp²/Σp without the first.
        rest = total - 1.0
        second = np.maximum(squares - 1.0, 0.0) / np.maximum(rest, 1e-300)
        crowd = np.maximum(rest - second, 0.0) / total
        others = self._copies * np.maximum(sums.state[:, DOUBT] - own**2, 0.0) / total**2
        apart = self._radius**2 + _squares(sums.mean / total[:, None] - self._origin)
        moved = (own * largest * (1.0 - largest)) ** 2 + others
        moved += (shared * crowd * (1.0 - crowd)) ** 2
        return np.asarray(moved * apart > _COARSE**2 * _squares(sums.mean) / total**2)

    def _fits(self, x: Array, sigma: Array, dtype: np.dtype[Any]) -> bool:
        """Whether all squares stay within the range of the precision."""
        size = float(np.sqrt(self._largest) + np.sqrt(_squares(x).max(initial=0.0)))
        low, high = float(sigma.min(initial=1.0)), float(sigma.max(initial=1.0))
        limit = _RANGE[dtype]
        return 1.0 / limit < low and high < limit and size < limit and size / low < limit

    def _start(
        self, x: Array, sigma: Array, neighbours: int, single: bool,
        dtype: type[np.floating[Any]], patience: float = 1.0,
    ) -> _Pass:  # fmt: skip
        """Prepare a pass with logits of the given precision, accurate enough for float32 or not.

        With patience, logits are computed again for smaller errors, as many as it takes.
        """
        batch, direct = x.shape[0], self.dim <= SMALL_DIM
        eps = float(np.finfo(dtype).eps)
        half = 0.5 / sigma.astype(np.float64) ** 2
        terms = np.zeros((batch, 4))
        terms[:, HALF] = half
        slope = 0.5
        if not direct:
            # Errors of inner products as measured: BLAS sums up to 384 terms one after the other,
            # and then such partial sums. The first is for terms of random, the second of one sign.
            chunks = -(-self.dim // 384)
            random = 0.16 / np.sqrt(chunks)
            slope = 0.12 * np.hypot(np.sqrt(self.dim) / chunks, np.sqrt(chunks))
            length, largest = np.sqrt(_squares(x)), np.sqrt(self._largest)
            unit = 2.0 * eps * half * largest
            terms[:, USUAL] = unit * (random * length + 0.2 * largest)
            terms[:, LARGEST] = 8.0 * unit * ((random + slope) * length + 0.2 * largest)
            terms[:, OFFSET] = half * length**2
        limits = Limits(
            slope=float(slope * eps),
            tolerance=3e-6 / patience if single else 2e-13,
            doubtful=2.5e-5 if dtype == np.float32 else 0.0,
            size=float(np.log(self.samples)),
            # In single precision the sum of independent errors, in double the worst case.
            crowd=float(np.log(self.samples * (self._copies if single else self.samples)) / 2.0),
            copies=float(np.log(self._copies)) if single else np.inf,
            negligible=20.0 if single else 40.0,
            share=1.0 / 512.0 if dtype == np.float32 and patience == 1.0 else np.inf,
        )
        state = np.zeros((batch, 7))
        state[:, TOP] = -np.inf
        marks = np.zeros((batch, 3), dtype=np.int64)
        marks[:, SEEN] = -1
        sums = Sums(
            state=state,
            marks=marks,
            mean=np.zeros(x.shape, dtype=np.float32 if single and not direct else np.float64),
            reference=np.zeros(x.shape, dtype=dtype),
            values=np.full((batch, neighbours), -np.inf),
            indices=np.zeros((batch, neighbours), dtype=np.int64),
        )
        return _Pass(np.ascontiguousarray(x, dtype=dtype), terms, limits, sums)

    def _run(self, run: _Pass) -> None:
        """Pass over the training points, until no query is left for which it can be enough."""
        first, batch = 0, run.points.shape[0]
        if batch == 0:
            return
        threads = get_num_threads()
        if self.dim <= SMALL_DIM or batch < threads * _SHARE:
            threads = 1
        bounds = np.linspace(0, batch, threads + 1).astype(int)
        parts = [run.part(*pair) for pair in pairwise(bounds)]
        with ExitStack() as stack:
            # Each thread goes its own way through a block, as waiting for each other at every
            # tile costs more than it gains.
            share: _Map = map
            if threads > 1:
                stack.enter_context(one_blas_thread())
                share = stack.enter_context(ThreadPoolExecutor(threads)).map
            for block in self._blocks:
                stop = first + block.shape[0]
                if self.dim <= SMALL_DIM:
                    run.absorb(block, first)
                else:
                    halves = 0.5 * self._squares[first:stop]
                    weigh = partial(_Pass.weigh, rows=block, half_squares=halves, first=first)
                    list(share(weigh, parts))
                first = stop
                if (run.sums.marks[:, MODE] == DENSE).all():
                    break
