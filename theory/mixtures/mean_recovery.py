"""Learning the means of a mixture of equal components: spectral, Bayes-optimal and fitted.

Model: n samples of Σ_c (1/k) N(μ_c, I) in d dimensions, γ = n/d fixed, the means on a regular
simplex about the known centre 0, |μ_c|² = ρ. The covariance has k − 1 spikes 1 + θ, θ = ρ/(k − 1).

Bayes-optimal state evolution (Lesieur et al., arXiv:1610.02918, symmetric ansatz): with m_v the
overlap of the means and m_s that of the labels,

    m_v = γθ m_s/(1 + γθ m_s),    m_s = [k E p₁ − 1]/(k − 1),    p = softmax(q δ_{c1} + √q g_c),

q = kθ m_v; for k = 2, m_s = E tanh(ρ m_v + √(ρ m_v) Z). p₁ is the probability that component 1 wins
when Gumbel noise is added to every exponent, so that E p₁ is one integral for any k. And γ is
explicit in m_v: fixed points are crossings of one curve, not limits of a slow iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_number, as_positive

_STEP = 0.25
_WIDEST = 0.35
_REACH = 10.0
_SMALL = 1e-6
_LOGITS = np.arange(-28.0, 40.0, 0.25)
_CONTINUOUS = 1e-9


@dataclass(frozen=True)
class BayesOverlap:
    """Fixed points of the state evolution, for each load.

    Attributes
    ----------
    overlap, label_overlap : ndarray
        m_v and m_s reached from no knowledge, as by approximate message passing; 0 up to the
        spectral threshold. m_v is the squared cosine of learnt and true means, and the cosine of
        two estimates from disjoint data.
    informed_overlap, informed_label_overlap : ndarray
        The same reached from the truth: the largest fixed point.
    converged : ndarray of bool
        Whether every root was bracketed to a relative accuracy of 1e-12.
    iterations : ndarray of int
        Evaluations of the root finder.
    """

    overlap: FloatArray
    label_overlap: FloatArray
    informed_overlap: FloatArray
    informed_label_overlap: FloatArray
    converged: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    iterations: np.ndarray[tuple[int, ...], np.dtype[np.intp]]


@dataclass(frozen=True)
class MeanThresholds:
    """Samples from which on the means can be learnt at all.

    Attributes
    ----------
    linear : float
        Principal components, d/θ² (Baik–Ben Arous–Péché).
    algorithmic : float
        Bayes-optimal message passing without prior knowledge: equal to `linear`.
    information : float
        Bayes-optimal inference without limits on computing; below `algorithmic` where the
        transition is of first order: for k > 4 + 2√γ, with γ = 1/θ² that of `linear`.
    informed : float
        An informed start stays near the truth (spinodal); ≤ `information`.
    """

    linear: float
    algorithmic: float
    information: float
    informed: float


def linear_overlap(load: ArrayLike, signal: float, components: int = 2) -> FloatArray:
    """Squared overlap of the leading principal components with the means.

    Parameters
    ----------
    load : array_like, any shape
        γ = n/d > 0.
    signal : float
        ρ = |μ_c|² > 0, in units of the noise variance.
    components : int
        k ≥ 2.

    Returns
    -------
    ndarray, shape of `load`
        Q = (1 − 1/(γθ²))/(1 + 1/(γθ)) for γθ² > 1, else 0, for each of the k − 1 directions
        (Baik, Ben Arous & Péché 2005; Paul 2007).
    """
    gamma, theta = as_positive(load, "load"), _spike(signal, components)
    above = np.maximum(1.0 - 1.0 / (gamma * (theta * theta)), 0.0)
    return np.asarray(above / (1.0 + 1.0 / (gamma * theta)))


def bayes_overlap(load: ArrayLike, signal: float, components: int = 2) -> BayesOverlap:
    """Overlap of the Bayes-optimal estimate of the means with the truth.

    Parameters
    ----------
    load : array_like, any shape
        γ = n/d > 0.
    signal : float
        ρ = |μ_c|² > 0, in units of the noise variance.
    components : int
        k ≥ 2.

    Returns
    -------
    BayesOverlap

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    gamma, theta = as_positive(load, "load"), _spike(signal, components)
    logits, curve = _curve(theta, components)
    overlaps = np.zeros((4, gamma.size))
    converged, iterations = np.ones(gamma.size, bool), np.zeros(gamma.size, np.intp)
    for i, target in enumerate(np.log(gamma.ravel())):
        if target >= curve[-1]:
            raise InputError(
                f"a load of {np.exp(target):g} is beyond the range of the state evolution, "
                f"{np.exp(curve[-1]):g}: lower it."
            )
        rising = np.flatnonzero((curve[:-1] <= target) & (curve[1:] > target))
        roots = []
        for j in np.unique(rising[[0, -1]]) if rising.size else ():
            root, report = brentq(
                lambda x, target=target: _log_load(x, theta, components) - target,
                logits[j], logits[j + 1], xtol=1e-13, rtol=1e-12, full_output=True,
            )  # fmt: skip
            roots.append(root)
            converged[i] &= report.converged
            iterations[i] += report.function_calls
        # Up to the spectral threshold, no knowledge is a stable fixed point.
        starts = [
            roots[0] if roots and target > -2.0 * np.log(theta) else None,
            roots[-1] if roots else None,
        ]
        for row, found in enumerate(starts):
            if found is not None:
                overlap = expit(found)
                labels = _label_channel(components * theta * overlap, components)[0]
                overlaps[2 * row : 2 * row + 2, i] = overlap, labels
    first, second, third, fourth = overlaps.reshape(4, *gamma.shape)
    return BayesOverlap(
        first,
        second,
        third,
        fourth,
        converged.reshape(gamma.shape),
        iterations.reshape(gamma.shape),
    )


