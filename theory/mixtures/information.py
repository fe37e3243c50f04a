"""Mutual information, entropy, MMSE and speciation of a Gaussian mixture under noise.

With C the component of x₀, C → x₀ → x = x₀ + σε is a Markov chain, so that
I(x₀; x) = I(x₀; x | C) + I(C; x). The first part is closed, Σ_c π_c ½ log det(1 + Σ_c/σ²); only
I(C; x) = E KL(r(x) ‖ π), with r the responsibilities, has to be averaged, and it is at most
log c however large d is. The MMSE splits in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_finite, as_positive
from convergen.theory.mixtures.mixture import GaussianMixture

# Gauss–Legendre panels a quarter of a standard deviation wide, out to ten of them.
_PANELS = np.arange(-10.0, 10.25, 0.25)
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)
_MOST_ON_LINE = 64
_COLLINEAR = 1e-10
_DENSE = 512

# Of a mixture, noisy points (N, *shape) and σ: one value for each point.
_Statistic = Callable[[GaussianMixture, FloatArray, float], FloatArray]


class Estimate(NamedTuple):
    """A value and its Monte Carlo standard error, 0 where it is exact or from quadrature."""

    value: FloatArray
    stderr: FloatArray


def mutual_information(
    mixture: GaussianMixture,
    sigma: ArrayLike,
    *,
    samples: int = 4096,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """I(x₀; x₀ + σε), in nats.

    Parameters
    ----------
    mixture : GaussianMixture
        Law of x₀.
    sigma : array_like, any shape
        Noise standard deviations, > 0.
    samples : int
        Monte Carlo samples, the same for every σ, so that curves are smooth.
    rng : numpy.random.Generator, optional
        Needed unless there is one component, d = 1, or the components share their covariance and
        have their means on one line.

    Returns
    -------
    Estimate
        Of the shape of `sigma`; quadrature is accurate to about 1e-12.

    Raises
    ------
    InputError
        If σ is not positive, or a generator is needed and missing.

    Notes
    -----
    dI/d(1/σ²) = ½ MMSE(σ) (Guo, Shamai & Verdú, cs/0412108), which the tests check.
    """
    noise = as_positive(sigma)
    known = [_within(mixture, s, lambda lam, v: 0.5 * np.log1p(lam / v)) for s in noise.ravel()]
    return _add(known, _average(mixture, noise, _divergence, samples, rng))


def entropy(
    mixture: GaussianMixture,
    sigma: ArrayLike = 0.0,
    *,
    samples: int = 4096,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Differential entropy of x₀ + σε, in nats.

    Parameters
    ----------
    mixture : GaussianMixture
        Law of x₀.
    sigma : array_like, any shape
        Noise standard deviations, ≥ 0.
    samples : int
        Monte Carlo samples.
    rng : numpy.random.Generator, optional
        As for `mutual_information`.

    Returns
    -------
    Estimate
        Of the shape of `sigma`.
    """
    noise = as_finite(sigma, "sigma")
    if np.any(noise < 0.0):
        raise InputError(f"sigma must not be negative, but {noise.min():g} was given.")
    known = [
        _within(mixture, s, lambda lam, v: 0.5 * np.log(2.0 * np.pi * np.e * (lam + v)))
        for s in noise.ravel()
    ]
    return _add(known, _average(mixture, noise, _divergence, samples, rng))


