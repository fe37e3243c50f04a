"""Stochastic ascent (arXiv:2007.13640) to second order: for denoisers that do not see the noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_nonnegative,
    as_number,
    as_positive,
)
from convergen.theory.denoisers.protocol import Array

# From points and one noise level to denoised points.
Model = Callable[[Array, float], Array]

# Steps that remove less than this share of the distance are beyond any use.
_LEAST = 1e-4
# With h = β = 0.3 the variance of Gaussians whose denoisers estimate σ is right to 2 %.
STEP_SIZE, BETA = 0.3, 0.3
# Of the start: enough for variances of data up to eight times that of the noise.
SETTLING = 10.0
# Points that vary so many times more than data and noise together are no samples of anything.
_RUNAWAY = 10.0


class StochasticAscent:
    """Up by fresh noise, then towards the denoised point, from one level to one far below.

    Parameters
    ----------
    levels : ndarray
        Noise levels, descending; the first is the highest at which D is called.
    rng : numpy.random.Generator
        Fresh noise.
    step_size : float, optional
        h ≤ 0.9: share of the distance |D − x| that a step goes.
    beta : float, optional
        β ≤ 1: share of it by which the noise shrinks; the rest is added again. 1 adds none.
    settling : float, optional
        Steps just below the first level, times h, before the noise shrinks. At the start the noise
        stands for the whole of the points; a variance λ of the data is made up for at the rate
        2σ²/(λ + σ²).
    origin : array_like, shape `shape`, optional
        Of a homogeneous denoiser, D(o + a(x − o)) = o + a(D(x) − o): fresh noise is then none
        along D − o, the amplitude of a point, since what is added to it is never removed.
    variance : float, optional
        Mean square of a coordinate of the data, p; σ² of the first level by default.
    models : int
        How many models share the batch, one after the other along the first axis.

    Attributes
    ----------
    ran_away : ndarray of bool, shape (models,)
        Models whose points came to a mean square above 10 (p + σ²): they remove too little of the
        noise, as the identity does. Their points stay where they were then.

    Notes
    -----
    The published step is x + h (D − x) + γ z with γ² = [(1 − βh)² − (1 − h)²] σ², which takes the
    level from σ to (1 − βh) σ and loses about h (1 + β)/2 of the variance of the data. Here the
    noise comes first and raises the level to (1 − βh) σ/(1 − h); the way down from there is a Heun
    step of dx/dσ = (x − D)/σ. Levels are those intended, not estimates from |D − x|, which is the
    smaller the more dimensions the data fill: a level that is off is drawn back, since more noise
    than intended is removed and less is made up for.
    """

    def __init__(
        self,
        levels: FloatArray,
        rng: np.random.Generator,
        step_size: float | None = None,
        beta: float | None = None,
        settling: float | None = None,
        origin: ArrayLike | None = None,
        variance: float | None = None,
        models: int | None = None,
    ) -> None:
        self._h = _share(STEP_SIZE if step_size is None else step_size, "step_size", 0.9)
        self._beta = _share(BETA if beta is None else beta, "beta", 1.0)
        time = as_nonnegative(SETTLING if settling is None else settling, "settling")
        self._settling = math.ceil(time / self._h)
        self._first, self._rng = float(levels[0]), rng
        self._origin = None if origin is None else as_finite(origin, "origin")
        own = self._first**2 if variance is None else variance
        self._variance = as_number(as_positive(own, "variance"), "variance")
        self.ran_away = np.zeros(1 if models is None else as_count(models, "models"), bool)
        self._clean: Array | None = None

    def __call__(self, model: Model, x: Array, high: float, low: float) -> Array:
        """Go from one level to a lower one.

        Parameters
        ----------
        model : callable
            D(x, σ).
        x : ndarray, shape (batch, *shape)
            Points at level `high`.
        high, low : float
            Noise levels, high > low > 0.

        Returns
        -------
        ndarray, shape of `x`
        """
        if len(x) % len(self.ran_away):
            raise InputError(
                f"{len(x)} points are no whole number for each of {len(self.ran_away)} models: "
                "give every model as many."
            )
        for before, after in pairwise(self._path(high, low)):
            moved = self._step(model, x, before, after)
            if self.ran_away.any():
                kept = np.repeat(self.ran_away, len(x) // len(self.ran_away))
                moved[kept] = x[kept]
            x = moved
            self.ran_away |= self._power(x) > _RUNAWAY * (self._variance + after**2)
        return x

    def evaluations(self, levels: FloatArray) -> int:
        """Calls of the denoiser for all levels.

        Parameters
        ----------
        levels : ndarray
            Noise levels, descending; the last may be 0.

        Returns
        -------
        int
            Two a step, and one for the step to 0.
        """
        positive = levels[levels > 0.0].tolist()
        steps = sum(len(self._path(high, low)) - 1 for high, low in pairwise(positive))
        return 2 * steps + int(levels[-1] == 0.0)

    def responses(self, levels: FloatArray, variances: Array) -> Array:
        """What the sampler makes of each of its noises along an eigenvector of a linear model.

        Parameters
        ----------
        levels : ndarray
            Noise levels, descending; the last may be 0.
        variances : ndarray, shape (p,)
            Eigenvalues λ of the model, whose denoiser is λ/(λ + σ²); real or complex.

        Returns
        -------
        ndarray, shape (noises, p)
            Factors of standard normal noises in the sample: the starting noise, then the fresh
            noise of each step. Their squares add up to the variance of samples.
        """

        def model(x: Array, sigma: float) -> Array:
            return np.asarray(variances / (variances + sigma**2) * x)

        one = np.ones_like(variances)
        found = [levels[0] * one]
        positive = levels[levels > 0.0].tolist()
        for before, after in pairwise(positive):
            for high, low in pairwise(self._path(before, after)):
                raised = self._raised(high, low)
                if raised > high:
                    found.append(math.sqrt(raised**2 - high**2) * one)
                kept, _ = _descend(model, one, raised, low)
                found = [kept * factor for factor in found]
        if levels[-1] == 0.0:
            found = [model(factor, positive[-1]) for factor in found]
        return np.stack(found)

    def _power(self, x: Array) -> FloatArray:
        """Mean square of a coordinate, of each model."""
        rows = x.reshape(len(self.ran_away), -1)
        return np.asarray(np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / rows.shape[1])

    def _path(self, high: float, low: float) -> list[float]:
        """Levels between steps; each step first raises its level, but none above the first."""
        start: list[float] = []
        if high == self._first and self._beta < 1.0:
            start, high = [high], max(low, (1.0 - self._h) * high)
            start += [high] * self._settling
        if high == low:
            return [*start, low]
        count = math.ceil(math.log(low / high) / math.log(1.0 - self._beta * self._h))
        return [*start, *np.geomspace(high, low, count + 1).tolist()]

    def _raised(self, high: float, low: float) -> float:
        """Level from which a step of the share h, or of what is left of it, ends at the lower."""
        share = self._h if high == low else (1.0 - low / high) / self._beta
        return min(low / (1.0 - share), self._first) if share < 1.0 else self._first

    def _step(self, model: Model, x: Array, high: float, low: float) -> Array:
        raised = self._raised(high, low)
        if raised > high:
            fresh = self._rng.standard_normal(x.shape).astype(x.dtype, copy=False)
            if self._origin is not None:
                fresh = self._across(fresh, model(x, high) if self._clean is None else self._clean)
            x = x + math.sqrt(raised**2 - high**2) * fresh
        x, self._clean = _descend(model, x, raised, low)
        return x

    def _across(self, fresh: Array, clean: Array) -> Array:
        """What of the noise does not change the amplitude of the last denoised points."""
        flat = fresh.reshape(len(fresh), -1)
        along = (clean - self._origin).reshape(flat.shape)
        share = (flat * along).sum(axis=1) / (along**2).sum(axis=1)
        return np.asarray(flat - share[:, None] * along, fresh.dtype).reshape(fresh.shape)


def _descend(model: Model, x: Array, high: float, low: float) -> tuple[Array, Array]:
    """Heun step of dx/dσ = (x − D)/σ, and the last denoised points."""
    slope = (x - model(x, high)) / high
    guess = x + (low - high) * slope
    clean = model(guess, low)
    return np.asarray(x + 0.5 * (low - high) * (slope + (guess - clean) / low)), clean


def _share(value: float, name: str, most: float) -> float:
    found = as_number(as_positive(value, name), name)
    if not _LEAST <= found <= most:
        raise InputError(f"{name} = {found:g} must lie between {_LEAST:g} and {most:g}.")
    return found
