"""Smoothed training sets: which kernel bandwidth predicts fresh data best, and how well.

Stopping a memorising sampler at noise σ = h leaves the kernel density estimate
p̂_h(x) = S (2πh²)^{−d/2}/n, S = Σ_i exp(−|x − y_i|²/2h²), of its training points y_i. The law of
log S is that of `convergen.theory.collapse.kernel_sums`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from convergen.theory.collapse.data_laws import GaussianLaw, as_law
from convergen.theory.collapse.kernel_sums import (
    QUERIES,
    kernel_laws,
    mean_log_sum,
    reference_points,
)
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_positive,
    as_sample_size,
    as_samples,
)
from convergen.theory.empirical_score.score import EmpiricalScore


@dataclass(frozen=True)
class Bandwidth:
    """A kernel bandwidth and what it earns on fresh data.

    Attributes
    ----------
    value : float
        Bandwidth h, in data units.
    log_likelihood : float
        E log p̂_h(x) of fresh x, in nats per point.
    stderr : float
        Standard error of the log likelihood over the points x.
    """

    value: float
    log_likelihood: float
    stderr: float


def held_out_likelihood(
    train: Any, held_out: ArrayLike, bandwidths: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Log likelihood of fresh points under the smoothed training set.

    Parameters
    ----------
    train : EmpiricalScore or array_like, shape (n, *shape)
        Training points.
    held_out : array_like, shape (m, *shape)
        Fresh points, m ≥ 2.
    bandwidths : array_like, any shape
        h > 0, in data units.

    Returns
    -------
    tuple of ndarray, each of the shape of `bandwidths`
        Mean and standard error over the fresh points, in nats per point.

    Raises
    ------
    InputError
        If shapes do not match, a bandwidth is not positive, or there are fewer than two points.
    """
    score, points = _checked(train, held_out)
    widths = as_positive(bandwidths, "bandwidths")
    values = np.array([score.log_density(points, float(h)) for h in widths.ravel()])
    error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    return values.mean(axis=1).reshape(widths.shape), error.reshape(widths.shape)


def best_bandwidth(train: Any, held_out: ArrayLike) -> Bandwidth:
    """Bandwidth under which a smoothed training set makes fresh points most likely.

    Parameters
    ----------
    train : EmpiricalScore or array_like, shape (n, *shape)
        Training points.
    held_out : array_like, shape (m, *shape)
        Fresh points, m ≥ 2. The best of these points is reported, so that its likelihood is
        slightly optimistic; take others for an unbiased value.

    Returns
    -------
    Bandwidth

    Raises
    ------
    InputError
        If shapes do not match, or the fresh points repeat training points, so that the
        likelihood grows without bound as h → 0.
    """
    score, points = _checked(train, held_out)
    spread = float(np.sqrt(np.mean((points - points.mean(axis=0)) ** 2)))
    if spread == 0.0:
        raise InputError("held_out does not vary: give points that differ.")
    found = _maximise(lambda h: held_out_likelihood(score, points, h), spread)
    if found is None:
        raise InputError(
            "every point of held_out is a training point, so that the likelihood grows without "
            "bound as the bandwidth vanishes: give fresh points."
        )
    return found