def mean_thresholds(dim: int, signal: float, components: int = 2) -> MeanThresholds:
    """Sample sizes from which on the means are learnt.

    Parameters
    ----------
    dim : int
        Dimension d.
    signal : float
        ρ = |μ_c|² > 0, in units of the noise variance.
    components : int
        k ≥ 2.

    Returns
    -------
    MeanThresholds
        In samples n = γd; the overlap tends to 0 or to a jump there.

    Notes
    -----
    The informed threshold is the lowest load on the curve of fixed points. The information
    threshold is where the replica-symmetric mutual information of data and parameters,
    (k−1)/2 log(1+γθm_s) + γ I_s(θm_v) + γθ(k−1)/2 (1−m_v)(1−m_s), is as low at the upper fixed
    point as at 0.
    """
    count, theta = as_count(dim, "dim"), _spike(signal, components)
    spectral = count / theta**2
    logits, curve = _curve(theta, components)
    lowest = int(curve.argmin())
    if curve[lowest] > -2.0 * np.log(theta) - _CONTINUOUS:
        return MeanThresholds(spectral, spectral, spectral, spectral)
    # At the load of the spectral threshold, 0 is unstable and the upper fixed point has won.
    above = lowest + int(np.flatnonzero(curve[lowest:] >= -2.0 * np.log(theta))[0])
    equal = brentq(
        lambda x: _information_gap(x, theta, components), logits[lowest], logits[above], rtol=1e-12
    )
    information = count * np.exp(_log_load(equal, theta, components))
    informed = count * np.exp(curve[lowest])
    return MeanThresholds(spectral, spectral, float(information), float(informed))


def _spike(signal: float, components: int) -> float:
    """Strength θ of the covariance spikes."""
    strength = as_number(as_positive(signal, "signal"), "signal")
    return strength / (as_count(components, "components", 2) - 1)