def mmse(
    mixture: GaussianMixture,
    sigma: ArrayLike,
    *,
    samples: int = 4096,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Error E|x₀ − D(x₀ + σε, σ)|² of the exact denoiser.

    Parameters
    ----------
    mixture : GaussianMixture
        Law of x₀.
    sigma : array_like, any shape
        Noise standard deviations, > 0.
    samples : int
        Monte Carlo samples.
    rng : numpy.random.Generator, optional
        As for `mutual_information`.

    Returns
    -------
    Estimate
        Of the shape of `sigma`, summed over coordinates; units of data squared.
    """
    noise = as_positive(sigma)

    known = [_within(mixture, s, lambda lam, v: lam / (lam / v + 1.0)) for s in noise.ravel()]
    return _add(known, _average(mixture, noise, _spread, samples, rng))


def _within(
    mixture: GaussianMixture, sigma: float, function: Callable[[FloatArray, float], FloatArray]
) -> float:
    """Σ_c π_c Tr f(Σ_c, σ²)."""
    return float(mixture.weights @ mixture.within.traces(lambda lam: function(lam, sigma**2)))


def _add(known: list[float], estimate: Estimate) -> Estimate:
    total = np.reshape(known, estimate.value.shape) + estimate.value
    return Estimate(total, estimate.stderr)


def _divergence(mixture: GaussianMixture, x: FloatArray, sigma: float) -> FloatArray:
    """KL(r ‖ π), whose mean is I(C; x); written so that nothing cancels where r is near π."""
    prior = mixture.weights
    change = (mixture.responsibilities(x, sigma) - prior) / prior
    return np.asarray((xlog1py(1.0 + change, change) - change) @ prior)


def _spread(mixture: GaussianMixture, x: FloatArray, sigma: float) -> FloatArray:
    """Posterior variance between components, Σ_c r_c |m_c − D|²."""
    weights, centre = mixture.responsibilities(x, sigma), mixture(x, sigma)
    total = np.zeros(len(x))
    for c in range(mixture.components):
        offset = (mixture.component_mean(c, x, sigma) - centre).reshape(len(x), -1)
        total += weights[:, c] * np.einsum("nd,nd->n", offset, offset)
    return total


def _average(
    mixture: GaussianMixture,
    noise: FloatArray,
    statistic: _Statistic,
    samples: int,
    rng: np.random.Generator | None,
) -> Estimate:
    """Mean of a statistic that vanishes for one component, over noisy points, for each σ."""
    value, stderr = np.zeros(noise.shape), np.zeros(noise.shape)
    if mixture.components == 1:
        return Estimate(value, stderr)
    reduce = _reduction(mixture)
    if reduce is not None:
        for index, s in np.ndenumerate(noise):
            line = reduce(float(s))
            nodes, weights = _line_rule(line, float(s))
            value[index] = weights @ statistic(line, nodes, float(s))
        return Estimate(value, stderr)
    if rng is None:
        raise InputError(
            "this mixture needs Monte Carlo: pass rng, for example numpy.random.default_rng(0)."
        )
    count = as_count(samples, "samples", 2)
    clean = mixture.sample(count, rng)
    white = rng.standard_normal(clean.shape)
    for index, s in np.ndenumerate(noise):
        found = statistic(mixture, clean + s * white, float(s))
        value[index] = found.mean()
        stderr[index] = found.std(ddof=1) / np.sqrt(count)
    return Estimate(value, stderr)


def _reduction(mixture: GaussianMixture) -> Callable[[float], GaussianMixture] | None:
    """For each σ, a mixture on the line with the same statistics, where there is one.

    Components with the same Σ and means μ₀ + a_c w: only wᵀA x matters, A = (Σ + σ²)^{-1}. On the
    line, coordinates a_c s and variance l give the same odds if s² = wᵀAw (l + σ²), and the same
    posterior means if moreover l = wᵀA²Σw / wᵀA²w.
    """
    if mixture.components > _MOST_ON_LINE:
        return None
    if mixture.dim == 1:
        return lambda sigma: mixture
    if not mixture.within.shared:
        return None
    offsets = mixture.means.reshape(mixture.components, -1) - mixture.mean.ravel()
    _, singular, axes = np.linalg.svd(offsets, full_matrices=False)
    if singular[1:].max(initial=0.0) > _COLLINEAR * singular[0]:
        return None
    direction, coordinates = axes[:1], offsets @ axes[0]

    def moment(function: Callable[[FloatArray], FloatArray]) -> float:
        return float(mixture.within.product(0, direction, function)[0] @ direction[0])

    def on_line(sigma: float) -> GaussianMixture:
        # Scaled by the first moment, so that no square leaves the range of double precision.
        first = moment(lambda lam: 1.0 / (lam + sigma**2))
        second = moment(lambda lam: (first * (lam + sigma**2)) ** -2)
        variance = moment(lambda lam: lam * (first * (lam + sigma**2)) ** -2) / second
        scale = np.sqrt(first * (variance + sigma**2))
        count = mixture.components
        return GaussianMixture(
            mixture.weights, scale * coordinates[:, None], np.full(count, variance)
        )

    return on_line


def _line_rule(line: GaussianMixture, sigma: float) -> tuple[FloatArray, FloatArray]:
    """Nodes (N, 1) and weights, the smoothed density included."""
    deviations = np.sqrt(line.covariances[:, 0] + sigma**2)
    edges = np.unique(line.means + deviations * _PANELS)
    half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    nodes = (middle[:, None] + half[:, None] * _NODES).reshape(-1, 1)
    weights = (half[:, None] * _NODE_WEIGHTS).ravel()
    return nodes, weights * np.exp(line.log_density(nodes, sigma))
