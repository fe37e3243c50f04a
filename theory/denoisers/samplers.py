"""Samplers that run on any denoiser, from seeds of the caller (arXiv:2206.00364).

All of them move x = x₀ + σε down a schedule σ_max = σ_0 > σ_1 > … and, if it ends at 0, take the
denoised point D(x, σ) as the last step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import FloatArray, InputError, as_finite
from convergen.theory.denoisers.noise_schedules import checked_schedule, karras_schedule
from convergen.theory.denoisers.protocol import Array, Denoiser, floating
from convergen.theory.denoisers.sampling_steps import METHODS, Method
from convergen.theory.denoisers.stochastic_ascent import StochasticAscent


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
    ran_away : ndarray of bool, shape (models,), or None
        Models whose points grew far beyond data and noise, where ``blind`` stopped; None if none
        did.
    """

    points: Array
    trajectory: Array | None
    sigmas: FloatArray
    evaluations: int
    ran_away: NDArray[np.bool_] | None = None

    __repr__ = brief


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
    step_size: float | None = None,
    beta: float | None = None,
    settling: float | None = None,
    origin: ArrayLike | None = None,
    variance: float | None = None,
    models: int | None = None,
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
        ``heun``, ``euler`` (also called ``ddim``), ``ancestral``, ``stochastic``, ``blind`` or
        ``adaptive``; see the notes.
    steps : int, optional
        Steps of the schedule, default 18. Not for ``adaptive`` and ``blind``.
    sigma_min, sigma_max : float, optional
        Range of the schedule in data units, default 0.002 and 80: well below and above the
        standard deviations of data whose variance is of order 1. For ``blind`` 0.05 and 2, about
        what networks that do not see σ can tell apart.
    rho : float, optional
        Exponent of `karras_schedule`, default 7. Not for ``adaptive`` and ``blind``.
    sigmas : array_like, shape (levels,), optional
        The whole schedule instead, strictly descending; if its last level is not 0, the points
        are those at that level. ``adaptive`` and ``blind`` then stop at these levels.
    rng : numpy.random.Generator
        Fresh noise of ``ancestral``, ``stochastic`` and ``blind``, which need it. Two models see
        the same if their generators start alike.
    churn : float
        Noise added by ``stochastic``, which needs it: each level is raised by the factor
        1 + min(churn/steps, √2 − 1). 0 is Heun; 30 to 80 is common with trained networks.
    churn_range : (float, float), optional
        Levels that are raised, default all.
    churn_noise : float, optional
        Standard deviation of the added noise, default 1, which alone is exact; slightly more
        makes up for networks that remove too much.
    step_size, beta : float, optional
        Of ``blind``, default 0.3 and 0.3: the share of the way to the denoised point that a step
        goes, and the share of that by which the noise shrinks; the rest is added again.
    settling : float, optional
        Of ``blind``, default 10: steps near σ_max, times `step_size`, before the noise shrinks.
    origin : array_like, shape `shape`, optional
        Of ``blind``, for denoisers that are homogeneous about this point, as networks without
        biases: nothing would remove noise that is added to the amplitude of a point.
    variance : float, optional
        Of ``blind``: mean square p of a coordinate of the data, default σ_max². Where points come
        to more than 10 (p + σ²) the denoiser leaves noise in, and sampling stops: `ran_away`.
    models : int, optional
        Of ``blind``, default 1: how many models share the batch, one after the other; each is
        stopped on its own.
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
    - ``blind`` (stochastic ascent of [4]_, to second order) is for denoisers that do not look at
      σ: it adds noise at every step, so that a level which is off is drawn back, and first settles
      at σ_max, where the data may vary more than the noise.

    Denoising at the last level stands for the rest of the flow; for a Gaussian it multiplies by
    λ/(λ + σ²) instead of [λ/(λ + σ²)]^{1/2}, an error of relative size σ_min²/2λ that no number
    of steps removes.

    References
    ----------
    .. [1] Karras, Aittala, Aila & Laine (2022), arXiv:2206.00364.
    .. [2] Song, Meng & Ermon (2020), arXiv:2010.02502.
    .. [3] Song et al. (2020), arXiv:2011.13456, appendix F.
    .. [4] Kadkhodaie & Simoncelli (2020), arXiv:2007.13640.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.from_eigenvalues([4.0, 1.0])
    >>> noise = np.random.default_rng(0).standard_normal((1000, 2))
    >>> drawn = theory.sample(theory.GaussianDenoiser(spectrum), noise, steps=40)
    >>> drawn
    Samples(points=<1000×2 float64>, sigmas=<41 float64>, evaluations=79)
    >>> drawn.points.std(axis=0).round(1)
    array([2.1, 1. ])
    """
    if not callable(denoiser):
        raise InputError(f"denoiser is a {type(denoiser).__name__}: give a callable D(x, sigma).")
    given = {
        "steps": steps,
        "rho": rho,
        "rng": rng,
        "churn": churn,
        "churn_range": churn_range,
        "churn_noise": churn_noise,
        "step_size": step_size,
        "beta": beta,
        "settling": settling,
        "origin": origin,
        "variance": variance,
        "models": models,
        "rtol": rtol,
        "atol": atol,
    }
    chosen = _chosen(method, given)
    points = _seeds(noise)
    if sigmas is None:
        low, high = (
            default if value is None else value
            for value, default in zip((sigma_min, sigma_max), chosen.ends, strict=True)
        )
        count = 2 if not chosen.on_grid else 18 if steps is None else steps
        levels = karras_schedule(count, low, high, 7.0 if rho is None else rho)
    else:
        beside = {"steps": steps, "sigma_min": sigma_min, "sigma_max": sigma_max, "rho": rho}
        for name, value in beside.items():
            if value is not None:
                raise InputError(f"sigmas is the whole schedule: leave out {name} beside it.")
        levels = checked_schedule(sigmas)
    step = chosen.prepare(levels, **{name: given[name] for name in chosen.options})
    model = _Counted(denoiser)
    # Python floats, which do not change the precision of float32 points.
    ladder: list[float] = levels.tolist()
    points = ladder[0] * points
    path = [points]
    for high, low in pairwise(ladder):
        points = model(points, high) if low == 0.0 else step(model, points, high, low)
        if trajectory:
            path.append(points)
    found = np.stack(path) if trajectory else None
    ran_away = step.ran_away if isinstance(step, StochasticAscent) else None
    if ran_away is not None and not ran_away.any():
        ran_away = None
    return Samples(points, found, levels, model.evaluations, ran_away)


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


def _chosen(method: str, given: Mapping[str, object]) -> Method:
    """The row of a method, whose options include all that were given."""
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}: choose from {', '.join(METHODS)}.")
    for name, value in given.items():
        if value is not None and name not in METHODS[method].uses:
            users = [other for other, row in METHODS.items() if name in row.uses]
            raise InputError(
                f"method {method!r} does not use {name}: leave it out, or choose "
                f"{' or '.join(users)}."
            )
    return METHODS[method]


def _seeds(noise: ArrayLike) -> Array:
    """Checked seeds in float32 if they come so, else in float64."""
    as_finite(noise, "noise")
    seeds = np.asarray(noise)
    if seeds.ndim < 2 or seeds.size == 0:
        raise InputError(
            f"noise has shape {seeds.shape}: give an array of shape (batch, *shape) with at least "
            "one point."
        )
    return seeds.astype(floating(seeds), copy=False)
