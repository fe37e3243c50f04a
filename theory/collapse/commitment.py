"""When a sampled trajectory commits to a training point for good.

The probability flow of the empirical score keeps the law of noised training points: at noise σ a
trajectory is distributed as y_i + σz. Its posterior therefore condenses onto one training point
where that of a noised training point does, at the collapse noise σ_c(n) of
`collapse.collapse_noise`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit, logsumexp

from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.kernel_queries import kernel_laws
from convergen.theory.collapse.kernel_sums import KernelLaw
from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_noise,
    as_samples,
    as_seed,
)
from convergen.theory.denoisers.noise_schedules import karras_schedule
from convergen.theory.denoisers.samplers import sample
from convergen.theory.empirical_score.score import EmpiricalScore

_STEPS = 64
_MOST = 1e18
DRAWS = 512
# Kernels that are drawn one by one, and how many make up a node that surely holds no half.
_SINGLE, _CROWD = 16, 1000


@dataclass(frozen=True)
class Commitment:
    """When and to which training point each trajectory commits.

    Attributes
    ----------
    sigma : ndarray, shape (batch,)
        Noise level below which one training point holds more than half of the weight, in data
        units; inf where it does from the start, NaN where the trajectory ends undecided.
    index : ndarray of int, shape (batch,)
        That training point; the nearest one at the end where undecided.
    """

    sigma: FloatArray
    index: NDArray[np.int64]

    __repr__ = brief


def commitment_noise(
    score: EmpiricalScore, noise: ArrayLike, *, sigmas: ArrayLike | None = None
) -> Commitment:
    """Follow the probability flow from seeds and note when each commits.

    Parameters
    ----------
    score : EmpiricalScore
        The training set; any array of shape (n, *shape) is one.
    noise : array_like, shape (batch, *shape)
        Standard normal seeds.
    sigmas : array_like, shape (levels,), optional
        Noise levels of the Heun steps, strictly descending and positive; default
        `theory.karras_schedule` with 64 steps from 80 to 0.002, for data whose variance is of
        order 1.

    Returns
    -------
    Commitment

    Raises
    ------
    InputError
        If shapes do not match or the noise levels are not descending and positive.

    Notes
    -----
    While one weight exceeds ½ the nearest training point cannot change, so that only the last
    crossing of ½ counts. It is interpolated between levels, in log σ and the logit of the weight.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> rng = np.random.default_rng(0)
    >>> score = theory.EmpiricalScore(rng.standard_normal((20, 5)))
    >>> theory.commitment_noise(score, rng.standard_normal((2, 5)))
    Commitment(sigma=[0.6697, 1.039], index=[14, 12])
    """
    known = score if isinstance(score, EmpiricalScore) else EmpiricalScore(score)
    levels = karras_schedule(_STEPS)[:-1] if sigmas is None else as_finite(sigmas, "sigmas")
    if np.any(levels <= 0.0):
        raise InputError("sigmas must be positive, for weights need noise: leave out the 0.")
    path = sample(known, noise, sigmas=levels, trajectory=True).trajectory
    assert path is not None
    queries = [known.query(x, float(s)) for x, s in zip(path, levels, strict=True)]
    weights = np.array([found.max_weight for found in queries])
    nearest = np.array([found.neighbours[:, 0] for found in queries])
    settled = (weights > 0.5) & (nearest == nearest[-1])
    # First level of the last unbroken run of settled ones.
    first = levels.size - np.cumprod(settled[::-1], axis=0).sum(axis=0)
    inside = np.clip(first, 1, levels.size - 1)
    rows = np.arange(nearest.shape[1])
    before, after = (logit(np.clip(weights[inside - k, rows], 1e-12, 1.0 - 1e-12)) for k in (1, 0))
    # A weight above ½ on another point at the level before has passed ½ twice: take the middle.
    share = np.where(before < 0.0, before / np.minimum(before - after, -1e-9), 0.5)
    logs = np.log(levels)
    sigma = np.exp(logs[inside - 1] + np.clip(share, 0.0, 1.0) * (logs[inside] - logs[inside - 1]))
    sigma = np.where(first == 0, np.inf, np.where(first == levels.size, np.nan, sigma))
    return Commitment(sigma, nearest[-1])


def committed_fraction(
    law: Any, samples: ArrayLike, sigma: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> FloatArray:
    """Predicted share of trajectories that have committed once the noise is down to σ.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    samples : array_like
        Training samples n, from 1 to 1e18.
    sigma : array_like
        Noise standard deviations, > 0, broadcast against `samples`.
    draws : int
        Noisy points that are averaged over; the error is below 1/(2 √draws).
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray, shape of the broadcast
        In [0, 1]; NaN where n exceeds what a data set can stand for.

    Raises
    ------
    InputError
        If an argument is out of range.

    Notes
    -----
    The probability that one of n kernels exceeds the sum of the others at x = y₁ + σz: given x,
    log L₁ has the law of `collapse.kernel_queries.kernel_laws` tilted by L₁, and the others are
    drawn from it. This neglects trajectories that commit to a training point for a while only.
    """
    n, noise = np.broadcast_arrays(as_samples(samples), as_noise(sigma))
    if n.max() > _MOST:
        raise InputError(f"samples = {n.max():g} is too large: use at most {_MOST:g}.")
    known, result = as_law(law, seed), np.empty(n.shape)
    for place in np.ndindex(n.shape):
        count, level = float(n[place]), float(noise[place])
        rng = np.random.default_rng([as_seed(seed), 1])
        kernels = kernel_laws(known, count, level, draws=draws, seed=seed)
        found = [_condensed(kernel, round(count), rng) for kernel in kernels]
        result[place] = np.mean(found) if found else np.nan
    return result


def _condensed(law: KernelLaw, n: int, rng: np.random.Generator) -> bool:
    """Whether one kernel exceeds the sum of the others, for one draw of all n at a query."""
    masses = np.exp(law.log_masses - logsumexp(law.log_masses))
    counts = rng.multinomial(n - 1, masses)
    tilted = law.log_masses + law.logs
    counts[rng.choice(masses.size, p=np.exp(tilted - logsumexp(tilted)))] += 1
    # The largest kernels one by one, spread over the widths of their nodes; the rest as a sum.
    above = np.cumsum(counts[::-1])
    top = masses.size - 1 - min(int(np.searchsorted(above, _SINGLE)), masses.size - 1)
    single = np.minimum(counts[top:], _CROWD)
    logs = np.repeat(law.logs[top:], single)
    if not law.atoms:
        widths = np.gradient(law.logs)
        logs += np.repeat(widths[top:], single) * (rng.random(logs.size) - 0.5)
    weights = np.exp(logs - logs.max())
    rest = counts[:top] @ np.exp(law.logs[:top] - logs.max())
    return bool(counts[top:].max() <= _CROWD and weights.max() > weights.sum() - 1.0 + rest)
