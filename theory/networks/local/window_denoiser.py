"""Posterior means over what a window shows: local score machines of one training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.denoisers.protocol import Array
from convergen.theory.networks.local.left_out import LeaveOneOut
from convergen.theory.networks.local.local_means import LocalMeans
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
        self._means, self.windows = LocalMeans(data, orbit), windows
        self.shape, self.samples = self._means.shape, self._means.samples

    def _denoise(self, x: Array, sigma: Array) -> Array:
        (found,) = self._means.through(self.windows.alone(), x, sigma)
        return np.asarray(found)

    def _without(self, x: Array, sigma: Array, own: NDArray[np.int64]) -> Array:
        (found,) = self._means.through(self.windows.alone(), x, sigma, own)
        return np.asarray(found)
