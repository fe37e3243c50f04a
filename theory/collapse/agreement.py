"""Do two empirical scores on disjoint data agree? Measured, and predicted for any n and σ.

With D₁, D₂ the empirical scores of two disjoint training sets of n points, x = x₀ + σz a fresh
noisy point and c the data mean, the agreement is a = E⟨D₁ − c, D₂ − c⟩ / E|D − c|². It is 0 for
two sets of memories, 1 once both denoise alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.collapse.data_laws import DataLaw, GaussianLaw, Law, MixtureLaw, as_law
from convergen.theory.collapse.kernel_queries import QUERIES, draw_distinct, kernel_laws
from convergen.theory.collapse.kernel_sums import KernelLaw, mean_log_sum
from convergen.theory.common.checks import (
    FloatArray,
    as_count,
    as_noise,
    as_samples,
    as_seed,
)
from convergen.theory.empirical_score.score import EmpiricalScore

_CENTRE_DRAWS = 16384
# Above this step in log t fewer than one query in forty has a second training point that counts.
_COLD = 5.0
# Above this one the entropy, a difference of two numbers as large as the grid, is not known.
_COARSE = 1.0


@dataclass(frozen=True)
class Agreement:
    """Agreement of two empirical scores, and how many training points answer a query.

    Attributes
    ----------
    value : ndarray
        E⟨D₁ − c, D₂ − c⟩ / E|D − c|², at most 1.
    stderr : ndarray
        Standard error of `value`: over repetitions if measured, over queries if predicted (an
        upper bound for Gaussians, whose queries are stratified).
    participation : ndarray
        1/E Σ w², an effective number of training points per query.
    entropy : ndarray
        E[−Σ w log w] in nats; its exponential is another one. Predicted, it is not a number where
        noise is so low that kernels are too far apart for the grid to resolve it.
    max_weight : ndarray
        Mean of the largest weight; 1 means that every query recalls one training point.
    """

    value: FloatArray
    stderr: FloatArray
    participation: FloatArray
    entropy: FloatArray
    max_weight: FloatArray


def measure_agreement(
    law: Any,
    samples: ArrayLike,
    sigma: ArrayLike,
    *,
    queries: int = 256,
    repeats: int = 8,
    seed: int = 0,
) -> Agreement:
    """Simulate two empirical scores on disjoint draws at common fresh noisy points.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution; an array is a data set that is drawn from without replacement.
    samples : array_like of int
        Training samples n ≥ 1 of each score.
    sigma : array_like
        Noise standard deviations, > 0, broadcast against `samples`.
    queries : int
        Fresh points of each repetition.
    repeats : int
        Independent repetitions, at least 2.
    seed : int
        Seed; the same points serve every n and σ, smaller training sets being parts of larger.

    Returns
    -------
    Agreement
        Of the shape of the broadcast.

    Raises
    ------
    InputError
        If an argument is out of range, or a data set is too small for two disjoint training
        sets and the queries.
    """
    n, noise = np.broadcast_arrays(as_samples(samples), as_noise(sigma))
    counts = [as_count(value, "samples") for value in n.ravel().tolist()]
    fresh, times = as_count(queries, "queries"), as_count(repeats, "repeats", 2)
    known, most = as_law(law, seed), max(counts)
    centre = _centre(known)
    sums = np.empty((times, n.size, 5))
    for r in range(times):
        rng = np.random.default_rng([as_seed(seed), r])
        points = draw_distinct(known, 2 * most + fresh, rng) - centre
        x0, first, second = np.split(points, [fresh, fresh + most])
        z = rng.standard_normal(x0.shape)
        for i, (count, level) in enumerate(zip(counts, noise.ravel().tolist(), strict=True)):
            x = x0 + level * z
            a, b = (EmpiricalScore(part[:count]).query(x, level) for part in (first, second))
            sums[r, i] = [
                np.mean(np.sum(a.mean * b.mean, axis=1)),
                0.5 * np.mean(np.sum(a.mean**2 + b.mean**2, axis=1)),
                0.5 * np.mean(1.0 / a.participation + 1.0 / b.participation),
                0.5 * np.mean(a.entropy + b.entropy),
                0.5 * np.mean(a.max_weight + b.max_weight),
            ]
    return _collect([sums[:, i] for i in range(n.size)], n.shape)


def predict_agreement(
    law: Any, samples: ArrayLike, sigma: ArrayLike, *, draws: int = QUERIES, seed: int = 0
) -> Agreement:
    """Agreement and effective numbers of training points, without simulating training sets.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution; a spectrum stands for a Gaussian, an array for a data set.
    samples : array_like
        Training samples n ≥ 1; up to 1e300 for Gaussians and mixtures of them.
    sigma : array_like
        Noise standard deviations, > 0, broadcast against `samples`.
    draws : int
        Queries that are averaged over; the same serve every n and σ.
    seed : int
        Seed of the draws.

    Returns
    -------
    Agreement
        Of the shape of the broadcast; NaN where n exceeds what a data set can stand for.

    Notes
    -----
    At a query the kernels L_i are independent, so that with φ(t) = E e^{−tL}

    - E w₁ f(y₁) = ∫ E[L f(y) e^{−tL}] φ^{n−1} dt gives E[D | x], and ⟨D₁, D₂⟩ by its square,
    - E w₁² f(y₁) = ∫ t E[L² f(y) e^{−tL}] φ^{n−1} dt gives the diagonal part of E|D|²,
    - E w₁w₂ ⟨y₁, y₂⟩ = ∫ t |E[L y e^{−tL}]|² φ^{n−2} dt the rest.

    These are exact in n; `collapse.kernel_sums` supplies the law of L and E[y | L]. As
    d → ∞ at fixed log n/d they become the random-energy model: weights condense once
    KL(p_θ(·|x) ‖ p) = log n has a root θ < 1, p_θ ∝ p L^θ; D is then m_θ(x) on average,
    E Σ w² = 1 − θ, and a = E|m_θ|²/E[θ|m_θ|² + (1 − θ) E_θ|y|²].
    """
    n, noise = np.broadcast_arrays(as_samples(samples), as_noise(sigma))
    known = as_law(law, seed)
    rows = [
        moments(known, count, level, draws, seed)
        for count, level in zip(n.ravel().tolist(), noise.ravel().tolist(), strict=True)
    ]
    return _collect(rows, n.shape)


def moments(
    law: Law, n: float, sigma: float, draws: int, seed: int, *, weights: bool = True
) -> FloatArray:
    """What agreement is a ratio of, expected at each query.

    Parameters
    ----------
    law : Law
        The data distribution.
    n, sigma : float
        Training samples and noise.
    draws, seed : int
        As in `predict_agreement`.
    weights : bool
        Whether moments of the weights are wanted, too.

    Returns
    -------
    ndarray, shape (queries, 5) or (queries, 2)
        ⟨D₁, D₂⟩ and |D|², then Σ w², −Σ w log w and the largest weight. NaN where n exceeds what
        a data set can stand for.
    """
    kernels = kernel_laws(law, n, sigma, draws=draws, seed=seed)
    rows = [_query_moments(kernel, n, weights) for kernel in kernels]
    return np.array(rows) if rows else np.full((2, 5), np.nan)


def _query_moments(law: KernelLaw, n: float, weights: bool = True) -> list[float]:
    """⟨D₁, D₂⟩ and |D|², then Σ w², −Σ w log w and the largest weight, expected at one query."""
    log_t, hazard, first = law.times(n)
    logs, log_masses, vectors = law.logs[first:], law.log_masses[first:], law.vectors[first:]
    step, psi, masses = log_t[1] - log_t[0], hazard / n, np.exp(log_masses)
    above = np.cumsum(masses[::-1])[::-1]
    lengths, share = np.zeros(logs.size), 1.0
    if law.atoms:
        # Two points of one set, or of two sets, are never the same one.
        lengths, share = np.sum(vectors**2, axis=1), law.atoms / (law.atoms - 1.0)
    if step > _COLD:
        # The nearest training point has all the weight.
        farther = np.exp(n * np.log1p(-np.minimum(above - masses, 1.0 - 1e-15)))
        weight = np.diff(farther, prepend=0.0)
        inner = share * (np.sum((weight @ vectors) ** 2) - weight**2 @ lengths)
        moments = [float(inner), float(weight @ law.squares[first:])]
        return [*moments, 1.0, 0.0, 1.0] if weights else moments
    log_tl = log_t[:, None] + logs
    tl = np.exp(np.minimum(log_tl, 50.0))
    # n tL e^{−tL} φ^{n/2}, node by node: neither n nor 1/mass overflows.
    density = np.exp(np.log(n) + log_masses + log_tl - tl - 0.5 * hazard[:, None])
    rest = step * np.exp(psi - 0.5 * hazard)
    weight = rest @ density
    square = rest @ (density * tl)
    weight /= weight.sum()
    inner = share * (np.sum((weight @ vectors) ** 2) - weight**2 @ lengths)
    pairs = share * (np.sum((density @ vectors) ** 2, axis=1) - density**2 @ lengths)
    pair = step * (1.0 - 1.0 / n) * (np.exp(2.0 * psi) @ pairs)
    moments = [float(inner), float(square @ law.squares[first:] + pair)]
    if not weights:
        return moments
    # That no other kernel is larger removes the nodes above, and a uniform part of the own one.
    missed = -np.expm1(-tl) * masses
    below = np.cumsum(missed, axis=1)
    lower, upper = (
        -(n - 1.0) * np.log1p(-np.minimum(gone, 1.0 - 1e-15))
        for gone in (below + above - masses, below - missed + above)
    )
    part = np.maximum(upper - lower, 1e-9)
    alone = np.exp(0.5 * hazard[:, None] - lower) * -np.expm1(-part) / part
    largest = step * np.sum(density * alone)
    entropy = mean_log_sum(log_t, hazard) - weight @ logs if step <= _COARSE else np.nan
    return [*moments, float(square.sum()), float(entropy), float(largest)]


def _centre(law: Law) -> FloatArray:
    """Mean of the data."""
    if isinstance(law, GaussianLaw):
        return np.zeros(law.dim)
    if isinstance(law, MixtureLaw):
        return law.mixture.mean.ravel()
    if isinstance(law, DataLaw):
        return np.asarray(law.data.mean(axis=0))
    return np.asarray(law.draw(_CENTRE_DRAWS, np.random.default_rng(0)).mean(axis=0))


def _collect(rows: list[FloatArray], shape: tuple[int, ...]) -> Agreement:
    """Ratios of means over rows, with the jackknife error of the first."""
    values = np.empty((5, len(rows)))
    for i, row in enumerate(rows):
        inner, square, share, entropy, largest = mean = row.mean(axis=0)
        others = len(row) * mean - row  # sums of all but one
        ratio = others[:, 0] / others[:, 1]
        error = np.sqrt((len(row) - 1.0) * np.var(ratio))
        values[:, i] = inner / square, error, 1.0 / share, entropy, largest
    return Agreement(*(value.reshape(shape) for value in values))
