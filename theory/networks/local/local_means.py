"""Posterior means of every coordinate of a training set, each over windows of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.common.compiled import kernel_threads
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.denoisers.protocol import Array, floating
from convergen.theory.networks.local.left_out import none_left_out
from convergen.theory.networks.local.local_kernel import local_means
from convergen.theory.networks.local.windows import NestedWindows
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit

# Weights of a thread from which it pays: a millisecond.
_SHARE = 2**22


class LocalMeans:
    """Training points with their images, ready to be looked at through windows.

    Parameters
    ----------
    data : array_like, shape (n, *shape)
        Training points.
    orbit : Orbit
        Every point counts with its images.

    Attributes
    ----------
    shape : tuple of int
        Shape of one point.
    samples : int
        Number n of training points, without images.

    Raises
    ------
    InputError
        If there is no point.
    """

    def __init__(self, data: ArrayLike, orbit: Orbit = NO_ORBIT) -> None:
        points = np.asarray(data)
        if points.ndim < 2 or points.size == 0:
            raise InputError(
                f"a local denoiser needs points of shape (n, *shape), not {points.shape}."
            )
        self.shape, self.samples = points.shape[1:], len(points)
        self._order = orbit.order(self.shape)
        images = orbit.of(points.astype(floating(points)))
        self._columns = np.ascontiguousarray(images.reshape(len(images), -1).T)

    def through(
        self, windows: NestedWindows, x: Array, sigma: Array, own: NDArray[np.int64] | None = None
    ) -> Array:
        """Posterior means through each of several windows.

        Parameters
        ----------
        windows : NestedWindows
            Which coordinates are looked at for each coordinate.
        x : ndarray, shape (batch, d)
            Noisy points.
        sigma : ndarray, shape (batch,)
            Noise standard deviations, > 0.
        own : ndarray of int64, shape (batch,), optional
            Rows of the training points that are left out with their images, −1 for none.

        Returns
        -------
        ndarray, shape (T, batch, d)
            In the precision of `x`. It costs as much as the largest window alone, and T times
            batch × n exponentials for each coordinate.
        """
        inverse = (sigma.astype(np.float64) ** -2.0).astype(x.dtype)
        left = none_left_out(len(x)) if own is None else own
        points, columns = np.ascontiguousarray(x), self._columns.astype(x.dtype, copy=False)

        def some(targets: NDArray[np.int64]) -> Array:
            """Means of some coordinates, which know nothing of each other."""
            out = np.empty((len(windows), len(x), len(targets)), dtype=x.dtype)
            local_means(
                points, columns, targets, windows.starts[targets], windows.places,
                np.ascontiguousarray(windows.cuts[:, targets]), inverse,
                left, self._order, out,
            )  # fmt: skip
            return out

        every = np.arange(x.shape[1])
        weights = len(windows) * x.size * columns.shape[1]
        threads = max(min(kernel_threads(), weights // _SHARE, every.size), 1)
        if threads == 1:
            return some(every)
        # BLAS has one thread even if we have: bits depend on how many.
        with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
            return np.concatenate([*pool.map(some, np.array_split(every, threads))], axis=2)
