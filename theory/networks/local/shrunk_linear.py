"""The linear denoiser of few points: shrunk as far as their scatter asks, orbits counted as one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.denoisers.protocol import Array
from convergen.theory.networks.local.left_out import LeaveOneOut
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit


class ShrunkLinear(LeaveOneOut):
    """Wiener filter of C = (1 − β) Σ̂ + β μ, Σ̂ the second moment of the orbit, μ = Tr Σ̂/d.

    Parameters
    ----------
    data : array_like, shape (n, *shape)
        Training points, centred by the caller.
    orbit : Orbit
        Every point counts with its images.

    Attributes
    ----------
    samples : int
        Number n of training points, without images.
    shrinkage : float
        β.
    values : ndarray, shape (d,)
        Eigenvalues of C, squared data units.
    vectors : ndarray, shape (d, d)
        Its eigenvectors, one a column.

    Raises
    ------
    InputError
        If all points are zero.

    Notes
    -----
    β is that of Ledoit & Wolf (2004), doi:10.1016/S0047-259X(03)00096-4, with the mean over the
    images of one point, not each image, as an independent term of Σ̂.
    """

    def __init__(self, data: ArrayLike, orbit: Orbit = NO_ORBIT) -> None:
        points = np.asarray(data, dtype=np.float64)
        self.shape, self.samples = points.shape[1:], len(points)
        self._order = orbit.order(self.shape)
        rows = orbit.of(points).reshape(-1, self.dim)
        moment = rows.T @ rows / len(rows)
        level = float(np.trace(moment)) / self.dim
        if level == 0.0:
            raise InputError("all training points are zero: give data that vary.")
        groups = rows.reshape(self.samples, self._order, self.dim)
        own = np.sum((groups @ groups.transpose(0, 2, 1)) ** 2) / self._order**2
        size = float(np.sum(moment**2))
        scatter = max(float(own) / self.samples - size, 0.0) / self.samples
        spread = size - self.dim * level**2
        self.shrinkage = min(scatter / spread, 1.0) if spread > 0.0 else 1.0
        kept, self.vectors = np.linalg.eigh(moment)
        self._kept: FloatArray = (1.0 - self.shrinkage) * np.maximum(kept, 0.0)
        self.values: FloatArray = self._kept + self.shrinkage * level
        self._groups = groups @ self.vectors

    def _without(self, x: Array, sigma: Array, own: NDArray[np.int64]) -> Array:
        # Exact for the β and μ of all points: Σ̂ loses a matrix of rank at most `order`.
        variance = sigma.astype(np.float64)[:, None] ** 2
        scale = self.samples / (self.samples - 1.0)
        floor = self.values - self._kept
        total = scale * self._kept + floor + variance
        # C + σ² without one orbit is `total` − UᵀU in the eigenbasis.
        share = (1.0 - self.shrinkage) / (self._order * (self.samples - 1.0))
        lost = np.sqrt(share) * self._groups[own]
        moved = x @ self.vectors
        inner = moved / total
        small = np.eye(self._order) - (lost / total[:, None, :]) @ lost.transpose(0, 2, 1)
        given = np.einsum("bgd,bd->bg", lost, inner)
        back = np.linalg.solve(small, given[..., None])[..., 0]
        inner += np.einsum("bgd,bg->bd", lost, back) / total
        found = (moved - variance * inner) @ self.vectors.T
        return np.asarray(found.astype(x.dtype))

    def _denoise(self, x: Array, sigma: Array) -> Array:
        vectors = self.vectors.astype(x.dtype, copy=False)
        kept = self.values / (self.values + sigma.astype(np.float64)[:, None] ** 2)
        return np.asarray(((x @ vectors) * kept.astype(x.dtype)) @ vectors.T)
