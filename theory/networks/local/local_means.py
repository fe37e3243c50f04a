"""Posterior means of every coordinate of a training set, each over windows of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Array, floating
from convergen.theory.networks.local.local_kernel import local_means
from convergen.theory.networks.local.windows import NestedWindows
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit


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
        out = np.empty((len(windows), *x.shape), dtype=x.dtype)
        inverse = (sigma.astype(np.float64) ** -2.0).astype(x.dtype)
        none: NDArray[np.int64] = np.full(len(x), -1, dtype=np.int64)
        local_means(
            np.ascontiguousarray(x), self._columns.astype(x.dtype, copy=False),
            np.arange(x.shape[1]), windows.starts, windows.places, windows.cuts, inverse,
            none if own is None else own, self._order, out,
        )  # fmt: skip
        return out
