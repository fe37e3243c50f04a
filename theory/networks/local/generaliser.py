"""The generaliser: local posterior means and a linear filter, weighed by what they leave out.

A convolutional network that has not yet copied answers like a posterior mean that looks at a
neighbourhood. Which neighbourhood, and how much of a linear filter, is decided at each noise level
by the errors on training points that are left out, whole orbits at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.denoisers.protocol import Array, ExactDenoiser, floating
from convergen.theory.networks.local.left_out import draw_queries
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import WienerFilters, Windows
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit

# Thresholds θ of the windows that are tried.
THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
# Noise levels of the choice, in standard deviations of the data; between them the nearest counts.
LEVELS = tuple(np.geomspace(0.03, 20.0, 12).tolist())
# Noised points of one error, and weights that count as zero.
_QUERIES, _SMALL = 256, 1e-3


@dataclass(frozen=True, eq=False)
class Choice:
    """What the points that were left out say at one noise level.

    Attributes
    ----------
    sigma : float
        Noise level, data units.
    thresholds : tuple of float
        θ of the windows that count.
    weights : tuple of float
        Weight of each.
    linear : float
        Weight of the linear filter.
    error : float
        Error E|x₀ − D(x₀ + σε)|²/d of the weighted sum on points left out, squared data units.
    windows : tuple of Windows
        Those of the thresholds.
    """

    sigma: float
    thresholds: tuple[float, ...]
    weights: tuple[float, ...]
    linear: float
    error: float
    windows: tuple[Windows, ...]


class Generaliser(ExactDenoiser):
    """D = Σ_θ a_θ(σ) D_θ + b(σ) D_lin, the weights ≥ 0 fitted to points that are left out.

    Build it with `fit`.

    Attributes
    ----------
    choices : tuple of Choice
        One for each noise level of the fit, ascending.
    samples : int
        Number n of training points, without images.
    """

    def __init__(
        self, local: WindowDenoiser, linear: ShrunkLinear, choices: Sequence[Choice]
    ) -> None:
        self.shape, self.samples = local.shape, local.samples
        self.choices = tuple(choices)
        self._local, self._linear = local, linear
        self._levels = np.log([choice.sigma for choice in choices])

    @classmethod
    def fit(cls, data: ArrayLike, rng: np.random.Generator, orbit: Orbit = NO_ORBIT) -> Self:
        """Fit the weights at each noise level.

        Parameters
        ----------
        data : array_like, shape (n, *shape)
            At least two training points, centred by the caller.
        rng : numpy.random.Generator
            Noise of the points that are left out.
        orbit : Orbit
            Every point counts with its images; all of them are left out together.

        Returns
        -------
        Generaliser

        Raises
        ------
        InputError
            If there are fewer than two points, or they are all zero.
        """
        points = np.asarray(data)
        points = points.astype(floating(points))
        if len(points) < 2:
            raise InputError("a generaliser is fitted to points left out: give two or more.")
        rows = orbit.of(points).reshape(-1, int(np.prod(points.shape[1:])))
        linear, filters = ShrunkLinear(points, orbit), WienerFilters(rows)
        everything = Windows.of(np.ones((rows.shape[1],) * 2, dtype=np.bool_))
        local = WindowDenoiser(points, everything, orbit)
        own, clean, noise = draw_queries(points, rng, _QUERIES)
        unit = float(np.sqrt(np.mean(rows.astype(np.float64) ** 2)))
        choices = [
            _choice(
                local, linear, filters, clean, clean + noise.dtype.type(sigma) * noise, own, sigma
            )
            for sigma in (unit * np.array(LEVELS)).tolist()
        ]
        return cls(local, linear, choices)

    def _denoise(self, x: Array, sigma: Array) -> Array:
        out = np.empty_like(x)
        nearest = np.abs(np.log(sigma.astype(np.float64))[:, None] - self._levels).argmin(axis=1)
        for level in np.unique(nearest):
            part = nearest == level
            out[part] = self._at(self.choices[level], x[part], sigma[part])
        return out

    def _at(self, choice: Choice, x: Array, sigma: Array) -> Array:
        """Weighted sum of one noise level."""
        parts = [
            (weight, self._local.seen_through(windows))
            for weight, windows in zip(choice.weights, choice.windows, strict=True)
        ]
        total = np.zeros_like(x)
        for weight, part in [*parts, (choice.linear, self._linear)]:
            if weight:
                total += x.dtype.type(weight) * part._denoise(x, sigma)
        return total


def _choice(
    local: WindowDenoiser,
    linear: ShrunkLinear,
    filters: WienerFilters,
    clean: Array,
    noisy: Array,
    own: NDArray[np.int64],
    sigma: float,
) -> Choice:
    """Weights at one noise level."""
    tried = filters.distinct(sigma, THRESHOLDS)
    answers = [local.seen_through(windows).leave_one_out(noisy, sigma, own) for _, windows in tried]
    answers.append(linear.leave_one_out(noisy, sigma, own))
    columns = np.stack([answer.ravel() for answer in answers], axis=1).astype(np.float64)
    target = clean.ravel().astype(np.float64)
    weights = _not_negative(columns, target)
    kept = [k for k in range(len(tried)) if weights[k]]
    return Choice(
        sigma=sigma,
        thresholds=tuple(tried[k][0] for k in kept),
        weights=tuple(float(weights[k]) for k in kept),
        linear=float(weights[-1]),
        error=float(np.mean((columns @ weights - target) ** 2)),
        windows=tuple(tried[k][1] for k in kept),
    )


def _not_negative(columns: FloatArray, target: FloatArray) -> FloatArray:
    """Least squares with weights ≥ 0, from the normal equations."""
    from scipy.optimize import nnls

    gram: Any = columns.T @ columns
    gram += 1e-9 * np.trace(gram) * np.eye(len(gram))
    root = np.linalg.cholesky(gram)
    weights, _ = nnls(root.T, np.linalg.solve(root, columns.T @ target))
    return np.where(weights < _SMALL, 0.0, weights)
