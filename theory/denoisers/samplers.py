"""Samplers that run on any denoiser, from seeds of the caller (arXiv:2206.00364).

All of them move x = x₀ + σε down a schedule σ_max = σ_0 > σ_1 > … and, if it ends at 0, take the
denoised point D(x, σ) as the last step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
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
from convergen.theory.denoisers.protocol import Array, Denoiser

# What each method uses beside sigma_min, sigma_max and sigmas; anything else is refused.
_GRID = ("steps", "rho")
_OPTIONS = {
    "heun": _GRID,
    "euler": _GRID,
    "ddim": _GRID,
    "ancestral": (*_GRID, "rng"),
    "stochastic": (*_GRID, "rng", "churn", "churn_range", "churn_noise"),
    "adaptive": ("rtol", "atol"),
}
# A step of DOP853 costs 12 evaluations, so this is far beyond any smooth denoiser.
_MOST_EVALUATIONS = 100_000


@dataclass(frozen=True, eq=False)
class Samples:
    """What a sampler produced.

    Attributes
    ----------
    points : ndarray, shape (batch, *shape)
        Points at the last noise level, in data units; dtype of the noise that was given.
    trajectory : ndarray, shape (levels, batch, *shape), or None
        Points at every noise level, the scaled noise first and `points` last, if asked for.
    sigmas : ndarray of float64, shape (levels,)
        Noise levels, descending.
    evaluations : int
        How often the denoiser was called on the batch.
    """

    points: Array
    trajectory: Array | None
    sigmas: FloatArray
    evaluations: int


def karras_schedule(
    steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> FloatArray:
    """Noise levels that are equidistant in σ^{1/ρ}, then 0.

    Parameters
    ----------
    steps : int
        Number of steps N ≥ 1, the last one to 0.
    sigma_min, sigma_max : float
        Smallest and largest level, 0 < sigma_min < sigma_max; data units. One step goes from
        sigma_max to 0.
    rho : float
        ρ > 0: 1 is linear in σ, large values approach equal steps in log σ.

    Returns
    -------
    ndarray of float64, shape (steps + 1,)
        Strictly descending. Source: arXiv:2206.00364, equation 5.

    Raises
    ------
    InputError
        If the levels are not ordered, or a value is out of range.
    """
    count = as_count(steps, "steps")
    low, high, power = (
        as_number(as_positive(value, name), name)
        for value, name in ((sigma_min, "sigma_min"), (sigma_max, "sigma_max"), (rho, "rho"))
    )
    if low >= high:
        raise InputError(
            f"sigma_min = {low:g} and sigma_max = {high:g} must satisfy 0 < sigma_min < sigma_max."
        )
    # Relative to σ_max, so that no power overflows.
    ramp = np.linspace(1.0, (low / high) ** (1.0 / power), count)
    levels = np.append(high * ramp**power, 0.0)
    levels[0] = high
    if count > 1:
        levels[-2] = low
    if np.any(np.diff(levels) >= 0.0):
        raise InputError(f"{count} steps leave no distance between levels: use fewer steps.")
    return levels


def sample(
    denoiser: Denoiser,
    noise: ArrayLike,
    *,
    method: str = "heun",
    steps: int | None = None,
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    rho: float | None = None,
    sigmas: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    churn: float | None = None,
    churn_range: tuple[float, float] | None = None,
    churn_noise: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    trajectory: bool = False,
) -> Samples:
    """Turn noise into samples of the law that a denoiser knows.

    Parameters
    ----------
    denoiser : Denoiser
        Any callable D(x, sigma), called with x of shape (batch, *shape) and sigma of shape
        (batch,).
    noise : array_like, shape (batch, *shape)
        Standard normal seeds; the start is σ_max · noise. Give the same seeds to two models to
        compare them. float32 stays float32, all else becomes float64.
    method : str
        ``heun``, ``euler`` (also called ``ddim``), ``ancestral``, ``stochastic`` or
        ``adaptive``; see the notes.
    steps : int, optional
        Steps of the schedule, default 18. Not for ``adaptive``.
    sigma_min, sigma_max : float, optional
        Range of the schedule in data units, default 0.002 and 80: well below and above the
        standard deviations of data whose variance is of order 1.
    rho : float, optional
        Exponent of `karras_schedule`, default 7. Not for ``adaptive``.
    sigmas : array_like, shape (levels,), optional
        The whole schedule instead, strictly descending; if its last level is not 0, the points
        are those at that level. ``adaptive`` then stops at these levels.
    rng : numpy.random.Generator
        Fresh noise of ``ancestral`` and ``stochastic``, which need it. Two models see the same
        if their generators start alike.
    churn : float
        Noise added by ``stochastic``, which needs it: each level is raised by the factor
        1 + min(churn/steps, √2 − 1). 0 is Heun; 30 to 80 is common with trained networks.
    churn_range : (float, float), optional
        Levels that are raised, default all.
    churn_noise : float, optional
        Standard deviation of the added noise, default 1, which alone is exact; slightly more
        makes up for networks that remove too much.
    rtol, atol : float, optional
        Tolerances of ``adaptive`` per step on the root mean square over the whole batch,
        default 1e-8 and rtol · (last level above 0).
    trajectory : bool
        Keep the points at every level.

    Returns
    -------
    Samples

    Raises
    ------
    InputError
        If an argument is out of range or not used by the method, the denoiser returns another
        shape or values that are not finite, or the tolerances cannot be met.

    Notes
    -----
    Orders are in 1/steps, between two fixed levels above 0:

    - ``heun`` (order 2, 2 evaluations a step; algorithm 1 of [1]_), ``euler`` (order 1, the
      deterministic DDIM of [2]_) and ``adaptive`` (SciPy's DOP853 in log σ, in float64 inside)
      solve the probability-flow ODE dx/dσ = (x − D)/σ: the sample is a function of the seed, for
      a Gaussian m + Σ^{1/2}·seed as σ_max → ∞ and σ_min → 0.
    - ``ancestral`` draws x at the next level from its posterior given x₀ = D(x, σ), as DDPM
      does (the variance-exploding form in [3]_): right in law, order 1 in the moments, exact
      as steps → ∞.
    - ``stochastic`` (algorithm 2 of [1]_) adds noise, which is exact in law, then takes a Heun
      step from the raised level: order 2 in the moments. The last step to 0 adds none.

    Denoising at the last level stands for the rest of the flow; for a Gaussian it multiplies by
    λ/(λ + σ²) instead of [λ/(λ + σ²)]^{1/2}, an error of relative size σ_min²/2λ that no number
    of steps removes.

    References
    ----------
    .. [1] Karras, Aittala, Aila & Laine (2022), arXiv:2206.00364.
    .. [2] Song, Meng & Ermon (2020), arXiv:2010.02502.
    .. [3] Song et al. (2020), arXiv:2011.13456, appendix F.
    """
    if not callable(denoiser):
        raise InputError(f"denoiser is a {type(denoiser).__name__}: give a callable D(x, sigma).")
    options = {
        "steps": steps,
        "rho": rho,
        "rng": rng,
        "churn": churn,
        "churn_range": churn_range,
        "churn_noise": churn_noise,
        "rtol": rtol,
        "atol": atol,
    }
    _refuse_unused(method, options)
    points = _seeds(noise)
    if sigmas is None:
        low, high = (
            default if value is None else value
            for value, default in ((sigma_min, 0.002), (sigma_max, 80.0))
        )
        # The adaptive method chooses its own steps between the ends.
        count = 2 if method == "adaptive" else 18 if steps is None else steps
        levels = karras_schedule(count, low, high, 7.0 if rho is None else rho)
    else:
        levels = _own_schedule(
            sigmas, steps=steps, sigma_min=sigma_min, sigma_max=sigma_max, rho=rho
        )
    model = _Counted(denoiser)
    step: Callable[[_Counted, Array, float, float], Array]
    if method in ("euler", "ddim"):
        step = _euler
    elif method == "heun":
        step = _heun
    elif method == "ancestral":
        step = partial(_ancestral, rng=_generator(rng, method))
    elif method == "stochastic":
        if churn is None:
            raise InputError("method 'stochastic' needs churn, such as 40.0: pass it.")
        step = partial(
            _stochastic,
            rng=_generator(rng, method),
            growth=min(as_nonnegative(churn, "churn") / (levels.size - 1), 2**0.5 - 1),
            span=_span(churn_range),
            spread=as_nonnegative(1.0 if churn_noise is None else churn_noise, "churn_noise"),
        )
    else:
        relative = as_number(as_positive(1e-8 if rtol is None else rtol, "rtol"), "rtol")
        if relative < 1e-13:
            raise InputError(f"rtol = {relative:g} is beyond double precision: use 1e-13 or more.")
        absolute = relative * float(levels[levels > 0.0][-1]) if atol is None else atol
        step = partial(
            _adaptive, rtol=relative, atol=as_number(as_positive(absolute, "atol"), "atol")
        )
    # Python floats, which leave the precision of float32 points alone.
    ladder: list[float] = levels.tolist()
    points = ladder[0] * points
    path = [points]
    for high, low in pairwise(ladder):
        points = model(points, high) if low == 0.0 else step(model, points, high, low)
        if trajectory:
            path.append(points)
    return Samples(points, np.stack(path) if trajectory else None, levels, model.evaluations)


class _Counted:
    """A denoiser that counts its calls and whose answers are checked."""

    def __init__(self, denoiser: Denoiser) -> None:
        self.denoiser = denoiser
        self.evaluations = 0

    def __call__(self, x: Array, sigma: float) -> Array:
        self.evaluations += 1
        clean = np.asarray(self.denoiser(x, np.full(len(x), sigma, x.dtype)))
        if clean.shape != x.shape:
            raise InputError(
                f"the denoiser returned shape {clean.shape} for points of shape {x.shape}: it must "
                "keep the shape."
            )
        if not np.isfinite(clean).all():
            raise InputError(
                f"the denoiser returned NaN or infinite values at sigma = {sigma:g}: check it "
                "there, or change sigma_min and sigma_max."
            )
        return clean.astype(x.dtype, copy=False)


def _euler(model: _Counted, x: Array, high: float, low: float) -> Array:
    clean = model(x, high)
    return clean + low / high * (x - clean)


def _heun(model: _Counted, x: Array, high: float, low: float) -> Array:
    slope = (x - model(x, high)) / high
    guess = x + (low - high) * slope
    return np.asarray(x + 0.5 * (low - high) * (slope + (guess - model(guess, low)) / low))


def _ancestral(
    model: _Counted, x: Array, high: float, low: float, *, rng: np.random.Generator
) -> Array:
    clean = model(x, high)
    ratio = low / high
    mean = clean + ratio**2 * (x - clean)
    return np.asarray(mean + low * (1.0 - ratio**2) ** 0.5 * _normal(rng, x))


def _stochastic(
    model: _Counted,
    x: Array,
    high: float,
    low: float,
    *,
    rng: np.random.Generator,
    growth: float,
    span: tuple[float, float],
    spread: float,
) -> Array:
    if growth == 0.0 or not span[0] <= high <= span[1]:
        return _heun(model, x, high, low)
    raised = high * (1.0 + growth)
    added = spread * high * (growth * (2.0 + growth)) ** 0.5
    return _heun(model, x + added * _normal(rng, x), raised, low)


def _adaptive(
    model: _Counted, x: Array, high: float, low: float, *, rtol: float, atol: float
) -> Array:
    from scipy.integrate import DOP853

    def slope(t: float, flat: FloatArray) -> FloatArray:
        points = flat.reshape(x.shape)
        return np.asarray(points - model(points, float(np.exp(t)))).ravel()

    start = x.astype(np.float64).ravel()
    solver = DOP853(slope, np.log(high), start, np.log(low), rtol=rtol, atol=atol)
    while solver.status == "running" and model.evaluations < _MOST_EVALUATIONS:
        solver.step()
    if solver.status != "finished":
        raise InputError(
            f"method 'adaptive' got stuck at sigma = {np.exp(solver.t):g} with rtol = {rtol:g}: "
            "raise rtol and atol, and check that the denoiser gives the same answer twice."
        )
    return np.asarray(solver.y.reshape(x.shape).astype(x.dtype))


def _normal(rng: np.random.Generator, x: Array) -> Array:
    """Fresh noise, the same numbers in either precision."""
    return rng.standard_normal(x.shape).astype(x.dtype, copy=False)


def _refuse_unused(method: str, options: Mapping[str, object]) -> None:
    if method not in _OPTIONS:
        raise InputError(f"unknown method {method!r}: choose from {', '.join(_OPTIONS)}.")
    for name, value in options.items():
        if value is not None and name not in _OPTIONS[method]:
            users = [other for other, names in _OPTIONS.items() if name in names]
            raise InputError(
                f"method {method!r} does not use {name}: leave it out, or choose "
                f"{' or '.join(users)}."
            )


def _seeds(noise: ArrayLike) -> Array:
    as_finite(noise, "noise")
    seeds = np.asarray(noise)
    if seeds.ndim < 2 or seeds.size == 0:
        raise InputError(
            f"noise has shape {seeds.shape}: give an array of shape (batch, *shape) with at least "
            "one point."
        )
    return seeds.astype(np.float32 if seeds.dtype == np.float32 else np.float64, copy=False)


def _own_schedule(sigmas: ArrayLike, **beside: object) -> FloatArray:
    for name, value in beside.items():
        if value is not None:
            raise InputError(f"sigmas is the whole schedule: leave out {name} beside it.")
    levels = as_finite(sigmas, "sigmas")
    if levels.ndim != 1 or levels.size < 2 or levels[-1] < 0.0 or np.any(np.diff(levels) >= 0.0):
        raise InputError(
            "sigmas must be a list of at least two noise levels, strictly descending and not "
            "negative, such as karras_schedule(18)."
        )
    return levels


def _generator(rng: np.random.Generator | None, method: str) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        raise InputError(
            f"method {method!r} draws random numbers, but rng is {type(rng).__name__}: give a "
            "numpy.random.Generator, such as numpy.random.default_rng(0)."
        )
    return rng


def _span(churn_range: tuple[float, float] | None) -> tuple[float, float]:
    if churn_range is None:
        return 0.0, np.inf
    levels = as_finite(churn_range, "churn_range")
    if levels.shape != (2,) or not 0.0 <= levels[0] <= levels[1]:
        raise InputError("churn_range must be two noise levels, the lower one first.")
    return float(levels[0]), float(levels[1])
