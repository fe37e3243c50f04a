"""The table of samplers: how each moves points from one noise level to the next.

A step takes a denoiser D, points x at noise level `high` and a level `low` > 0 below it, and
returns points at `low`. A new sampler is a function that makes such a step, and one row in METHODS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_nonnegative,
    as_number,
    as_positive,
)
from convergen.theory.denoisers.protocol import Array
from convergen.theory.denoisers.stochastic_ascent import StochasticAscent

# From points and one noise level to denoised points.
Model = Callable[[Array, float], Array]
Step = Callable[[Model, Array, float, float], Array]

# Beyond this growth of a level, its noise would be squared in one step (arXiv:2206.00364).
_MOST_GROWTH = 2**0.5 - 1
# A step of DOP853 costs 12 evaluations, so this is far beyond any smooth denoiser.
_MOST_EVALUATIONS = 100_000


@dataclass(frozen=True)
class Method:
    """One sampler.

    Attributes
    ----------
    prepare : callable
        Takes all noise levels and the options by name, and returns the step.
    options : tuple of str
        Arguments of `convergen.theory.sample` that `prepare` takes.
    on_grid : bool
        Whether the schedule has as many steps as the caller says; otherwise the method chooses
        its own steps between the ends.
    ends : (float, float)
        Lowest and highest level where the caller says nothing.
    """

    prepare: Callable[..., Step]
    options: tuple[str, ...] = ()
    on_grid: bool = True
    ends: tuple[float, float] = (0.002, 80.0)

    @property
    def uses(self) -> tuple[str, ...]:
        """All arguments of `convergen.theory.sample` that make sense with the method."""
        return (("steps", "rho") if self.on_grid else ()) + self.options


def euler(model: Model, x: Array, high: float, low: float) -> Array:
    """First-order step of dx/dσ = (x − D)/σ, the deterministic DDIM (arXiv:2010.02502)."""
    clean = model(x, high)
    return clean + low / high * (x - clean)


def heun(model: Model, x: Array, high: float, low: float) -> Array:
    """Second-order step of the same equation (arXiv:2206.00364, algorithm 1)."""
    slope = (x - model(x, high)) / high
    guess = x + (low - high) * slope
    return np.asarray(x + 0.5 * (low - high) * (slope + (guess - model(guess, low)) / low))


def _ancestral(levels: FloatArray, rng: np.random.Generator | None) -> Step:
    """Draw from the posterior at the next level given x₀ = D (arXiv:2011.13456, appendix F)."""
    source = _generator(rng, "ancestral")

    def step(model: Model, x: Array, high: float, low: float) -> Array:
        clean = model(x, high)
        ratio = low / high
        mean = clean + ratio**2 * (x - clean)
        return np.asarray(mean + low * (1.0 - ratio**2) ** 0.5 * _normal(source, x))

    return step


def _stochastic(
    levels: FloatArray,
    rng: np.random.Generator | None,
    churn: float | None,
    churn_range: ArrayLike | None,
    churn_noise: float | None,
) -> Step:
    """Add noise, then a Heun step from the raised level (arXiv:2206.00364, algorithm 2)."""
    if churn is None:
        raise InputError("method 'stochastic' needs churn, such as 40.0: pass it.")
    source = _generator(rng, "stochastic")
    growth = min(as_nonnegative(churn, "churn") / (levels.size - 1), _MOST_GROWTH)
    lowest, highest = _span(churn_range)
    spread = as_nonnegative(1.0 if churn_noise is None else churn_noise, "churn_noise")

    def step(model: Model, x: Array, high: float, low: float) -> Array:
        if growth == 0.0 or not lowest <= high <= highest:
            return heun(model, x, high, low)
        raised = high * (1.0 + growth)
        added = spread * high * (growth * (2.0 + growth)) ** 0.5
        return heun(model, x + added * _normal(source, x), raised, low)

    return step


def _blind(
    levels: FloatArray,
    rng: np.random.Generator | None,
    step_size: float | None,
    beta: float | None,
    settling: float | None,
    origin: ArrayLike | None,
    variance: float | None,
    models: int | None,
) -> Step:
    """Stochastic ascent, which needs no σ (arXiv:2007.13640)."""
    source = _generator(rng, "blind")
    return StochasticAscent(levels, source, step_size, beta, settling, origin, variance, models)


def _adaptive(levels: FloatArray, rtol: float | None, atol: float | None) -> Step:
    """SciPy's DOP853 for dx/d log σ = x − D, in float64."""
    relative = as_number(as_positive(1e-8 if rtol is None else rtol, "rtol"), "rtol")
    if relative < 1e-13:
        raise InputError(f"rtol = {relative:g} is beyond double precision: use 1e-13 or more.")
    default = relative * float(levels[levels > 0.0][-1])
    absolute = as_number(as_positive(default if atol is None else atol, "atol"), "atol")

    def step(model: Model, x: Array, high: float, low: float) -> Array:
        from scipy.integrate import DOP853

        def slope(t: float, flat: FloatArray) -> FloatArray:
            points = flat.reshape(x.shape)
            return np.asarray(points - model(points, float(np.exp(t)))).ravel()

        start = x.astype(np.float64).ravel()
        solver = DOP853(slope, np.log(high), start, np.log(low), rtol=relative, atol=absolute)
        while solver.status == "running" and solver.nfev < _MOST_EVALUATIONS:
            solver.step()
        if solver.status != "finished":
            raise InputError(
                f"method 'adaptive' got stuck at sigma = {np.exp(solver.t):g} with rtol = "
                f"{relative:g}: raise rtol and atol, and check that the denoiser gives the same "
                "answer twice."
            )
        return np.asarray(solver.y.reshape(x.shape).astype(x.dtype))

    return step


METHODS = {
    "heun": Method(lambda levels: heun),
    "euler": Method(lambda levels: euler),
    "ddim": Method(lambda levels: euler),
    "ancestral": Method(_ancestral, ("rng",)),
    "stochastic": Method(_stochastic, ("rng", "churn", "churn_range", "churn_noise")),
    "blind": Method(
        _blind, ("rng", "step_size", "beta", "settling", "origin", "variance", "models"),
        on_grid=False, ends=(0.05, 2.0),
    ),
    "adaptive": Method(_adaptive, ("rtol", "atol"), on_grid=False),
}  # fmt: skip


def _normal(rng: np.random.Generator, x: Array) -> Array:
    """Fresh noise, the same numbers in either precision."""
    return rng.standard_normal(x.shape).astype(x.dtype, copy=False)


def _generator(rng: np.random.Generator | None, method: str) -> np.random.Generator:
    """The generator, refused if there is none."""
    if not isinstance(rng, np.random.Generator):
        raise InputError(
            f"method {method!r} draws random numbers, but rng is {type(rng).__name__}: give a "
            "numpy.random.Generator, such as numpy.random.default_rng(0)."
        )
    return rng


def _span(churn_range: ArrayLike | None) -> tuple[float, float]:
    """Lowest and highest level that is raised."""
    if churn_range is None:
        return 0.0, np.inf
    levels = as_finite(churn_range, "churn_range")
    if levels.shape != (2,) or not 0.0 <= levels[0] <= levels[1]:
        raise InputError("churn_range must be two noise levels, the lower one first.")
    return float(levels[0]), float(levels[1])
