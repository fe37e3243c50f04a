"""Collapse of the empirical score: below which noise it only repeats its training points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.special import expit

from convergen.theory.collapse.data_laws import GaussianLaw, Law, MixtureLaw, as_law
from convergen.theory.collapse.information import DRAWS, information, information_density
from convergen.theory.collapse.kernel_queries import kernel_laws, reference_points
from convergen.theory.common.checks import FloatArray, InputError, as_count, as_noise, as_samples

# Search range and table step in log σ.
_RANGE, _STEP = 28.0, 0.15
# Noised points, and points that their control variate is averaged over.
_OWN_DRAWS, _CONTROLS = 512, 16384
# log tL₁ for the weight of a noised point: the trapezoidal rule errs by e^{−π²/step}.
_LOG_TL = np.arange(-14.0, 4.0, 0.3)


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

    Examples
    --------
    >>> from convergen import theory
    >>> theory.collapse_noise(theory.Spectrum.isotropic(10), [10, 1000]).round(4)
    array([1.3076, 0.5792])
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
    if value(low) < target.max():
        raise InputError(
            f"samples reach e^{target.max():.4g}, where the collapse noise is below e^-{_RANGE:g} "
            "of the data: leave the largest out."
        )
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

    Examples
    --------
    >>> from convergen import theory
    >>> theory.collapse_width(theory.Spectrum.isotropic(10), [10, 1000]).round(4)
    array([0.5204, 0.3655])
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
        `collapse.information` for its logarithm), NaN where a data set cannot resolve it.

    Examples
    --------
    >>> from convergen import theory
    >>> theory.samples_to_generalise(theory.Spectrum.isotropic(10), [0.5, 1.0, 2.0]).round(1)
    array([3.125e+03, 3.200e+01, 3.100e+00])
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
        Monte Carlo draws of the noised point; default 2048 for the annealed rule, else 512, for
        errors of up to 0.005 for Gaussians and 0.012 for data sets.
    seed : int
        Seed.

    Returns
    -------
    ndarray, shape of the broadcast
        In [0, 1]. NaN where n exceeds half of the points that stand for a law without closed
        form.

    Notes
    -----
    With L₁ the kernel of the noised point at its own noisy copy x and L those of the others,
    E w = E ∫ L₁ e^{−tL₁} φ(t)^{n−1} dt, φ(t) = E[e^{−tL} | x]; see `collapse.kernel_sums`. Where
    the annealed rule is cheap it serves as a control variate.

    Examples
    --------
    >>> from convergen import theory
    >>> theory.own_weight(theory.Spectrum.isotropic(10), 100, [0.2, 1.0], draws=64).round(2)
    array([1.  , 0.39])
    """
    n, noise = np.broadcast_arrays(as_samples(samples), as_noise(sigma))
    known = as_law(law, seed)
    if rule not in ("finite", "annealed"):
        raise InputError(f"rule must be 'finite' or 'annealed', not {rule!r}.")
    analytic = isinstance(known, GaussianLaw | MixtureLaw)
    annealed = rule == "annealed"
    default = DRAWS if annealed else _OWN_DRAWS
    count = default if draws is None else as_count(draws, "draws", 2)
    result = np.empty(n.shape)
    for level in np.unique(noise):
        here = noise == level
        density = None
        if annealed or analytic:
            size = count if annealed else _CONTROLS
            density = information_density(known, level, draws=size, seed=seed)[0]
        if annealed:
            result[here] = [expit(density - np.log(one)).mean() for one in n[here]]
        elif analytic:
            # Where the nodes of the kernel law lie depends on n.
            result[here] = [
                _own_weights(known, np.array([one]), level, count, seed, density)[0]
                for one in n[here]
            ]
        else:
            resolved = here & (n <= reference_points(known, count)[0] / 2)
            result[here] = np.nan
            if resolved.any():
                result[resolved] = _own_weights(known, n[resolved], level, count, seed, None)
    return result


def _own_weights(
    law: Law, n: FloatArray, sigma: float, draws: int, seed: int, density: FloatArray | None
) -> FloatArray:
    """Average of the exact weight over noised points, shape of n.

    Information densities, if there are any, give the control variate.
    """
    # Reference points reach as far as they do, whatever n.
    reach = 1.0 if density is None else float(n.max())
    plain = np.exp(_LOG_TL - np.exp(_LOG_TL))
    exact, annealed = [], []
    for kernel in kernel_laws(law, reach, sigma, draws=draws, seed=seed):
        hazard = kernel.hazard(_LOG_TL - kernel.log_own, 1.0)
        exact.append(np.exp(-np.multiply.outer(n - 1.0, hazard)) @ plain / plain.sum())
        annealed.append(expit(kernel.log_own - kernel.log_mean - np.log(n)))
    values, controls = np.array(exact), np.array(annealed)
    mean, apart = values.mean(axis=0), controls - controls.mean(axis=0)
    spread = np.mean(apart**2, axis=0)
    if density is None:
        return np.asarray(mean)
    slope = np.mean(apart * values, axis=0) / np.maximum(spread, 1e-12)
    expected = expit(density[:, None] - np.log(n)).mean(axis=0)
    return np.asarray(np.clip(mean - slope * (controls.mean(axis=0) - expected), 0.0, 1.0))
