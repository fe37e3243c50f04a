"""Posterior means over what a window shows: local score machines of one training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Array, floating
from convergen.theory.networks.local.left_out import LeaveOneOut
from convergen.theory.networks.local.local_kernel import local_means
from convergen.theory.networks.local.windows import Windows
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit


class WindowDenoiser(LeaveOneOut):
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
        images = orbit.of(points.astype(floating(points)))
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

    def _denoise(self, x: Array, sigma: Array) -> Array:
        return self._without(x, sigma, np.full(len(x), -1, dtype=np.int64))

    def _without(self, x: Array, sigma: Array, own: NDArray[np.int64]) -> Array:
        out = np.empty_like(x, order="C")
        inverse = (sigma.astype(np.float64) ** -2.0).astype(x.dtype)
        local_means(
            np.ascontiguousarray(x), self._columns.astype(x.dtype, copy=False),
            np.arange(self.dim), self.windows.starts, self.windows.places, inverse, own,
            self._order, out,
        )  # fmt: skip
        return out
