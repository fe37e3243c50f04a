"""Learning the means of a mixture of equal components: spectral, Bayes-optimal and fitted.

Model: n samples of Σ_c (1/k) N(μ_c, I) in d dimensions, γ = n/d fixed, the means on a regular
simplex about the known centre 0, |μ_c|² = ρ. The covariance has k − 1 spikes 1 + θ, θ = ρ/(k − 1).

Bayes-optimal state evolution (Lesieur et al., arXiv:1610.02918, symmetric ansatz): with m_v the
overlap of the means and m_s that of the labels,

    m_v = γθ m_s/(1 + γθ m_s),    m_s = [k E p₁ − 1]/(k − 1),    p = softmax(q δ_{c1} + √q g_c),

q = kθ m_v; for k = 2, m_s = E tanh(ρ m_v + √(ρ m_v) Z). p₁ is the probability that component 1 wins
when Gumbel noise is added to every exponent, so that E p₁ is one integral for any k. And γ is
explicit in m_v: fixed points are crossings of one curve, not limits of a slow iteration.

Mixtures fitted to disjoint data are compared as everywhere in this package, by the overlap of
their outputs on shared noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit
from threadpoolctl import threadpool_limits

from theory.checks import FloatArray, InputError, as_count, as_number, as_positive, as_samples
from theory.gaussian_mixture import GaussianMixture

_STEP = 0.25
_WIDEST = 0.35
_REACH = 10.0
_SMALL = 1e-6
_LOGITS = np.arange(-28.0, 40.0, 0.25)
_CONTINUOUS = 1e-9
_FREE = ("full", "diag", "spherical")
# Perturbations of the parameters, and noise levels of the flow relative to the data.
_RELATIVE = 1e-4
_WIDE, _FINE, _FLOW_STEPS = 300.0, 0.01, 40


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


@dataclass(frozen=True)
class FittedConvergence:
    """Agreement of two mixtures fitted to disjoint data, for each n.

    Attributes
    ----------
    value : ndarray
        q = E⟨a, b⟩/√(E|a|² E|b|²) of their outputs a, b on shared noise, about the true mean.
    gap : ndarray
        1 − q, without the rounding of a difference.
    stderr : ndarray
        Standard error of both, over pairs of fits.
    """

    value: FloatArray
    gap: FloatArray
    stderr: FloatArray


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
    above = np.maximum(1.0 - 1.0 / (gamma * theta**2), 0.0)
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


def convergence_of_fitted_mixtures(
    mixture: GaussianMixture,
    samples: ArrayLike,
    sigma: float | None = None,
    *,
    rng: np.random.Generator,
    covariance: str = "full",
    repeats: int = 10,
    points: int = 1000,
    restarts: int = 1,
) -> FittedConvergence:
    """Fit pairs of mixtures to disjoint data by EM and measure how far they agree.

    Parameters
    ----------
    mixture : GaussianMixture
        True law; fits have as many components.
    samples : array_like of int, shape (m,)
        Training samples n of each fit.
    sigma : float, optional
        Noise level of the denoisers that are compared, on the same noisy samples; by default the
        samples that both generate from the same seeds (probability-flow ODE) are.
    rng : numpy.random.Generator
        Source of all data and noise.
    covariance : str
        As for `GaussianMixture.fit`.
    repeats : int
        Pairs of fits for each n, at least 2.
    points : int
        Shared noisy points or seeds.
    restarts : int
        Initialisations of each fit.

    Returns
    -------
    FittedConvergence

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    counts = np.atleast_1d(as_samples(samples))
    size = as_count(repeats, "repeats", 2)
    output = _output(mixture, sigma, as_count(points, "points"), rng)

    def fitted(n: int) -> FloatArray:
        model = GaussianMixture.fit(
            mixture.sample(n, rng), mixture.components, covariance=covariance,
            restarts=restarts, seed=int(rng.integers(2**31)),
        )  # fmt: skip
        return output(model)

    gap, stderr = np.empty(counts.size), np.empty(counts.size)
    for i, n in enumerate(counts):
        with threadpool_limits(1):  # for problems this small, starting threads takes all the time
            pairs = [(fitted(as_count(float(n), "samples")), fitted(int(n))) for _ in range(size)]
        apart = np.array([np.mean((a - b) ** 2) for a, b in pairs])
        norms = np.array([np.mean(a**2 + b**2) for a, b in pairs])
        gap[i] = apart.mean() / norms.mean()
        spread = (apart - gap[i] * norms).std(ddof=1)
        stderr[i] = spread / norms.mean() / np.sqrt(size)
    return FittedConvergence(1.0 - gap, gap, stderr)