def _curve(theta: float, components: int) -> tuple[FloatArray, FloatArray]:
    """Grid of logit m_v and log γ on it; a minimum below the spectral threshold is a grid point."""
    curve = np.array([_log_load(x, theta, components) for x in _LOGITS])
    lowest = int(curve.argmin())
    if curve[lowest] > -2.0 * np.log(theta) - _CONTINUOUS:
        return _LOGITS, curve
    found = minimize_scalar(
        lambda x: _log_load(x, theta, components),
        bounds=(_LOGITS[lowest - 1], _LOGITS[lowest + 1]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    place = int(np.searchsorted(_LOGITS, found.x))
    return np.insert(_LOGITS, place, found.x), np.insert(curve, place, found.fun)


def _log_load(logit: float, theta: float, components: int) -> float:
    """Log of the load γ that has the fixed point m_v = 1/(1 + e^(−logit))."""
    labels, _ = _label_channel(components * theta * float(expit(logit)), components)
    return float(logit - np.log(theta * labels))


def _information_gap(logit: float, theta: float, components: int) -> float:
    """Mutual information per coordinate at a fixed point, less that at 0."""
    overlap = float(expit(logit))
    labels, information = _label_channel(components * theta * overlap, components)
    gamma = np.exp(_log_load(logit, theta, components))
    quadratic = (1.0 - overlap) * (1.0 - labels) - 1.0
    half = 0.5 * (components - 1)
    means = half * np.logaddexp(0.0, logit)
    return float(means + gamma * information + gamma * theta * half * quadratic)


@lru_cache(maxsize=4096)
def _label_channel(signal: float, components: int) -> tuple[float, float]:
    """Overlap m_s and mutual information of a label seen as q δ_{c1} + √q g.

    With F and f the law of √q g + Gumbel noise, E p₁ = ∫ f(u − q) F(u)^{k−1} du, and the mean of
    the log of the sum of exponentials is ∫ u d[F(u − q) F(u)^{k−1}] less Euler's constant.
    """
    q, k = signal, components
    if q < _SMALL:
        b = q / k
        return b * (1.0 + 0.5 * (k - 4.0) * b), 0.5 * (k - 1.0) * b
    if q > 4.0 * np.log(k) + 160.0:  # the errors, about k e^{−q/4}, are below rounding
        return 1.0, float(np.log(k))
    root = np.sqrt(q)
    # Trapezoids: the Gumbel law is analytic in a strip of half-width π/2 only.
    spacing = min(_STEP / root, _WIDEST)
    t = spacing * np.arange(-np.ceil(_REACH / spacing), np.ceil(_REACH / spacing) + 1.0)
    normal = np.exp(-0.5 * t**2) * spacing / np.sqrt(2.0 * np.pi)
    u = np.arange(-_REACH * root - 5.0, q + _REACH * root + np.log(k) + 40.0, _STEP)

    def smooth(function: Callable[[FloatArray], FloatArray], shift: float) -> FloatArray:
        """Average of function(u − shift − √q g)."""
        if spacing == _WIDEST:
            return np.asarray(function(u[:, None] - shift - root * t) @ normal)
        lattice = u[0] - shift - root * t[-1] + _STEP * np.arange(u.size + t.size - 1.0)
        return np.convolve(function(lattice), normal, "valid")

    def density(v: FloatArray) -> FloatArray:
        return np.asarray(np.exp(-v - np.exp(-v)))

    def log_f(shift: float) -> FloatArray:
        tail = smooth(lambda v: -np.expm1(-np.exp(-v)), shift)
        return np.asarray(np.log1p(-np.minimum(tail, 1.0 - 1e-16)))

    others = (k - 1.0) * log_f(0.0)
    labels = _STEP * np.sum((smooth(density, q) - smooth(density, 0.0)) * np.exp(others))
    beyond = -np.expm1(log_f(q) + others)
    largest = u[0] + _STEP * (beyond.sum() - 0.5 * beyond[0]) - np.euler_gamma
    return float(k / (k - 1.0) * labels), float(np.log(k) + q - largest)
