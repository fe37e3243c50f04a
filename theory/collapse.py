"""Collapse of the empirical score: below which noise it only repeats its training points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.special import expit, log_ndtr

from theory.checks import FloatArray, InputError, as_count, as_positive, as_samples
from theory.information import DRAWS, draw_pairs, information, information_density
from theory.laws import GaussianLaw, Law, as_law

# Search range and table step in log σ.
_RANGE, _STEP = 28.0, 0.15
_TILTS = np.exp(np.linspace(np.log(0.01), np.log(60.0), 80))
_OWN_DRAWS = 512
# Continuation below the mean, and the spread of log Y under which its points count as alike.
_BELOW, _ALIKE = np.linspace(6.0, 0.1, 24), 0.02


def collapse_noise(
    law: Any, samples: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> FloatArray:
    """Noise level σ_c(n) below which a noisy training point is pulled back to itself.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution; a spectrum stands for a Gaussian, an array for a data set.
    samples : array_like, any shape
        Training samples n ≥ 1.
    draws : int
        Monte Carlo draws where I(σ) has no closed form.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray, shape of `samples`
        The root of I(σ_c) = log n, in data units; inf at n = 1. NaN where a data set is too
        small to resolve it.

    Notes
    -----
    arXiv:2402.18491; isotropic: σ_c² = 1/(n^{2/d} − 1).
    """
    n = as_samples(samples)
    known = as_law(law, seed)
    target = np.log(n.ravel())
    result = np.where(target == 0.0, np.inf, np.nan)
    asked = (target > 0.0) & (target < known.resolution - 0.5)
    if asked.any():
        result[asked] = _inverse_information(known, target[asked], draws, seed)
    return result.reshape(n.shape)


def _inverse_information(law: Law, target: FloatArray, draws: int, seed: int) -> FloatArray:
    """σ with I(σ) = target > 0, exactly for a Gaussian, else from a table of I over log σ."""

    def value(u: ArrayLike) -> FloatArray:
        return information(law, np.exp(u), draws=draws, seed=seed).value

    scale = float(np.log(np.std(law.draw(256, np.random.default_rng(0)), axis=0).max() + 1e-300))
    low, high = scale - 1.0, scale + 1.0
    while value(low) < target.max() and low > scale - _RANGE:
        low -= 1.0
    while value(high) > target.min() and high < scale + _RANGE:
        high += 1.0
    if isinstance(law, GaussianLaw):
        roots = [
            brentq(lambda u, goal=goal: float(value(u)) - goal, low, high, xtol=1e-13, rtol=1e-13)
            for goal in target
        ]
        return np.exp(roots)
    grid = np.linspace(high, low, int(np.ceil((high - low) / _STEP)) + 1)
    # I is monotone in σ; rounding and the noise of the draws may not be, by a little.
    table = np.maximum.accumulate(value(grid)) + 1e-12 * np.arange(grid.size)
    return np.exp(PchipInterpolator(table, grid)(target))


def collapse_width(
    law: Any, samples: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> FloatArray:
    """Finite-size width of the collapse, in log σ.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    samples : array_like, any shape
        Training samples n > 1.
    draws, seed : int
        As in `collapse_noise`.

    Returns
    -------
    ndarray, shape of `samples`
        Standard deviation of the information density at σ_c over |dI/d log σ|.
    """
    known = as_law(law, seed)
    sigma = collapse_noise(known, samples, draws=draws, seed=seed)
    result = np.full(sigma.shape, np.nan)
    finite = np.isfinite(sigma)
    if finite.any():
        steps = np.exp([-0.05, 0.0, 0.05])
        near = information(known, sigma[finite][:, None] * steps, draws=draws, seed=seed)
        slope = (near.value[:, 0] - near.value[:, 2]) / 0.1
        result[finite] = near.spread[:, 1] / slope
    return result


def samples_to_generalise(
    law: Any, sigma: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> FloatArray:
    """n*(σ) = exp I(σ): samples that the empirical score needs to generalise at noise σ.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    sigma : array_like, any shape
        Noise standard deviations, > 0.
    draws, seed : int
        As in `collapse_noise`.

    Returns
    -------
    ndarray, shape of `sigma`
        Exponential in the dimension; inf beyond the range of double precision (see
        `theory.information` for its logarithm), NaN where a data set cannot resolve it.
    """
    found = information(law, sigma, draws=draws, seed=seed)
    with np.errstate(over="ignore"):
        return np.where(found.reliable, np.exp(found.value), np.nan)


def own_weight(
    law: Any,
    samples: ArrayLike,
    sigma: ArrayLike,
    *,
    rule: str = "finite",
    draws: int | None = None,
    seed: int = 0,
) -> FloatArray:
    """Expected weight of a noised training point on itself.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    samples : array_like
        Training samples n ≥ 1.
    sigma : array_like
        Noise standard deviations, broadcast against `samples`.
    rule : {"finite", "annealed"}
        ``"annealed"``: E sigmoid(i − log n), which replaces the other points by their mean and is
        0.05–0.10 low in the crossover. ``"finite"``: the law of their sum for n − 1 independent
        points.
    draws : int, optional
        Monte Carlo draws of the noised point; default 2048 and 512.
    seed : int
        Seed.

    Returns
    -------
    ndarray, shape of the broadcast
        In [0, 1].

    Notes
    -----
    With Y = p(x|x')/p(x|x₁), E w = E ∫ e^{−t} φ(t)^{n−1} dt, φ(t) = E_{x'} e^{−tY}. The cumulants
    of log Y follow from the smoothed density at other noise levels,
    E Y^θ = e^{θ|z|²/2} (2πσ²/θ)^{d/2} p_{σ/√θ}(x), and its tail from the saddlepoint θ.
    """
    n, noise = np.broadcast_arrays(as_samples(samples), as_positive(sigma))
    known = as_law(law, seed)
    if rule not in ("finite", "annealed"):
        raise InputError(f"rule must be 'finite' or 'annealed', not {rule!r}.")
    result = np.empty(n.size)
    count = as_count(draws or (DRAWS if rule == "annealed" else _OWN_DRAWS), "draws")
    for level in np.unique(noise):
        here = np.flatnonzero(noise.ravel() == level)
        if rule == "annealed":
            density = information_density(known, level, draws=count, seed=seed)[0]
            for i in here:
                result[i] = expit(density - np.log(n.ravel()[i])).mean()
            continue
        log_y, log_tail = _rival_tail(known, float(level), count, seed)
        for i in here:
            result[i] = _own_weight(log_y, log_tail, float(n.ravel()[i])).mean()
    return result.reshape(n.shape)


def _rival_tail(law: Law, sigma: float, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Log-rivalry log Y on a grid and its log tail, shapes (draws, grid), for each noised point.

    Below its mean, where no positive tilt leads, log Y is continued as a normal variable.
    """
    x0, z = draw_pairs(law, draws, seed)
    x = x0 + sigma * z
    own = 0.5 * np.einsum("ij,ij->i", z, z)
    cumulant = np.array(
        [
            theta * own
            + 0.5 * law.dim * np.log(2.0 * np.pi * sigma**2 / theta)
            + law.log_density(x, sigma / np.sqrt(theta))
            for theta in _TILTS
        ]
    ).T
    # Differences in θ itself, exact for the mean and the variance of log Y.
    first = np.gradient(cumulant, _TILTS, axis=1)
    second = np.gradient(first, _TILTS, axis=1)
    # One-sided differences at the ends are too coarse for a second derivative.
    inner = slice(2, -2)
    tilts, cumulant = _TILTS[inner], cumulant[:, inner]
    first, second = first[:, inner], second[:, inner]
    r = np.sqrt(np.maximum(2.0 * (tilts * first - cumulant), 1e-12))
    u = tilts * np.sqrt(np.maximum(second, 1e-12))
    normal = r + np.log(u / r) / r
    spread = np.sqrt(np.maximum(second[:, :1], 1e-12))
    log_y = np.hstack([first[:, :1] - _BELOW * spread, first])
    log_tail = log_ndtr(-np.hstack([normal[:, :1] - _BELOW, normal]))
    # For a finite data set both level off at the largest rival, up to rounding.
    return np.maximum.accumulate(log_y, axis=1), np.minimum.accumulate(log_tail, axis=1)


