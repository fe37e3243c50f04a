"""One pass of noisy queries over a training set: its precision, its threads, its rounding errors.

The empirical score decides which queries need which pass; the kernels do the arithmetic.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.compiled import kernel_threads
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.empirical_score import few_coordinates, many_coordinates
from convergen.theory.empirical_score.records import QUERY, WORST, Array, Limits, Sums, read_only
from convergen.theory.empirical_score.training_set import TrainingSet, squared_lengths

# Queries of a thread from which it pays.
_SHARE = 16
# Errors of inner products as measured: BLAS sums up to so many terms one after the other, and then
# such partial sums. In units of the precision: terms of random sign, and of one sign.
_CHUNK, _RANDOM, _ONE_SIGN = 384, 0.16, 0.12
# The same for the squared length of a point, and for a logit of few coordinates.
_SQUARE, _DIFFERENCES = 0.2, 0.5
# Estimated relative error of a mean in float32 beyond which it is computed again. The estimate is
# a standard deviation.
_COARSE = 3e-6


@dataclass
class Pass:
    """Queries, and what a pass has found for them.

    Attributes
    ----------
    points : ndarray, shape (batch, dim)
        Queries, in the precision of the logits.
    limits : Limits
        Numbers common to all.
    sums : Sums
        The results, and constants of each query.
    """

    points: Array
    limits: Limits
    sums: Sums

    @classmethod
    def prepared(
        cls, training: TrainingSet, x: Array, sigma: Array, neighbours: int, *, single: bool,
        coarse: bool,
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
        coarse : bool
            Whether logits are computed in single precision.

        Returns
        -------
        Pass
        """
        batch, dim = x.shape
        kind = np.dtype(np.float32 if coarse else np.float64)
        eps, n = 2.0**-23 if coarse else 2.0**-52, training.samples
        query = np.zeros(batch, dtype=QUERY)
        query["half"] = 0.5 / sigma.astype(np.float64) ** 2
        query["top"] = -np.inf
        slope = _DIFFERENCES
        if not training.direct:
            chunks = -(-dim // _CHUNK)
            random = _RANDOM / np.sqrt(chunks)
            slope = _ONE_SIGN * np.hypot(np.sqrt(dim) / chunks, np.sqrt(chunks))
            length, longest = np.sqrt(squared_lengths(x)), training.length
            unit = 2.0 * eps * query["half"] * longest
            query["usual"] = unit * (random * length + _SQUARE * longest)
            query["worst"] = WORST * unit * ((random + slope) * length + _SQUARE * longest)
            query["lift"] = query["half"] * length**2
        limits = Limits(
            slope=float(slope * eps),
            tolerance=2e-6 if single else 1e-13,
            power=2.0 if single else 1.0,
            crowd=float(np.log(training.copies if single else n)),
            reach=float(np.log(n)) + (20.0 if single else 40.0),
            # Few coordinates have no second pass, and cost little.
            share=1.0 / 16.0 if coarse and not training.direct else 1.0,
        )
        sums = Sums(
            query=query,
            mean=np.zeros(x.shape, dtype=np.float64 if training.direct else kind),
            reference=np.zeros(x.shape, dtype=kind),
            values=np.full((batch, neighbours), -np.inf),
            indices=np.zeros((batch, neighbours), dtype=np.int64),
        )
        return cls(read_only(x, kind), limits, sums)

    def run(self, training: TrainingSet) -> None:
        """Pass over the training points.

        Parameters
        ----------
        training : TrainingSet
            The points that the pass was prepared for.
        """
        batch, first = self.points.shape[0], 0
        if batch == 0:
            return
        absorb = few_coordinates.absorb if training.direct else many_coordinates.absorb
        threads = max(min(kernel_threads(), batch // _SHARE), 1)
        bounds = np.linspace(0, batch, threads + 1).astype(int)
        parts = [self.some(*pair) for pair in pairwise(bounds)]
        # Each thread goes its own way through a block, as waiting for each other at every tile
        # costs more than it gains. BLAS has one thread even if we have: bits depend on how many.
        alone = nullcontext() if training.direct else one_blas_thread()
        with alone, ThreadPoolExecutor(threads) as pool:
            for block in training.blocks:
                stop = first + block.shape[0]
                halves = 0.5 * training.squares[first:stop]
                if threads == 1:
                    absorb(self, block, halves, first)
                else:
                    list(
                        pool.map(
                            absorb, parts, *([item] * threads for item in (block, halves, first))
                        )
                    )
                first = stop

    def some(self, start: int, stop: int) -> Pass:
        """The same pass for some of the queries.

        Parameters
        ----------
        start, stop : int
            The first of them, and the first that is not one.

        Returns
        -------
        Pass
            Its results are views of these.
        """
        own = slice(start, stop)
        return Pass(self.points[own], self.limits, Sums(*(array[own] for array in self.sums)))

    def too_coarse(self, training: TrainingSet) -> NDArray[np.bool_]:
        """Whether errors of the logits may move the mean by more than float32 should.

        Errors δ of the logits, independent but for copies of a point, move it by |Σ w δ (y − D)|;
        for the largest weight the factor y − D is itself of order 1 − w.

        Parameters
        ----------
        training : TrainingSet
            The points that were passed over.

        Returns
        -------
        ndarray of bool, shape (batch,)
        """
        query = self.sums.query
        total, error = query["total"], query["error"]
        largest = 1.0 / total
        own = np.where(error <= self.limits.tolerance, error, 0.0)
        others = training.copies * np.maximum(query["doubt"] - own**2, 0.0) / total**2
        mean = self.sums.mean / total[:, None]
        apart = training.radius**2 + squared_lengths(mean - training.origin)
        moved = (own * largest * (1.0 - largest)) ** 2 + others
        return np.asarray(moved * apart > _COARSE**2 * squared_lengths(mean))

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
