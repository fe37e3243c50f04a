"""The budgeted mixture: one Gaussian mixture from the linear model to the empirical score.

Each training point is the centre of a Gaussian as wide as h² of the data; what a longer training
does is to lower h. In the eigenbasis of the covariance one call is two matrix products.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.common.compiled import kernel
from convergen.theory.denoisers.protocol import Array, ExactDenoiser, floating
from convergen.theory.empirical_score.logits.logit_rows import LANES, REORDER, add_to, largest
from convergen.theory.empirical_score.logits.vector_exp import exp_nonpositive, larger
from convergen.theory.networks.local.left_out import draw_queries, none_left_out
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit

# Widths h² that are tried, and noise levels of their errors in standard deviations of the data.
_WIDTHS = (0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_LEVELS, _QUERIES = (0.1, 0.2, 0.5, 1.0, 2.0), 256
# Products of one tile.
_ENTRIES = 2**20
# Below one weight in so many that is not zero, adding them one by one beats a matrix product.
_FEW = 16
# Where only one row in so many has few, taking those rows apart costs more than it saves.
_RARE = 4


class BudgetedMixture(ExactDenoiser):
    """Posterior mean under the mixture of N(a y_i, h² C), a² = 1 − h².

    Parameters
    ----------
    data : array_like, shape (n, *shape)
        Training points y, centred by the caller.
    width : float
        h² in [0, 1]: 1 is the linear model of C, 0 the empirical score.
    orbit : Orbit
        Every point counts with its images.

    Attributes
    ----------
    width : float
        h².
    samples : int
        Number n of training points, without images.
    power : float
        1: exponent of N/n in `trained`.

    Raises
    ------
    InputError
        If the width is not in [0, 1].

    Notes
    -----
    C is the shrunk covariance of `ShrunkLinear`. With Γ = h² C + σ² the weights are
    ∝ exp(−½ (x − a y_i)ᵀ Γ⁻¹ (x − a y_i)) and D = Σ_i w_i [a y_i + h² C Γ⁻¹ (x − a y_i)].
    """

    power = 1.0

    def __init__(self, data: ArrayLike, width: float, orbit: Orbit = NO_ORBIT) -> None:
        points = np.asarray(data)
        points = points.astype(floating(points))
        self.shape, self.samples = points.shape[1:], len(points)
        self._order = orbit.order(self.shape)
        linear = ShrunkLinear(points, orbit)
        self._values, self._vectors = linear.values, linear.vectors.astype(points.dtype)
        self._centres = orbit.of(points).reshape(-1, self.dim) @ self._vectors
        self.width = _checked(width)

    @classmethod
    def fit(cls, data: ArrayLike, rng: np.random.Generator, orbit: Orbit = NO_ORBIT) -> Self:
        """Choose the width h₀² that denoises best what is left out.

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
        BudgetedMixture
            Its width minimises Σ_σ (1 + σ⁻²) · error, σ in units of the data.
        """
        found = cls(data, max(_WIDTHS), orbit)
        points = np.asarray(data).astype(found._centres.dtype)
        own, clean, noise = draw_queries(points.reshape(len(points), -1), rng, _QUERIES)
        unit = float(np.sqrt(found._values.mean()))

        def error(width: float) -> float:
            found.width = width
            total = 0.0
            for level in _LEVELS:
                sigma = np.full(_QUERIES, unit * level, dtype=clean.dtype)
                answer = found._means(clean + sigma[:, None] * noise, sigma, own)
                total += (1.0 + level**-2) * float(np.mean((answer - clean) ** 2))
            return total

        found.width = min(_WIDTHS, key=error)
        return found

    def at(self, width: float) -> BudgetedMixture:
        """The same centres at another width.

        Parameters
        ----------
        width : float
            h² in [0, 1].

        Returns
        -------
        BudgetedMixture
        """
        other = object.__new__(BudgetedMixture)
        other.__dict__ |= self.__dict__ | {"width": _checked(width)}
        return other

    def trained(self, memorised: float) -> BudgetedMixture:
        """The mixture after a budget.

        Parameters
        ----------
        memorised : float
            N = s/c, points that the budget suffices to memorise, ≥ 0.

        Returns
        -------
        BudgetedMixture
            h² = h₀² exp(−N/n), h₀² the width of this one.
        """
        return self.at(self.width * float(np.exp(-memorised / self.samples)))

    def _denoise(self, x: Array, sigma: Array) -> Array:
        return self._means(x, sigma, none_left_out(len(x)))

    def _means(self, x: Array, sigma: Array, own: NDArray[np.int64]) -> Array:
        """Denoise flat points, those of one noise level together."""
        out = np.empty_like(x)
        rows = max(_ENTRIES // len(self._centres), 32)
        levels = np.unique(sigma)
        for level in levels:
            # A sampler calls all points at one level: slices of them are no copies.
            found = None if levels.size == 1 else np.flatnonzero(sigma == level)
            for start in range(0, len(x) if found is None else found.size, rows):
                window = slice(start, start + rows)
                part: Any = window if found is None else found[window]
                self._tile(x[part], float(level), own[part], out, part)
        return out

    def _tile(self, x: Array, sigma: float, own: NDArray[np.int64], out: Array, part: Any) -> None:
        """Fill a part of the answers."""
        kind: Any = x.dtype.type
        centres, vectors = (a.astype(x.dtype, copy=False) for a in (self._centres, self._vectors))
        level = self._level(sigma, kind)
        along = x @ vectors
        weights = (level.inner * along) @ centres.T
        sums, few = np.empty(len(x), dtype=kind), np.empty(len(x), dtype=np.bool_)
        _weights(weights, level.halves, own, self._order, sums, few)
        means = _weighed(weights, few, centres)
        _join(along, level.linear, means, level.outer, sums)
        out[part] = along @ vectors.T

    def _level(self, sigma: float, kind: Any) -> _Level:
        """What all calls at one noise level share; kept, since a sampler makes several in a row."""
        key = (self.width, sigma, kind)
        if getattr(self, "_kept", (None,))[0] != key:
            a2 = 1.0 - self.width
            total = self.width * self._values + sigma**2
            linear = self.width * self._values / total
            parts = (
                linear, np.sqrt(a2) / total, np.sqrt(a2) * (1.0 - linear),
                self._centres**2 @ (0.5 * a2 / total),
            )  # fmt: skip
            self._kept = key, _Level(*(one.astype(kind) for one in parts))
        found: _Level = self._kept[1]
        return found


class _Level(NamedTuple):
    """One noise level, along the eigenvectors of C: Γ its variances.

    Attributes
    ----------
    linear : ndarray, shape (d,)
        h² C/Γ.
    inner, outer : ndarray, shape (d,)
        a/Γ, which inner products with the centres are weighed by, and a (1 − h² C/Γ), their means.
    halves : ndarray, shape (n,)
        |a y_i|²_Γ/2 of every centre.
    """

    linear: Array
    inner: Array
    outer: Array
    halves: Array


def _weighed(weights: Array, few: NDArray[np.bool_], centres: Array) -> Array:
    """Weighted sums of the centres; of rows with few weights only those are looked at."""
    if np.count_nonzero(few) * _RARE <= few.size:
        return np.asarray(weights @ centres)
    means = np.zeros((len(weights), centres.shape[1]), dtype=weights.dtype)
    if not few.all():
        means[~few] = weights[~few] @ centres
    _add_few(weights, few, centres, means)
    return means


@kernel(nogil=True)
def _add_few(weights, few, centres, means):  # type: ignore[no-untyped-def]
    """Add the centres whose weight is not zero, row by row."""
    for i in range(weights.shape[0]):
        if few[i]:
            for start in range(0, weights.shape[1], LANES):
                stop = min(start + LANES, weights.shape[1])
                if largest(weights[i, start:stop]) > 0.0:
                    for j in range(start, stop):
                        if weights[i, j] > 0.0:
                            add_to(means[i], weights[i, j], centres[j])


@kernel(fastmath=REORDER)
def _lower(row, halves):  # type: ignore[no-untyped-def]
    """Subtract, in place; the largest of what is left."""
    best = row[0] - halves[0]
    for j in range(row.size):
        row[j] -= halves[j]
        best = larger(row[j], best)
    return best


@kernel(fastmath=REORDER)
def _exponentials(row, top):  # type: ignore[no-untyped-def]
    """From logits to weights, 1 the largest, in place; their sum, and how many are not zero.

    Those whose squares are below the normal range count as zero: such numbers are slow.
    """
    kind = row.dtype.type
    zero, one, low = kind(0.0), kind(1.0), kind(-43.0 if row.itemsize == 4 else -354.0)
    total, count = zero, zero
    for j in range(row.size):
        logit = larger(row[j] - top, low)
        weight = exp_nonpositive(logit) if logit > low else zero
        row[j] = weight
        total += weight
        count += one if logit > low else zero
    return total, count


@kernel(nogil=True)
def _weights(rows, halves, own, order, sums, few):  # type: ignore[no-untyped-def]
    """From inner products to weights, in place, their sums, and in which rows few are not zero.

    Those of the own orbit are zero.
    """
    for i in range(rows.shape[0]):
        row = rows[i]
        if own[i] >= 0:
            row[own[i] * order : (own[i] + 1) * order] = -np.inf
        sums[i], count = _exponentials(row, _lower(row, halves))
        few[i] = count * _FEW <= row.size


@kernel(nogil=True, fastmath={"contract"})
def _join(along, linear, means, outer, sums):  # type: ignore[no-untyped-def]
    """Join linear · along + outer · mean, in place, each mean divided by its sum."""
    for i in range(along.shape[0]):
        scale = along.dtype.type(1.0) / sums[i]
        for k in range(along.shape[1]):
            along[i, k] = linear[k] * along[i, k] + outer[k] * (scale * means[i, k])


def _checked(width: float) -> float:
    if not 0.0 <= width <= 1.0:
        raise InputError(f"the width h² lies between 0 and 1, not at {width:g}.")
    return float(width)
