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

from convergen.theory.common.checks import FloatArray
from convergen.theory.denoisers.protocol import Array, ExactDenoiser, floating
from convergen.theory.networks.local.left_out import draw_queries
from convergen.theory.networks.local.local_means import LocalMeans
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.local.windows import NestedWindows, WienerFilters
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit

# Thresholds θ of the windows that are tried.
THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
# Noise levels of the choice, in standard deviations of the data; between them the nearest counts.
LEVELS = tuple(np.geomspace(0.03, 20.0, 12).tolist())
# Noised points of one error. Parts of smaller weight are left out: windows of all pixels are the
# dearest and weigh the least.
_QUERIES, _SMALL = 256, 0.02


@dataclass(frozen=True, eq=False)
class Choice:
    """What the points that were left out say at one noise level.

    Attributes
    ----------
    sigma : float
        Noise level, data units.
    thresholds : tuple of float
        θ of the windows that count, descending.
    weights : tuple of float
        Weight of each.
    linear : float
        Weight of the linear filter.
    error : float
        Error E|x₀ − D(x₀ + σε)|²/d of the weighted sum on points left out, squared data units.
    windows : NestedWindows
        Those of the thresholds.
    """

    sigma: float
    thresholds: tuple[float, ...]
    weights: tuple[float, ...]
    linear: float
    error: float
    windows: NestedWindows


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

    def __init__(self, local: LocalMeans, linear: ShrunkLinear, choices: Sequence[Choice]) -> None:
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
        own, clean, noise = draw_queries(points, rng, _QUERIES)
        local, linear = LocalMeans(points, orbit), ShrunkLinear(points, orbit)
        rows = orbit.of(points).reshape(-1, linear.dim)
        filters = WienerFilters(rows)
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
        total = np.zeros_like(x)
        if choice.weights:
            means = self._local.through(choice.windows, x, sigma)
            total += np.tensordot(np.array(choice.weights, dtype=x.dtype), means, axes=1)
        if choice.linear:
            total += x.dtype.type(choice.linear) * self._linear._denoise(x, sigma)
        return total


def _choice(
    local: LocalMeans,
    linear: ShrunkLinear,
    filters: WienerFilters,
    clean: Array,
    noisy: Array,
    own: NDArray[np.int64],
    sigma: float,
) -> Choice:
    """Weights at one noise level."""
    thresholds, windows = filters.nested(sigma, THRESHOLDS)
    level = np.full(len(noisy), sigma, dtype=noisy.dtype)
    answers = [*local.through(windows, noisy.reshape(len(noisy), -1), level, own)]
    answers.append(linear.leave_one_out(noisy, sigma, own))
    columns = np.stack([answer.ravel() for answer in answers], axis=1).astype(np.float64)
    target = clean.ravel().astype(np.float64)
    weights = _not_negative(columns, target)
    kept = [k for k in range(len(thresholds)) if weights[k]]
    return Choice(
        sigma=sigma,
        thresholds=tuple(thresholds[k] for k in kept),
        weights=tuple(float(weights[k]) for k in kept),
        linear=float(weights[-1]),
        error=float(np.mean((columns @ weights - target) ** 2)),
        windows=windows.only(kept),
    )


def _not_negative(columns: FloatArray, target: FloatArray) -> FloatArray:
    """Least squares with weights ≥ 0, those that count for nothing left out."""
    from scipy.optimize import nnls

    gram: Any = columns.T @ columns
    gram += 1e-9 * np.trace(gram) * np.eye(len(gram))
    given, found = columns.T @ target, np.zeros(len(gram))
    kept = np.arange(len(gram))
    while kept.size:
        root = np.linalg.cholesky(gram[np.ix_(kept, kept)])
        weights, _ = nnls(root.T, np.linalg.solve(root, given[kept]))
        if weights.min() >= _SMALL:
            found[kept] = weights
            break
        kept = kept[weights >= _SMALL]
    return found
