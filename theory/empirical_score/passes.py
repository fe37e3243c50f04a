"""One pass of noisy queries over a training set: its precision, its threads, its rounding errors.

The empirical score decides which queries need which pass; the kernels do the arithmetic.
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
from numpy.typing import NDArray

from convergen.theory.common.blas_threads import one_blas_thread
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.empirical_score.kernels import (
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
    Limits,
    Sums,
    absorb_block,
    update_means,
    weigh_products,
)  # fmt: skip
from convergen.theory.empirical_score.row_blocks import TrainingBlocks

Array = NDArray[Any]

# Up to here the compiled loop beats two matrix products.
_SMALL_DIM = 32
# Tile of the product matrix: at most so many queries, and so many entries.
_QUERIES, _ENTRIES = 512, 2**20
# Queries of a thread from which it goes its own way.
_SHARE = 64
# Bytes of the tile of the compiled loop.
_TILE_BYTES = 2**15
# Estimated relative error of a mean in float32 beyond which it is computed again. The estimate is
# a standard deviation.
_COARSE = 5e-6
_Map = Callable[..., Iterable[None]]


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
        return self.origin.size <= _SMALL_DIM


@dataclass
class Pass:
    """Queries, and what a pass has found for them.

    The logits are computed in the precision of `points`, the means in that of `sums.mean`.

    Attributes
    ----------
    points : ndarray, shape (batch, dim)
        Queries.
    terms : ndarray, shape (batch, 4)
        Their columns HALF, USUAL, LARGEST, OFFSET of `convergen.theory.empirical_score.kernels`.
    limits : Limits
        Numbers common to all.
    sums : Sums
        The results.
    """

    points: Array
    terms: FloatArray
    limits: Limits
    sums: Sums

    @classmethod
    def prepared(
        cls, training: TrainingSet, x: Array, sigma: Array, neighbours: int, single: bool,
        dtype: type[np.floating[Any]], patience: float = 1.0,
    ) -> Pass:  # fmt: skip
        """Before the first block.

        Parameters
        ----------
        training : TrainingSet
            Training points to come.
        x : ndarray, shape (batch, dim)
            Queries.
        sigma : ndarray, shape (batch,)
            Noise standard deviations.
        neighbours : int
            How many nearest training points to find.
        single : bool
            Whether means are wanted in single precision.
        dtype : type
            Precision of the logits.
        patience : float
            Logits are computed again for errors that are smaller by this, as many as it takes.

        Returns
        -------
        Pass
        """
        batch, dim = x.shape
        eps = float(np.finfo(dtype).eps)
        half = 0.5 / sigma.astype(np.float64) ** 2
        terms = np.zeros((batch, 4))
        terms[:, HALF] = half
        slope = 0.5
        if not training.direct:
            # Errors of inner products as measured: BLAS sums up to 384 terms one after the other,
            # and then such partial sums. The first is for terms of random, the second of one sign.
            chunks = -(-dim // 384)
            random = 0.16 / np.sqrt(chunks)
            slope = 0.12 * np.hypot(np.sqrt(dim) / chunks, np.sqrt(chunks))
            length, largest = np.sqrt(squared_lengths(x)), training.length
            unit = 2.0 * eps * half * largest
            terms[:, USUAL] = unit * (random * length + 0.2 * largest)
            terms[:, LARGEST] = 8.0 * unit * ((random + slope) * length + 0.2 * largest)
            terms[:, OFFSET] = half * length**2
        n, copies = training.samples, training.copies
        limits = Limits(
            slope=float(slope * eps),
            tolerance=3e-6 / patience if single else 2e-13,
            doubtful=2.5e-5 if dtype == np.float32 else 0.0,
            size=float(np.log(n)),
            # In single precision the sum of independent errors, in double the worst case.
            crowd=float(np.log(n * (copies if single else n)) / 2.0),
            copies=float(np.log(copies)) if single else np.inf,
            negligible=20.0 if single else 40.0,
            share=1.0 / 512.0 if dtype == np.float32 and patience == 1.0 else np.inf,
        )
        state = np.zeros((batch, 7))
        state[:, TOP] = -np.inf
        marks = np.zeros((batch, 3), dtype=np.int64)
        marks[:, SEEN] = -1
        means = np.float32 if single and not training.direct else np.float64
        sums = Sums(
            state=state,
            marks=marks,
            mean=np.zeros(x.shape, dtype=means),
            reference=np.zeros(x.shape, dtype=dtype),
            values=np.full((batch, neighbours), -np.inf),
            indices=np.zeros((batch, neighbours), dtype=np.int64),
        )
        return cls(np.ascontiguousarray(x, dtype=dtype), terms, limits, sums)

    @property
    def dense(self) -> NDArray[np.bool_]:
        """Queries for which this precision is not enough, and that have no result."""
        return np.asarray(self.sums.marks[:, MODE] == DENSE)

    def run(self, training: TrainingSet) -> None:
        """Pass over the training points, until no query is left for which it can be enough.

        Parameters
        ----------
        training : TrainingSet
            The points that the pass was prepared for.
        """
        first, batch = 0, self.points.shape[0]
        if batch == 0:
            return
        threads = get_num_threads()
        if training.direct or batch < threads * _SHARE:
            threads = 1
        bounds = np.linspace(0, batch, threads + 1).astype(int)
        parts = [self._part(*pair) for pair in pairwise(bounds)]
        with ExitStack() as stack:
            # Each thread goes its own way through a block, as waiting for each other at every
            # tile costs more than it gains.
            share: _Map = map
            if threads > 1:
                stack.enter_context(one_blas_thread())
                share = stack.enter_context(ThreadPoolExecutor(threads)).map
            for block in training.blocks:
                stop = first + block.shape[0]
                if training.direct:
                    self._absorb(block, first)
                else:
                    halves = 0.5 * training.squares[first:stop]
                    weigh = partial(Pass._weigh, rows=block, half_squares=halves, first=first)
                    list(share(weigh, parts))
                first = stop
                if self.dense.all():
                    break

    def too_coarse(self, training: TrainingSet) -> NDArray[np.bool_]:
        """Whether errors of the logits may move the mean by more than float32 should.

        Errors δ of the logits, independent but for copies of a point, move it by |Σ w δ (y − D)|;
        for the largest weight the factor y − D is itself of order 1 − w. Logits that are mended
        leave an error that all others share. Queries without a result are too coarse.

        Parameters
        ----------
        training : TrainingSet
            The points that were passed over.

        Returns
        -------
        ndarray of bool, shape (batch,)
        """
        state, marks = self.sums.state, self.sums.marks
        total = np.where(self.dense, 1.0, state[:, SUM])
        squares, error, seen = state[:, SQUARES], state[:, ERROR], marks[:, SEEN]
        largest = 1.0 / total
        own = np.where(marks[:, MODE] == GOOD, error, 0.0)
        shared = np.where(seen < 0, 0.0, error / np.sqrt(np.maximum(seen, 0) + 1.0))
        # All weights but the two largest, of which the second is at least Σp²/Σp without the first.
        rest = total - 1.0
        second = np.maximum(squares - 1.0, 0.0) / np.maximum(rest, 1e-300)
        crowd = np.maximum(rest - second, 0.0) / total
        others = training.copies * np.maximum(state[:, DOUBT] - own**2, 0.0) / total**2
        mean = self.sums.mean / total[:, None]
        apart = training.radius**2 + squared_lengths(mean - training.origin)
        moved = (own * largest * (1.0 - largest)) ** 2 + others
        moved += (shared * crowd * (1.0 - crowd)) ** 2
        return np.asarray(self.dense | (moved * apart > _COARSE**2 * squared_lengths(mean)))

    def replace(self, which: NDArray[np.bool_], other: Pass) -> None:
        """Take over the results of a better pass.

        Parameters
        ----------
        which : ndarray of bool, shape (batch,)
            The queries of the other.
        other : Pass
            A pass of these alone.
        """
        for own, better in zip(self.sums, other.sums, strict=True):
            own[which] = better

    def _part(self, start: int, stop: int) -> Pass:
        """The same pass for some of the queries."""
        own = slice(start, stop)
        sums = Sums(*(array[own] for array in self.sums))
        return Pass(self.points[own], self.terms[own], self.limits, sums)

    def _absorb(self, rows: Array, first: int) -> None:
        """Fold in a block (count, dim) by differences."""
        batch, dim = self.points.shape
        rows = _read_only(rows.astype(self.points.dtype, copy=False))
        tile = _TILE_BYTES // (dim * rows.itemsize)
        tile = min(max(tile - tile % 64, 64), 1024)
        threads = get_num_threads()
        groups = min(batch, threads * -(-batch // (128 * threads)))
        absorb_block(self.points, rows, tile, groups, first, self.terms, self.limits, self.sums)

    def _weigh(self, rows: Array, half_squares: FloatArray, first: int) -> None:
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
                part = self._part(begin, begin + queries)
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


def _read_only(rows: Array) -> Array:
    """Rows in the one layout that the kernels are compiled for."""
    view = np.ascontiguousarray(rows).view()
    view.flags.writeable = False
    return view