def predicted_likelihood(
    law: Any, samples: ArrayLike, bandwidths: ArrayLike, *, draws: int = QUERIES, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Expected log likelihood of a fresh point under n smoothed training points.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution; a spectrum stands for a Gaussian, an array for a data set.
    samples : array_like
        Training samples n ≥ 1.
    bandwidths : array_like
        h > 0 in data units, broadcast against `samples`.
    draws : int
        Fresh points that are averaged over; the same serve every n and h.
    seed : int
        Seed of the draws.

    Returns
    -------
    tuple of ndarray, each of the shape of the broadcast
        Mean and standard error over the draws, in nats per point. NaN where n exceeds a quarter
        of the points that stand for the law (none do for Gaussians and mixtures of them).

    Notes
    -----
    Exact in n, for the law of one kernel in `kernel_laws`; at d = 1 its error is 0.001 nats near
    the best bandwidth and 0.01 nats where few points are in reach.
    """
    n, widths = np.broadcast_arrays(as_samples(samples), as_positive(bandwidths, "bandwidths"))
    known = as_law(law, seed)
    mean, error = np.empty(n.size), np.empty(n.size)
    for i, (count, h) in enumerate(zip(n.ravel().tolist(), widths.ravel().tolist(), strict=True)):
        volume = np.log(count) + 0.5 * known.dim * np.log(2.0 * np.pi * h**2)
        laws = kernel_laws(known, count, h, noisy=False, draws=draws, seed=seed)
        rows = [(mean_log_sum(*kernel.times(count)[:2]), kernel.log_mean) for kernel in laws]
        values, controls = np.array(rows).T if rows else np.full((2, 2), np.nan)
        if isinstance(known, GaussianLaw):
            # Fluctuations with x that E log p_h(x) has too, which is known.
            parts = known.spectrum.compression
            share = parts.nodes / (parts.nodes + h**2)
            expected = 0.5 * float((np.log1p(-share) - share) @ parts.weights)
            slope = np.cov(values, controls)[0, 1] / np.var(controls, ddof=1)
            values = values - slope * (controls - expected)
        mean[i], error[i] = values.mean() - volume, values.std(ddof=1) / np.sqrt(values.size)
    return mean.reshape(n.shape), error.reshape(n.shape)


def predicted_bandwidth(
    law: Any, samples: float, *, draws: int = QUERIES, seed: int = 0
) -> Bandwidth:
    """Best bandwidth for n training points of a law.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    samples : float
        Training samples n ≥ 1.
    draws, seed : int
        As in `predicted_likelihood`.

    Returns
    -------
    Bandwidth

    Raises
    ------
    InputError
        If n is too large for the data set that stands for the law.

    Notes
    -----
    In many dimensions S is carried by its largest kernel below the freezing point h_f, where
    KL(posterior of a clean x at noise h_f ‖ law) = log n. For a Gaussian the optimum lies just
    below it, h² = h_f² [1 − Σ (h_f²/(λ + h_f²))²/d].
    """
    known, n = as_law(law, seed), as_sample_size(samples)
    spread = float(np.sqrt(np.mean(np.var(known.draw(256, np.random.default_rng(0)), axis=0))))

    def likelihood(h: float) -> tuple[FloatArray, FloatArray]:
        return predicted_likelihood(known, n, h, draws=draws, seed=seed)

    if not np.isfinite(likelihood(spread)[0]):
        raise InputError(
            f"samples = {n:g} is too much for a data set of this size: use at most "
            f"{reference_points(known, draws)[0] // 4}."
        )
    found = _maximise(likelihood, spread)
    assert found is not None, "fresh points are never training points"
    return found


def _maximise(
    likelihood: Callable[[float], tuple[FloatArray, FloatArray]], start: float
) -> Bandwidth | None:
    """Climb to a bracket in steps of log h, then maximise inside; None if there is no maximum."""

    def loss(u: float) -> float:
        return -float(likelihood(float(np.exp(u)))[0])

    u = [float(np.log(start)) + 0.5, float(np.log(start)), float(np.log(start)) - 0.5]
    values = [loss(point) for point in u]
    while values[0] < values[1]:
        u, values = [u[0] + 0.5, *u[:2]], [loss(u[0] + 0.5), *values[:2]]
    while values[2] < values[1]:
        if u[2] < np.log(start) - 30.0:
            return None
        u, values = [*u[1:], u[2] - 0.5], [*values[1:], loss(u[2] - 0.5)]
    found = minimize_scalar(loss, bounds=(u[2], u[0]), method="bounded", options={"xatol": 1e-3})
    best = float(np.exp(found.x))
    mean, error = likelihood(best)
    return Bandwidth(best, float(mean), float(error))


def _checked(train: Any, held_out: ArrayLike) -> tuple[EmpiricalScore, FloatArray]:
    score = train if isinstance(train, EmpiricalScore) else EmpiricalScore(train)
    points = as_finite(held_out, "held_out")
    if points.ndim == 0 or len(points) < 2:
        raise InputError(f"held_out has shape {points.shape}: give at least two fresh points.")
    return score, points