def _own_weight(log_y: FloatArray, log_tail: FloatArray, n: float) -> FloatArray:
    """∫ e^{−t} φ(t)^{n−1} dt for each point, with 1 − φ = ∫ t e^{y−te^y} P(log Y > y) dy."""
    if n == 1.0:
        return np.ones(log_y.shape[0])
    middle, spread = log_y[:, _BELOW.size], log_y[:, _BELOW.size] - log_y[:, 0]
    # Rivals that are all alike: their sum is n − 1 times one of them.
    alike = 1.0 / (1.0 + (n - 1.0) * np.exp(np.minimum(middle, 700.0)))
    log_t = np.linspace(-np.log(n) - 12.0 - max(log_y.max(), 0.0), 4.0, 160)
    result = np.where(spread < _BELOW[0] * _ALIKE, alike, np.nan)
    for i, (nodes, tail) in enumerate(zip(log_y, log_tail, strict=True)):
        if not np.isnan(result[i]):
            continue
        y = np.linspace(nodes[0] - 20.0, nodes[-1], 400)
        p = np.exp(np.interp(y, nodes, np.minimum(tail, 0.0), left=0.0))
        log_ty = log_t[:, None] + y
        missed = np.trapezoid(np.exp(log_ty - np.exp(np.minimum(log_ty, 50.0))) * p, y, axis=1)
        t = np.exp(log_t)
        survived = np.exp((n - 1.0) * np.log1p(-np.minimum(missed, 1.0 - 1e-15)) - t)
        result[i] = np.trapezoid(survived * t, log_t) + t[0]
    return result
