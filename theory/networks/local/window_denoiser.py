"""Posterior means over what a window shows: local score machines of one training set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Array, ExactDenoiser
from convergen.theory.networks.local.local_kernel import local_means
from convergen.theory.networks.local.windows import Windows
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit


class WindowDenoiser(ExactDenoiser):
    """D(x)_p = Σ_i w_i^p y_ip, w^p = softmax(−|x − y_i|²_p/2σ²), the distance on the window of p.

    Parameters
    ----------
    data : array_like, shape (n, *shape)
        Training points.
    windows : Windows
        Which coordinates are looked at for each coordinate.
    orbit : Orbit
        Every point counts with its images.

    Attributes
    ----------
    windows : Windows
        As given.
    samples : int
        Number n of training points, without images.

    Raises
    ------
    InputError
        If there is no point.

    Notes
    -----
    Windows that hold all coordinates make it the empirical score. One call costs a matrix product
    of batch × window × n for each coordinate.
    """

    def __init__(self, data: ArrayLike, windows: Windows, orbit: Orbit = NO_ORBIT) -> None:
        points = np.asarray(data)
        if points.ndim < 2 or points.size == 0:
            raise InputError(
                f"a local denoiser needs points of shape (n, *shape), not {points.shape}."
            )
        self.shape, self.samples, self.windows = points.shape[1:], len(points), windows
        self._order = orbit.order(self.shape)
        images = orbit.of(points.astype(np.float32 if points.dtype == np.float32 else np.float64))
        self._columns = np.ascontiguousarray(images.reshape(len(images), -1).T)

    def seen_through(self, windows: Windows) -> WindowDenoiser:
        """The same training points under other windows.

        Parameters
        ----------
        windows : Windows
            Which coordinates are looked at.

        Returns
        -------
        WindowDenoiser
            It shares the points.
        """
        other = object.__new__(WindowDenoiser)
        other.__dict__ |= self.__dict__ | {"windows": windows}
        return other

    def leave_one_out(self, x: ArrayLike, sigma: ArrayLike, own: ArrayLike) -> Array:
        """Denoise without the training point that a query comes from, nor its images.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.
        own : array_like of int, shape (batch,)
            Rows of `data` that are left out, one for each query.

        Returns
        -------
        ndarray, shape and dtype of `x`
            Exact, at the cost of one call.

        Raises
        ------
        InputError
            If there is no other point, or no such row.
        """
        points, noise = self._checked(x, sigma)
        rows = left_out(own, len(points), self.samples)
        return self._means(points, noise, rows).reshape(-1, *self.shape)

    def _denoise(self, x: Array, sigma: Array) -> Array:
        return self._means(x, sigma, np.full(len(x), -1, dtype=np.int64))

    def _means(self, x: Array, sigma: Array, own: NDArray[np.int64]) -> Array:
        out = np.empty_like(x, order="C")
        inverse = (sigma.astype(np.float64) ** -2.0).astype(x.dtype)
        local_means(
            np.ascontiguousarray(x), self._columns.astype(x.dtype, copy=False),
            np.arange(self.dim), self.windows.starts, self.windows.places, inverse, own,
            self._order, out,
        )  # fmt: skip
        return out


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
