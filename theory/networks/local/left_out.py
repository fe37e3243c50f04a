"""Training points that are left out: what a denoiser of few points is judged by."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Array, ExactDenoiser


class LeaveOneOut(ExactDenoiser):
    """Base of denoisers that can do without the training point that a query comes from.

    Attributes
    ----------
    samples : int
        Number n of training points, without images.
    """

    samples: int

    def leave_one_out(self, x: ArrayLike, sigma: ArrayLike, own: ArrayLike) -> Array:
        """Denoise without the training point that a query comes from, nor its images.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.
        own : array_like of int, shape (batch,)
            Rows of the training points that are left out, one for each query.

        Returns
        -------
        ndarray, shape and dtype of `x`
            Exact, at about the cost of one call.

        Raises
        ------
        InputError
            If there is no other point, or no such row.
        """
        points, noise = self._checked(x, sigma)
        rows = left_out(own, len(points), self.samples)
        return self._without(points, noise, rows).reshape(-1, *self.shape)

    @abstractmethod
    def _without(self, x: Array, sigma: Array, own: NDArray[np.int64]) -> Array:
        """Denoise checked flat points without one row each."""


class Queries(NamedTuple):
    """Training points that are noised and left out.

    Attributes
    ----------
    own : ndarray of int64, shape (queries,)
        Row of each.
    clean, noise : ndarray, shape (queries, *shape)
        The points, and standard normal noise of their type.
    """

    own: NDArray[np.int64]
    clean: Array
    noise: Array


def draw_queries(points: Array, rng: np.random.Generator, count: int) -> Queries:
    """Points in random order, over and over, each with noise of its own.

    Parameters
    ----------
    points : ndarray, shape (n, *shape)
        Training points.
    rng : numpy.random.Generator
        Order and noise.
    count : int
        How many.

    Returns
    -------
    Queries

    Raises
    ------
    InputError
        If there is only one point.
    """
    own = left_out(np.resize(rng.permutation(len(points)), count), count, len(points))
    clean = points[own]
    return Queries(own, clean, rng.standard_normal(clean.shape).astype(clean.dtype))


def none_left_out(queries: int) -> NDArray[np.int64]:
    """What stands for the row of queries that leave nothing out.

    Parameters
    ----------
    queries : int
        How many.

    Returns
    -------
    ndarray of int64, shape (queries,)
        All −1.
    """
    return np.full(queries, -1, dtype=np.int64)


def left_out(own: Any, queries: int, samples: int) -> NDArray[np.int64]:
    """Check which training points are left out.

    Parameters
    ----------
    own : array_like of int, shape (queries,)
        One row for each query.
    queries : int
        How many.
    samples : int
        Training points.

    Returns
    -------
    ndarray of int64, shape (queries,)

    Raises
    ------
    InputError
        If there is only one training point, or no such row.
    """
    if samples < 2:
        raise InputError("one training point leaves none when it is left out: give two or more.")
    rows = np.asarray(own, dtype=np.int64)
    if rows.shape != (queries,) or np.any((rows < 0) | (rows >= samples)):
        raise InputError(
            f"own must name a row from 0 to {samples - 1} for each of the {queries} points."
        )
    return rows
