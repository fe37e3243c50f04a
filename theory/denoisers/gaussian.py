"""Denoisers that are exact for Gaussian laws, among them the linear model fitted to samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_finite
from convergen.theory.denoisers.eigenvectors import orthonormal_vectors
from convergen.theory.denoisers.protocol import Array, ExactDenoiser
from convergen.theory.spectra.eigenvalue_lists import solver_error
from convergen.theory.spectra.spectrum import Spectrum


class GaussianDenoiser(ExactDenoiser):
    """Wiener filter m + Σ(Σ + σ²)⁻¹(x − m), the posterior mean for x₀ ~ N(m, Σ).

    Parameters
    ----------
    spectrum : Spectrum
        Eigenvalues of Σ in squared data units. If it has r ≤ dim eigenvectors, the other
        dim − r eigenvalues must be equal (zero, for instance); without eigenvectors Σ is
        diagonal, the eigenvalues descending along the coordinates.
    mean : array_like, shape (dim,) or `shape`, optional
        m in data units; default the mean of the spectrum, or zero.
    shape : tuple of int, optional
        Shape of one point, of dim coordinates in C order; default (dim,).

    Attributes
    ----------
    spectrum : Spectrum
        As given.
    mean : ndarray of float64, shape `shape`
        m.

    Raises
    ------
    InputError
        If the eigenvectors are not orthonormal or do not say which eigenvalue is whose, or a shape
        does not fit.

    Notes
    -----
    Σ = V diag(λ) Vᵀ + τ(1 − VVᵀ) is never formed: a call costs O(batch · dim · r), or
    O(batch · dim) without eigenvectors. All weights come from hypot(√λ, σ), so that no σ² leaves
    the range of floating point next to λ. Outside the span of V, the rounding of x itself costs
    the score an error of order eps · |x − m|/(τ + σ²).

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> denoise = theory.GaussianDenoiser(theory.Spectrum.from_eigenvalues([3.0, 1.0]))
    >>> denoise(np.array([[4.0, 4.0]]), 1.0)
    array([[3., 2.]])
    """

    def __init__(
        self,
        spectrum: Spectrum,
        *,
        mean: ArrayLike | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        dim = spectrum.dim
        self.spectrum = spectrum
        self.shape = (dim,) if shape is None else tuple(as_count(side, "shape") for side in shape)
        if self.dim != dim:
            raise InputError(
                f"shape {self.shape} has {self.dim} coordinates, but the spectrum has dimension "
                f"{dim}: make them equal."
            )
        if mean is None:
            mean = np.zeros(dim) if spectrum.mean is None else spectrum.mean
        centre = as_finite(mean, "mean")
        if centre.shape not in {(dim,), self.shape}:
            raise InputError(
                f"mean has shape {centre.shape}, but points have shape {self.shape}: give one "
                "number for each coordinate."
            )
        self.mean: FloatArray = centre.reshape(self.shape)
        roots = np.sqrt(spectrum.leading(dim))
        self._vectors = orthonormal_vectors(spectrum)
        known = dim if self._vectors is None else self._vectors.shape[1]
        self._roots, rest = roots[:known], roots[known:]
        self._rest: FloatArray | None = rest[:1] if rest.size else None
        if rest.size and rest[0] != rest[-1]:
            raise InputError(
                f"the spectrum has {known} eigenvectors for {dim} dimensions, and the other "
                "eigenvalues are not all equal, so that their directions are unknown: give all "
                "eigenvectors, or none for the coordinate axes."
            )

    @staticmethod
    def from_covariance(
        matrix: ArrayLike, mean: ArrayLike | None = None, *, shape: tuple[int, ...] | None = None
    ) -> GaussianDenoiser:
        """Denoiser of N(mean, matrix).

        Parameters
        ----------
        matrix : array_like, shape (dim, dim)
            Symmetric, without negative eigenvalues, and not zero; squared data units.
            Eigenvalues below dim · eps · largest are rounding and set to 0.
        mean : array_like, shape (dim,) or `shape`, optional
            Default zero.
        shape : tuple of int, optional
            Shape of one point; default (dim,).

        Returns
        -------
        GaussianDenoiser

        Raises
        ------
        InputError
            If the matrix is not the covariance of anything.
        """
        sigma = as_finite(matrix, "covariance")
        if sigma.ndim != 2 or sigma.shape[0] != sigma.shape[1] or sigma.size == 0:
            raise InputError(
                f"the covariance has shape {sigma.shape}: give a square matrix, one row for each "
                "coordinate."
            )
        given = np.asarray(matrix).dtype
        eps = np.finfo(given if given.kind == "f" else np.float64).eps
        if np.abs(sigma - sigma.T).max() > np.sqrt(eps) * np.abs(sigma).max():
            raise InputError("the covariance is not symmetric: check it, or give (C + C.T)/2.")
        values, vectors = np.linalg.eigh(0.5 * (sigma + sigma.T))
        rounding = len(values) * float(eps) * float(np.abs(values).max())
        if values[0] < -rounding:
            raise InputError(
                f"the covariance has the negative eigenvalue {values[0]:g}: a covariance has "
                "none, so check the matrix or set its negative eigenvalues to 0."
            )
        values = np.where(values <= rounding, 0.0, values)[::-1]
        rank = int(np.count_nonzero(values))
        spectrum = Spectrum.from_eigenvalues(
            values,
            error=solver_error(float(values[0]), len(values), float(eps)),
            eigenvectors=vectors[:, ::-1][:, :rank].copy(),
            source="covariance matrix",
        )
        return GaussianDenoiser(spectrum, mean=mean, shape=shape)

    def score(self, x: ArrayLike, sigma: ArrayLike) -> Array:
        """Gradient of the smoothed log density, −(Σ + σ²)⁻¹(x − m).

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0; data units.

        Returns
        -------
        ndarray, shape and dtype of `x`
            Computed without the cancellation of (D(x, σ) − x)/σ² at small σ; units 1/data.
        """
        points, noise = self._checked(x, sigma)
        level = _column(noise)
        mean = self._constants(points.dtype)[0]
        return self._shaped(
            self._apply(lambda roots: -(np.hypot(roots, level) ** -2.0), points - mean)
        )

    def log_density(self, x: ArrayLike, sigma: ArrayLike = 0.0) -> FloatArray:
        """Logarithm of the density of x₀ + σε.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, ≥ 0; data units.

        Returns
        -------
        ndarray of float64, shape (batch,)
            Natural logarithm; density in units of 1/data^dim.

        Raises
        ------
        InputError
            If σ = 0 where Σ is singular: there is no density then.
        """
        points = self._checked(x, 1.0)[0].astype(np.float64)
        noise = _levels(sigma, len(points), "sigma")
        if np.any(noise == 0.0) and self.spectrum.rank < self.dim:
            raise InputError(
                f"sigma = 0, but the covariance has rank {self.spectrum.rank} in dimension "
                f"{self.dim}, so that there is no density: use sigma above zero or a ridge."
            )
        level = _column(noise)
        centred = points - self.mean.reshape(-1)
        along = centred if self._vectors is None else centred @ self._vectors
        width = np.hypot(self._roots, level)
        exponent = np.sum((along / width) ** 2, axis=1)
        volume = np.log(width).sum(axis=1)
        if self._vectors is not None and self._rest is not None:
            width = np.hypot(self._rest, level)
            # The residual itself is squared: |x|² − |Vᵀx|² would cancel.
            exponent += np.sum(((centred - along @ self._vectors.T) / width) ** 2, axis=1)
            volume = volume + (self.dim - self._roots.size) * np.log(width[:, 0])
        return np.asarray(-0.5 * exponent - volume - 0.5 * self.dim * np.log(2.0 * np.pi))

    def square_root(self, z: ArrayLike) -> Array:
        """End point m + Σ^{1/2} z of the probability-flow ODE from infinite noise.

        Parameters
        ----------
        z : array_like, shape (batch, *shape)
            Standard normal seeds: the ODE starts from σz at σ → ∞.

        Returns
        -------
        ndarray, shape and dtype of `z`
            Samples of N(m, Σ); data units.
        """
        seeds = self._checked(z, 1.0)[0]
        mean = self._constants(seeds.dtype)[0]
        return self._shaped(mean + self._apply(lambda roots: roots[None, :], seeds))

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Independent samples of N(m, Σ).

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of float64, shape (n, *shape)
            `square_root` of the standard normal numbers that rng gives next.
        """
        count = as_count(n, "n")
        if not isinstance(rng, np.random.Generator):
            raise InputError(
                f"rng is a {type(rng).__name__}: give a numpy.random.Generator, such as "
                "numpy.random.default_rng(0)."
            )
        return self.square_root(rng.standard_normal((count, *self.shape)))

    def flow(self, x: ArrayLike, sigma_from: ArrayLike, sigma_to: ArrayLike) -> Array:
        """Exact probability-flow map between two noise levels, in either direction.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points at noise level `sigma_from`.
        sigma_from : array_like, shape () or (batch,)
            Noise standard deviations at the start, > 0; data units.
        sigma_to : array_like, shape () or (batch,)
            Noise standard deviations at the end, ≥ 0.

        Returns
        -------
        ndarray, shape and dtype of `x`
            m + [(Σ + σ_to²)/(Σ + σ_from²)]^{1/2} (x − m), the solution of dx/dσ = (x − D)/σ.
        """
        points, start = self._checked(x, sigma_from)
        first, last = _column(start), _column(_levels(sigma_to, len(points), "sigma_to"))
        mean = self._constants(points.dtype)[0]
        moved = self._apply(
            lambda roots: np.hypot(roots, last) / np.hypot(roots, first), points - mean
        )
        return self._shaped(mean + moved)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape {self.shape}, {self.spectrum!r})"

    def _denoise(self, x: Array, sigma: Array) -> Array:
        level = _column(sigma)
        mean = self._constants(x.dtype)[0]
        shrunk = self._apply(lambda roots: (roots / np.hypot(roots, level)) ** 2, x - mean)
        return np.asarray(mean + shrunk)

    def _apply(self, function: Callable[[FloatArray], FloatArray], centred: Array) -> Array:
        """f(Σ) times flat points; f is a function of √λ that adds a batch axis."""
        vectors, weights = self._constants(centred.dtype)[1], function(self._roots)
        # Weights are float64, and only the products are rounded to the precision of the points.
        if vectors is None:
            return (weights * centred).astype(centred.dtype)
        along = centred @ vectors
        if self._rest is None:
            return np.asarray((weights * along).astype(centred.dtype) @ vectors.T)
        rest = function(self._rest)
        image = ((weights - rest) * along).astype(centred.dtype) @ vectors.T
        image += (rest * centred).astype(centred.dtype)
        return np.asarray(image)

    def _shaped(self, flat: Array) -> Array:
        """Flat points in the shape of one point each."""
        return flat.reshape(-1, *self.shape)

    def _constants(self, dtype: np.dtype[Any]) -> tuple[Array, Array | None]:
        """Flat mean and eigenvectors in the precision of the points."""
        if dtype == np.float32:
            return self._single
        return self.mean.reshape(-1), self._vectors

    @cached_property
    def _single(self) -> tuple[Array, Array | None]:
        """Flat mean and eigenvectors in single precision."""
        vectors = None if self._vectors is None else self._vectors.astype(np.float32)
        return self.mean.reshape(-1).astype(np.float32), vectors


def _levels(sigma: ArrayLike, batch: int, name: str) -> FloatArray:
    """Noise levels ≥ 0, one number or one for each point."""
    levels = as_finite(sigma, name)
    if np.any(levels < 0.0):
        raise InputError(
            f"{name} must not be negative, but {levels.min():g} was given: use 0 or more."
        )
    if levels.ndim > 1 or (levels.ndim == 1 and levels.size not in (1, batch)):
        raise InputError(
            f"{name} has shape {levels.shape}, but there are {batch} points: give one number, or "
            "one for each point."
        )
    return np.broadcast_to(levels, batch)


def _column(sigma: NDArray[Any]) -> FloatArray:
    """σ as a column; of length 1 where all points share it, so that weights are found once."""
    levels: FloatArray = sigma.astype(np.float64)
    if levels.size and np.all(levels == levels[0]):
        levels = levels[:1]
    return levels[:, None]