def asymptotic_gap(
    mixture: GaussianMixture,
    sigma: float | None = None,
    *,
    rng: np.random.Generator,
    covariance: str = "full",
    points: int = 1000,
    samples: int = 20_000,
) -> float:
    """Constant C of 1 − q ≈ C/n, for fits to disjoint data at large n.

    Parameters
    ----------
    mixture : GaussianMixture
        True law, of low dimension: its p parameters are perturbed one by one.
    sigma : float, optional
        As for `convergence_of_fitted_mixtures`.
    rng : numpy.random.Generator
        Source of all data and noise.
    covariance : str
        ``"full"``, ``"diag"`` or ``"spherical"``: what the fit is free to choose.
    points : int
        Shared noisy points or seeds.
    samples : int
        Samples for the Fisher information F; its relative error is about √(p/samples).

    Returns
    -------
    float
        C = Tr(F⁻¹ E JᵀJ)/E|D|², with J the derivative of the output D by the parameters.

    Notes
    -----
    Assumes maximum likelihood at its global optimum, a mixture in the family with distinct
    components, and fluctuations over which D is linear. The last fails for samples generated by a
    mixture of well-separated components until n is very large: a share of order n^{-1/2} of the
    seeds, those near a boundary between basins, change their component, so that 1 − q falls like
    n^{-1/2} first, below C/n, while C is carried by rare seeds and hard to average.
    """
    if covariance not in _FREE:
        raise InputError(f"covariance {covariance!r} is not one of {', '.join(_FREE)}.")
    output = _output(mixture, sigma, as_count(points, "points"), rng)
    data = mixture.sample(as_count(samples, "samples", 2), rng)
    base = (mixture.weights, mixture.means.reshape(mixture.components, -1), mixture.covariances)
    scores, slopes = [], []
    for change in _directions(base, covariance):
        up, down = (
            GaussianMixture(*(b + h * step for b, step in zip(base, change, strict=True)))
            for h in (1.0, -1.0)
        )
        scores.append(up.log_density(data) - down.log_density(data))
        slopes.append((output(up) - output(down)).ravel())
    fisher = np.array(scores) @ np.array(scores).T / len(data)
    response = np.array(slopes) @ np.array(slopes).T / as_count(points, "points")
    size = np.sum(output(mixture) ** 2) / as_count(points, "points")
    return float(np.trace(np.linalg.solve(fisher, response)) / size)


def _directions(
    base: tuple[FloatArray, FloatArray, FloatArray], covariance: str
) -> list[tuple[FloatArray, ...]]:
    """Small changes of weights (of sum 0), means and covariances, one for each free parameter."""
    weights, means, covariances = base
    rows, axes = np.eye(len(weights)), np.eye(means.shape[1])
    pairs = {
        "full": list(itertools.combinations_with_replacement(axes, 2)),
        "diag": list(zip(axes, axes, strict=True)),
    }
    units = [np.outer(a, b) + np.outer(b, a) for a, b in pairs.get(covariance, [])] or [
        np.eye(means.shape[1])
    ]
    changes = []

    def add(part: int, value: FloatArray) -> None:
        change = [np.zeros_like(array) for array in base]
        change[part] = _RELATIVE * value
        changes.append(tuple(change))

    for c, variance in enumerate(np.linalg.eigvalsh(covariances)[:, 0]):
        if c:
            add(0, weights.min() * (rows[c] - rows[0]))
        for axis in axes:
            add(1, np.sqrt(variance) * np.outer(rows[c], axis))
        for unit in units:
            add(2, variance * rows[c, :, None, None] * unit)
    return changes


def _output(
    mixture: GaussianMixture, sigma: float | None, points: int, rng: np.random.Generator
) -> Callable[[GaussianMixture], FloatArray]:
    """What is compared: the outputs of a model on noise that all models share."""
    noise = rng.standard_normal((points, *mixture.shape))
    if sigma is not None:
        level = as_number(as_positive(sigma), "sigma")
        noisy = mixture.sample(points, rng) + level * noise
        return lambda model: np.asarray(model(noisy, level) - mixture.mean)
    variances = np.linalg.eigvalsh(mixture.covariances)
    largest = _WIDE * np.sqrt(np.linalg.eigvalsh(mixture.covariance)[-1])
    levels = np.geomspace(largest, _FINE * np.sqrt(variances.min()), _FLOW_STEPS)

    def generate(model: GaussianMixture) -> FloatArray:
        x = levels[0] * noise
        for high, low in itertools.pairwise(levels):  # Heun
            slope = (x - model(x, high)) / high
            trial = x + (low - high) * slope
            x = x + 0.5 * (low - high) * (slope + (trial - model(trial, low)) / low)
        return np.asarray(model(x, levels[-1]) - mixture.mean)

    return generate
