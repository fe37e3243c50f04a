"""Gaussian mixtures: density, score, denoiser and samples at every noise level.

All arithmetic is float64, whatever the dtype of the points: in single precision the exponents
|x|²/2σ² of far points lose their differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, softmax

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_positive,
)
from convergen.theory.denoisers.protocol import Array, ExactDenoiser
from convergen.theory.mixtures.centres import as_centres
from convergen.theory.mixtures.component_covariances import ComponentCovariances, SpectralFunction
from convergen.theory.mixtures.isotropic import combined, log_joint

# Numbers of a block of points times coordinates or components.
_BLOCK = 2**21
_WEIGHT_SUM = 1e-6


class GaussianMixture(ExactDenoiser):
    """The density Σ_c π_c N(μ_c, Σ_c) and its exact denoiser D(x, σ).

    Parameters
    ----------
    weights : array_like, shape (c,)
        Probabilities π_c > 0 that sum to 1.
    means : array_like, shape (c, *shape)
        Centres μ_c, in units of the data; d is the product of `shape`.
    covariances : array_like, shape (c,), (c, *shape) or (c, d, d)
        Positive variances of isotropic components, of the axes of diagonal ones, or symmetric
        positive definite matrices; units of data squared.

    Attributes
    ----------
    shape : tuple of int
        Shape of one data point.
    weights : ndarray, shape (c,)
        Probabilities, normalised.
    within : ComponentCovariances
        The covariances of the components, and functions of them.

    Raises
    ------
    InputError
        If shapes do not match, a value is not finite, weights are not positive or do not sum to 1
        within 1e-6, or a covariance is not symmetric positive definite to rounding.

    Notes
    -----
    Cost per batch: one matrix product for isotropic components, two or three of size batch × d × r
    per component of rank r otherwise; nothing of size batch × c × d is formed.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> means = np.array([[2.0, 0.0], [-2.0, 0.0]])
    >>> mixture = theory.GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    >>> mixture
    GaussianMixture(2 components, shape (2,), isotropic)
    >>> mixture(np.array([[3.0, 1.0]]), 1.0).round(3)  # the clean point behind a noisy one
    array([[2.495, 0.5  ]])
    """

    def __init__(self, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> None:
        centres = as_centres(means)
        values = as_finite(covariances, "covariances")
        self._store(weights, centres, ComponentCovariances.from_array(values, centres.shape))

    @classmethod
    def low_rank(
        cls, weights: ArrayLike, means: ArrayLike, factors: ArrayLike, variances: ArrayLike
    ) -> Self:
        """Components with Σ_c = F_c F_cᵀ + v_c; no d × d matrix is formed.

        Parameters
        ----------
        weights : array_like, shape (c,)
            Probabilities π_c > 0 that sum to 1.
        means : array_like, shape (c, *shape)
            Centres μ_c.
        factors : array_like, shape (c, d, r)
            F_c, in units of the data.
        variances : array_like, shape (c,)
            Isotropic part v_c > 0; units of data squared.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        InputError
            As for the constructor.
        """
        centres = as_centres(means)
        loadings, floors = as_finite(factors, "factors"), as_positive(variances, "variances")
        mixture = cls.__new__(cls)
        within = ComponentCovariances.low_rank(loadings, floors, centres.shape)
        mixture._store(weights, centres, within)
        return mixture

    @classmethod
    def from_sklearn(cls, model: Any, *, shape: tuple[int, ...] | None = None) -> Self:
        """The density of a fitted scikit-learn mixture.

        Parameters
        ----------
        model : sklearn.mixture.GaussianMixture or BayesianGaussianMixture
            Fitted, with any `covariance_type`; components of weight 0 are dropped.
        shape : tuple of int, optional
            Shape of one data point; default: flat.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        InputError
            If the model is not a fitted mixture, or its dimension is not that of `shape`.
        """
        try:
            weights, means = np.asarray(model.weights_), np.asarray(model.means_)
            values, kind = np.asarray(model.covariances_), model.covariance_type
        except AttributeError as error:
            raise InputError(
                f"not a fitted scikit-learn mixture ({error}): call fit first."
            ) from None
        kept, layout = weights > 0.0, shape or means.shape[1:]
        if np.prod(layout) != means.shape[1]:
            raise InputError(f"shape {layout} does not hold points of dimension {means.shape[1]}.")
        centres = means[kept].reshape(-1, *layout)
        if kind == "tied":
            values = np.repeat(values[None], kept.size, axis=0)
        return cls(weights[kept], centres, values[kept])

    def _store(
        self, weights: ArrayLike, means: FloatArray, covariances: ComponentCovariances
    ) -> None:
        """Check and keep the parameters."""
        pi = as_positive(weights, "weights")
        if pi.shape != means.shape[:1]:
            raise InputError(
                f"weights has shape {pi.shape}, but there are {len(means)} means: give one weight "
                "for each."
            )
        if abs(pi.sum() - 1.0) > _WEIGHT_SUM:
            raise InputError(f"weights must sum to 1, not {pi.sum():g}: divide them by their sum.")
        as_positive(
            covariances.floors if covariances.isotropic else covariances.eigenvalues, "covariances"
        )
        self.shape = means.shape[1:]
        self.weights = pi / pi.sum()
        self._means = means.reshape(len(means), -1).copy()
        self.within = covariances
        self._origin = self.weights @ self._means
        for array in (self.weights, self._means):
            array.setflags(write=False)

    def __repr__(self) -> str:
        kind = "isotropic" if self.within.isotropic else f"rank {self.within.eigenvalues.shape[1]}"
        return f"GaussianMixture({self.components} components, shape {self.shape}, {kind})"

    @property
    def components(self) -> int:
        """Number of components c."""
        return len(self.weights)

    @property
    def means(self) -> FloatArray:
        """Centres μ_c, shape (c, *shape)."""
        return self._means.reshape(-1, *self.shape)

    @property
    def mean(self) -> FloatArray:
        """Mean of the mixture, shape `shape`."""
        return np.asarray(self._origin.reshape(self.shape))

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the mixture, within plus between components, shape (d, d)."""
        shifted = self._means - self._origin
        between = (shifted.T * self.weights) @ shifted
        return np.asarray(between + np.tensordot(self.weights, self.covariances, 1))

    @property
    def covariances(self) -> FloatArray:
        """Covariances of the components, shape (c, d, d)."""
        return self.within.matrices(lambda lam: lam)

    def log_density(self, x: ArrayLike, sigma: ArrayLike = 0.0) -> Array:
        """Logarithm of the density of x₀ + σε.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, ≥ 0; 0 is the mixture itself.

        Returns
        -------
        ndarray, shape (batch,), dtype of `x`

        Raises
        ------
        InputError
            If shapes do not match, σ is negative, or a value is not finite.
        """
        return self._map(
            lambda rows, noise: logsumexp(self._log_joint(rows, noise), axis=1),
            *self._points(x, sigma),
        )

    def responsibilities(self, x: ArrayLike, sigma: ArrayLike = 0.0) -> Array:
        """Posterior probability of each component.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, ≥ 0.

        Returns
        -------
        ndarray, shape (batch, c), dtype of `x`
        """
        return self._map(self._posterior, *self._points(x, sigma))

    def score(self, x: ArrayLike, sigma: ArrayLike = 0.0) -> Array:
        """Gradient of `log_density`, without the difference D(x, σ) − x that loses its digits.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, ≥ 0; 0 is the mixture itself.

        Returns
        -------
        ndarray, shape and dtype of `x`
            In units of 1/data.
        """

        def pull(rows: FloatArray, noise: FloatArray) -> FloatArray:
            weights = self._posterior(rows, noise)
            return -self._combine(rows, weights, lambda lam: 1.0 / (lam + noise))

        return self._map(pull, *self._points(x, sigma)).reshape(-1, *self.shape)

    def sample(self, samples: int, rng: np.random.Generator) -> FloatArray:
        """Draw from the mixture.

        Parameters
        ----------
        samples : int
            How many.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (samples, *shape)
        """
        count = as_count(samples, "samples")
        labels = rng.choice(self.components, size=count, p=self.weights)
        points = rng.standard_normal((count, self.dim))
        for c in np.unique(labels):
            rows = labels == c
            points[rows] = self._means[c] + self.within.product(c, points[rows], np.sqrt)
        return points.reshape(-1, *self.shape)

    def _denoise(self, x: Array, sigma: Array) -> Array:
        def mean(rows: FloatArray, noise: FloatArray) -> FloatArray:
            weights = self._posterior(rows, noise)
            if self.within.isotropic:  # one product instead of two, and no term is negative
                kept = weights / (1.0 + noise / self.within.floors)
                return np.asarray(kept.sum(axis=1)[:, None] * rows + (weights - kept) @ self._means)
            shrunk = self._combine(rows, weights, lambda lam: lam / (lam + noise))
            return weights @ self._means + shrunk

        return self._map(mean, x, sigma.astype(np.float64))

    def _points(self, x: ArrayLike, sigma: ArrayLike) -> tuple[Array, FloatArray]:
        """Checked flat points and σ ≥ 0."""
        noise = as_finite(sigma, "sigma")
        if np.any(noise < 0.0):
            raise InputError(f"sigma must not be negative, but {noise.min():g} was given.")
        points, _ = self._checked(x, noise + (noise == 0.0))
        return points, np.broadcast_to(noise, len(points))

    def _map(
        self, function: Callable[[FloatArray, FloatArray], FloatArray], x: Array, sigma: FloatArray
    ) -> Array:
        """Evaluate block by block in float64; the function gets rows and σ² as a column."""
        noise = sigma[:, None] ** 2
        if len(x) and np.ptp(noise) == 0.0:
            noise = noise[:1]  # one row serves all
        size = max(1, _BLOCK // max(self.dim, self.components))
        blocks = [
            function(
                x[i : i + size].astype(np.float64),
                noise if len(noise) == 1 else noise[i : i + size],
            )
            for i in range(0, max(len(x), 1), size)
        ]
        return np.concatenate(blocks).astype(x.dtype)

    def _posterior(self, x: FloatArray, noise: FloatArray) -> FloatArray:
        """Responsibilities of float64 rows, shape (batch, c)."""
        return np.asarray(softmax(self._log_joint(x, noise), axis=1))

    def _log_joint(self, x: FloatArray, noise: FloatArray) -> FloatArray:
        """Joint log density, log π_c N(x; μ_c, Σ_c + σ²), shape (batch, c)."""
        if self.within.isotropic:
            return log_joint(x, noise, self.weights, self._means, self.within.floors)
        squares = np.empty((len(x), self.components))
        for c, centre in enumerate(self._means):
            squares[:, c] = self.within.mahalanobis(c, x - centre, noise)
        determinants = self.within.traces(lambda lam: np.log(2.0 * np.pi * (lam + noise)))
        return np.asarray(np.log(self.weights) - 0.5 * (squares + determinants))

    def _combine(
        self, x: FloatArray, weights: FloatArray, function: SpectralFunction
    ) -> FloatArray:
        """Σ_c w_c f(Σ_c)(x − μ_c)."""
        if self.within.isotropic:
            return combined(x, weights, function(self.within.floors), self._means)
        result = np.zeros_like(x)
        for c, centre in enumerate(self._means):
            if weights[:, c].any():
                result += weights[:, c, None] * self.within.product(c, x - centre, function)
        return result
