"""Covariances of the components of a mixture, kept so that noise costs no factorisation.

Each is Σ_c = U diag(λ) Uᵀ + v (1 − UUᵀ), and noise only shifts the eigenvalues, λ → λ + σ².
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError

# A function of the eigenvalues, elementwise, up to broadcasting over a leading batch axis.
SpectralFunction = Callable[[FloatArray], FloatArray]

_SYMMETRIC = 1e-8


@dataclass(frozen=True, eq=False)
class ComponentCovariances:
    """Covariances of c components in dimension d, and functions of them.

    Attributes
    ----------
    dim : int
        Dimension d.
    eigenvalues : ndarray, shape (c, r)
        The λ of each; r = 0 for isotropic ones, r = d for diagonal and full ones.
    floors : ndarray, shape (c,)
        Eigenvalue v of the other d − r directions.
    bases : sequence of ndarray, each of shape (d, r), or None
        The U of each; None where they are the first r axes.
    """

    dim: int
    eigenvalues: FloatArray
    floors: FloatArray
    bases: Sequence[FloatArray] | None = None

    def __post_init__(self) -> None:
        for array in (self.eigenvalues, self.floors):
            array.setflags(write=False)

    @classmethod
    def from_array(cls, values: FloatArray, shape: tuple[int, ...]) -> Self:
        """Isotropic, diagonal or full covariances.

        Parameters
        ----------
        values : ndarray, shape (c,), (c, *point) or (c, d, d)
            Variances of isotropic components, of the axes of diagonal ones, or matrices.
        shape : tuple of int
            Shape (c, *point) of the means; d is the product of `point`.

        Returns
        -------
        ComponentCovariances

        Raises
        ------
        InputError
            If the shape is none of these, or a matrix is not symmetric positive definite.
        """
        count, dim = shape[0], int(np.prod(shape[1:]))
        if values.shape == (count,):
            return cls(dim, np.empty((count, 0)), values.copy())
        if values.shape in ((count, dim), shape):
            return cls(dim, values.reshape(count, dim).copy(), np.zeros(count))
        if values.shape == (count, dim, dim):
            eigenvalues, vectors = _diagonalise(values)
            return cls(dim, eigenvalues, np.zeros(count), list(vectors))
        raise InputError(
            f"covariances has shape {values.shape}, but {count} components in dimension {dim} "
            f"need ({count},), ({count}, {dim}) or ({count}, {dim}, {dim}): reshape it."
        )

    @classmethod
    def low_rank(cls, factors: FloatArray, floors: FloatArray, shape: tuple[int, ...]) -> Self:
        """Σ_c = F_c F_cᵀ + v_c, without any d × d matrix.

        Parameters
        ----------
        factors : ndarray, shape (c, d, r)
            F_c.
        floors : ndarray, shape (c,)
            v_c > 0.
        shape : tuple of int
            Shape (c, *point) of the means; d is the product of `point`.

        Returns
        -------
        ComponentCovariances

        Raises
        ------
        InputError
            If the shapes do not match.
        """
        count, dim = shape[0], int(np.prod(shape[1:]))
        if factors.ndim != 3 or factors.shape[:2] != (count, dim) or floors.shape != (count,):
            raise InputError(
                f"factors has shape {factors.shape} and variances {floors.shape}, but {count} "
                f"components in dimension {dim} need ({count}, {dim}, r) and ({count},)."
            )
        vectors, singular, _ = np.linalg.svd(factors, full_matrices=False)
        return cls(dim, floors[:, None] + singular**2, floors.copy(), list(vectors))

    @property
    def isotropic(self) -> bool:
        """Whether every component is isotropic."""
        return bool(self.eigenvalues.shape[1] == 0)

    def product(
        self, component: int, vectors: FloatArray, function: SpectralFunction
    ) -> FloatArray:
        """Apply f(Σ_c) to vectors.

        Parameters
        ----------
        component : int
            Index c.
        vectors : ndarray, shape (batch, d)
            Vectors v.
        function : callable
            f, of eigenvalues λ of shape (k,), returning (k,) or (batch, k).

        Returns
        -------
        ndarray, shape (batch, d)
            f(Σ_c) v.
        """
        lam = self.eigenvalues[component]
        floor = self.floors[component : component + 1]
        if self.bases is None:
            return vectors * function(floor if self.isotropic else lam)
        basis = self.bases[component]
        rotated = vectors @ basis
        if lam.size == self.dim:
            return (rotated * function(lam)) @ basis.T
        rest = function(floor)
        return vectors * rest + (rotated * (function(lam) - rest)) @ basis.T

    def traces(self, function: SpectralFunction) -> FloatArray:
        """Tr f(Σ_c) of every component.

        Parameters
        ----------
        function : callable
            f, of eigenvalues λ of shape (k,), returning (k,) or (batch, k).

        Returns
        -------
        ndarray, shape (c,) or (batch, c)
        """
        others = self.dim - self.eigenvalues.shape[1]
        columns = []
        for lam, floor in zip(self.eigenvalues, self.floors, strict=True):
            total = function(lam).sum(axis=-1)
            columns.append(total + others * function(floor[None]).sum(axis=-1) if others else total)
        return np.stack(columns, axis=-1)

    def matrices(self, function: SpectralFunction) -> FloatArray:
        """f(Σ_c) of every component.

        Parameters
        ----------
        function : callable
            f, elementwise.

        Returns
        -------
        ndarray, shape (c, d, d)
        """
        unit = np.eye(self.dim)
        return np.stack([self.product(c, unit, function) for c in range(len(self.floors))])

    def mahalanobis(self, component: int, vectors: FloatArray, noise: FloatArray) -> FloatArray:
        """vᵀ (Σ_c + σ²)^{-1} v, as a sum of squares of whitened coordinates.

        Parameters
        ----------
        component : int
            Index c.
        vectors : ndarray, shape (batch, d)
            Vectors v.
        noise : ndarray, shape (1, 1) or (batch, 1)
            σ².

        Returns
        -------
        ndarray, shape (batch,)
        """
        lam = self.eigenvalues[component]
        if self.bases is not None and lam.size == self.dim:
            white = (vectors @ self.bases[component]) / np.sqrt(lam + noise)
        else:
            white = self.product(component, vectors, lambda lam: 1.0 / np.sqrt(lam + noise))
        return np.asarray(np.einsum("bd,bd->b", white, white))


def _diagonalise(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues (c, d) and eigenvectors (c, d, d) of symmetric positive definite matrices."""
    scale = np.abs(matrices).max(axis=(1, 2))
    if np.any(np.abs(matrices - matrices.swapaxes(1, 2)).max(axis=(1, 2)) > _SYMMETRIC * scale):
        raise InputError("covariances must be symmetric: use (C + Cᵀ)/2.")
    values, vectors = np.linalg.eigh(matrices)
    singular = values[:, 0] <= values.shape[1] * np.finfo(np.float64).eps * values[:, -1]
    if singular.any():
        raise InputError(
            f"the covariance of component {singular.argmax()} is not positive definite, its "
            f"smallest eigenvalue is {values[singular.argmax(), 0]:g}: add a small multiple of the "
            "identity."
        )
    return values, vectors
