"""The law of one Gaussian kernel of a training set at a query, and of the sum of n of them.

Everything about S = Σ_i L_i, L_i = exp(−|x − y_i|²/2σ²), and the weights L_i/S at a query x follows
from the Laplace transform φ(t) = E e^{−tL} of one kernel: E e^{−tS} = φ(t)^n, hence
E log S = ∫ (e^{−t} − φ(t)^n) dt/t without any simulation of training sets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, gammaincinv, logsumexp

from convergen.theory.collapse.data_laws import DataLaw, GaussianLaw, Law, MixtureLaw
from convergen.theory.collapse.information import draw_pairs
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_seed,
)

QUERIES = 128
# Points that stand for a law whose kernels have no closed form.
_REFERENCES = 4096
# Ratio of noise and data beyond which cumulants of the kernels leave floats.
_FAR = 1e20
# Tails of e^−12, or e^−12 times one training point in n, do not count.
_NEGLIGIBLE = 12.0
# Steps in log L and log t: the trapezoidal rule for t e^{−t} in log t errs by e^{−π²/step}.
_STEP = 0.7
_HAZARDS = (1e-6, 14.0)
# φ is known from 1 − φ; what this cuts is negligible.
_MOST = 1.0 - 1e-15


@dataclass(frozen=True)
class KernelLaw:
    """Law of the kernel L = exp(−|x − y|²/2σ²) of one training point y at one query x.

    Attributes
    ----------
    logs : ndarray, shape (k,)
        Nodes of log L, ascending.
    log_masses : ndarray, shape (k,)
        Log probabilities of the nodes.
    vectors : ndarray, shape (k, r)
        E[y | L] − c with c the data mean, in an orthonormal basis.
    squares : ndarray, shape (k,)
        E[|y − c|² | L], in data units squared.
    log_mean : float
        log E L, the log of the smoothed density up to the volume of the kernel.
    log_own : float
        log kernel −|z|²/2 of the clean point whose noisy copy the query is.
    atoms : int
        Number of reference points if the nodes are such points, 0 if they are a quadrature.
    """

    logs: FloatArray
    log_masses: FloatArray
    vectors: FloatArray
    squares: FloatArray
    log_mean: float
    log_own: float = np.nan
    atoms: int = 0

    def times(self, samples: float) -> tuple[FloatArray, FloatArray, int]:
        """Equidistant grid of log t on which φ(t)^n falls from 1 to 0, and −n log φ there.

        Parameters
        ----------
        samples : float
            Training samples n.

        Returns
        -------
        log_t, hazard : ndarray, each of shape (t,)
            The grid and the values.
        first : int
            Nodes before this one are too small to matter.
        """
        log_n = float(np.log(samples))
        low = np.full(2, -self.logs[-1] - log_n - 20.0)
        high = np.full(2, -self.logs[0] + 5.0)
        targets = np.array(_HAZARDS)
        while np.max(high - low) > 0.1:
            middle = 0.5 * (low + high)
            beyond = self.hazard(middle, samples) > targets
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        count = int(np.clip((high[1] - low[0]) / _STEP, 64, 250))
        log_t = np.linspace(low[0], high[1], count)
        shares = np.exp(np.minimum(self.log_masses + self.logs + log_t[-1] + log_n, 50.0))
        first = int(np.searchsorted(np.cumsum(shares), _HAZARDS[0]))
        return log_t, self.hazard(log_t, samples, first), first

    def hazard(self, log_t: FloatArray, samples: float, first: int = 0) -> FloatArray:
        """−n log φ(t).

        Parameters
        ----------
        log_t : ndarray, shape (t,)
            Logarithms of t.
        samples : float
            Independent kernels n ≥ 0.
        first : int
            Nodes before this one do not count.

        Returns
        -------
        ndarray, shape (t,)
        """
        missed = -np.expm1(-np.exp(np.minimum(log_t[:, None] + self.logs[first:], 50.0)))
        mean = missed @ np.exp(self.log_masses[first:])
        return np.asarray(-samples * np.log1p(-np.minimum(mean, _MOST)))


def mean_log_sum(log_t: FloatArray, hazard: FloatArray) -> float:
    """E log S of n independent kernels.

    Parameters
    ----------
    log_t, hazard : ndarray, each of shape (t,)
        From `KernelLaw.times`.

    Returns
    -------
    float
    """
    # T = Exp(1)/S survives t with probability φ(t)^n, and E log T = −γ − E log S.
    reached = -np.expm1(-hazard)
    return float(np.trapezoid(reached, log_t) - log_t[-1] - np.euler_gamma)


def kernel_laws(
    law: Law, samples: float, sigma: float, *, draws: int = QUERIES, seed: int = 0
) -> Iterator[KernelLaw]:
    """Laws of the kernels at independent fresh noisy points.

    Parameters
    ----------
    law : Law
        The data distribution; see `convergen.theory.collapse.data_laws.as_law`.
    samples : float
        Training samples n: the nodes reach as far as the largest of n kernels does.
    sigma : float
        Kernel width and standard deviation of the noise of the queries, σ > 0; data units.
    draws : int
        How many queries, at least 2.
    seed : int
        Seed; the same queries and noises serve every n and σ.

    Yields
    ------
    KernelLaw
        One a query; none where a data set is too small for n.

    Raises
    ------
    InputError
        If σ is more than a factor of 1e20 from the root of the trace of the covariance of a
        Gaussian or a mixture.

    Notes
    -----
    With Λ(θ) = log E L^θ the density of log L at Λ'(θ) is e^{Λ − θΛ'}/(2πΛ'')^{1/2}, to next
    order in the cumulants (Daniels 1954), and E[y | L] is close to the posterior mean at noise
    σ/√θ. For N(μ, Σ), u = x − μ:
    Λ = −½ log det(1 + θΣ/σ²) − ½ θ uᵀ(σ² + θΣ)⁻¹u, for θ down to −σ²/λ_max. Components of a
    mixture are added; any other law stands for itself by reference points.
    """
    count = as_count(draws, "draws", 2)
    _in_range(law, sigma)
    if isinstance(law, GaussianLaw):
        # Only |x|² in each eigenspace matters, so the compressed spectrum serves any dimension.
        nodes, weights = law.spectrum.compression.nodes, law.spectrum.compression.weights
        rng = np.random.default_rng([as_seed(seed), count])
        # A Latin hypercube: the sum over eigenspaces is the main effect, and is stratified.
        strata = rng.permuted(np.tile(np.arange(count), (nodes.size, 1)), axis=1).T
        uniform = (strata + rng.random(strata.shape)) / count
        squares = 2.0 * gammaincinv(weights / 2.0, uniform)
        queries = np.sqrt((nodes + sigma**2) * squares)
        own = _own_noise(queries, nodes, weights, sigma, rng)
        for x, log_own in zip(queries, own, strict=True):
            yield replace(_gaussian(x, nodes, weights, sigma, samples), log_own=float(log_own))
    elif isinstance(law, MixtureLaw):
        x0, z = draw_pairs(law, count, seed)
        laws = _mixture(law, x0 + sigma * z, sigma, samples)
        for kernel, noise in zip(laws, z, strict=True):
            yield replace(kernel, log_own=-0.5 * float(noise @ noise))
    elif samples <= reference_points(law, count)[0] / 4:
        rng = np.random.default_rng([as_seed(seed), count])
        references, fresh = reference_points(law, count)
        points = draw_distinct(law, references + fresh, rng)
        queries, points = points[:fresh], points[fresh:]
        noises = rng.standard_normal(queries.shape)
        centre = points.mean(axis=0)
        squares = np.sum((points - centre) ** 2, axis=1)
        mass = np.full(len(points), -np.log(len(points)))
        for x, noise in zip(queries + sigma * noises, noises, strict=True):
            log_own = -0.5 * float(noise @ noise)
            logs = -0.5 * np.sum(((x - points) / sigma) ** 2, axis=1)
            order = np.argsort(logs)
            vectors, mean = (points - centre)[order], float(logsumexp(logs + mass))
            yield KernelLaw(logs[order], mass, vectors, squares[order], mean, log_own, len(points))


def _in_range(law: Law, sigma: float) -> None:
    """Refuse noise at which kernels have reached their limits and their cumulants leave floats."""
    if isinstance(law, GaussianLaw):
        scale = math.sqrt(law.spectrum.trace)
    elif isinstance(law, MixtureLaw):
        scale = math.sqrt(float(np.trace(law.mixture.covariance)))
    else:
        return
    if not scale / _FAR <= sigma <= scale * _FAR:
        raise InputError(
            f"sigma = {sigma:g} is too far from the size of the data, {scale:g}, for their kernels "
            f"to be told apart: give one within a factor of {_FAR:g}."
        )


def draw_distinct(law: Law, count: int, rng: np.random.Generator) -> FloatArray:
    """Independent points, of a data set without replacement.

    Parameters
    ----------
    law : Law
        The data distribution.
    count : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (count, dim)

    Raises
    ------
    InputError
        If a data set has fewer points.
    """
    if not isinstance(law, DataLaw):
        return law.draw(count, rng)
    if count > len(law.data):
        raise InputError(
            f"{count} distinct points are needed, but the data set has {len(law.data)}: ask for "
            "fewer samples or queries, or give more data."
        )
    return law.data[rng.permutation(len(law.data))[:count]]


def _own_noise(
    x: FloatArray, lam: FloatArray, weights: FloatArray, sigma: float, rng: np.random.Generator
) -> FloatArray:
    """−|z|²/2 of queries with radii x in the eigenspaces, z drawn given x, shape (queries,).

    Given x the noise is normal with mean σx/(λ + σ²) along x and variance λ/(λ + σ²).
    """
    spread = lam / (lam + sigma**2)
    along = sigma * x / (lam + sigma**2) + np.sqrt(spread) * rng.standard_normal(x.shape)
    # Weights of the compressed spectrum are not below one, to a few per cent.
    across = 2.0 * spread * rng.standard_gamma(np.maximum(weights - 1.0, 0.0) / 2.0, x.shape)
    return np.asarray(-0.5 * np.sum(along**2 + across, axis=1))


def _gaussian(
    u: FloatArray, lam: FloatArray, weights: FloatArray, sigma: float, samples: float
) -> KernelLaw:
    """Kernel law of N(0, Σ) at a query with coordinates u, in the eigenbasis of Σ."""
    ratio, squares = lam / sigma**2, (u / sigma) ** 2

    def cumulants(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        inverse = 1.0 / (1.0 + theta[:, None] * ratio)
        value = 0.5 * np.log(inverse) @ weights - 0.5 * theta * (inverse @ squares)
        slope = -0.5 * (inverse @ (weights * ratio)) - 0.5 * (inverse**2 @ squares)
        return value, slope

    def rate(v: FloatArray) -> FloatArray:
        theta = np.expm1(v) / ratio.max()
        value, slope = cumulants(theta)
        return np.asarray(theta * slope - value)

    # 1 + θλ_max/σ² = e^v, for v where the tail of log L is neither negligible nor one in n, and
    # where it is 1/n: there the weights condense, unless θ = 1 comes before.
    log_n = float(np.log(samples))
    inner, outer = np.zeros(3), np.array([-40.0, 600.0, 600.0])
    targets = np.array([_NEGLIGIBLE, _NEGLIGIBLE + log_n, log_n])
    for _ in range(40):
        middle = 0.5 * (inner + outer)
        far = rate(middle) > targets
        inner, outer = np.where(far, inner, middle), np.where(far, middle, outer)
    coarse = np.linspace(outer[0], outer[1], 400)
    # Kernels that are never the largest of n need not be resolved one by one.
    rises = np.diff(cumulants(np.expm1(coarse) / ratio.max())[1])
    exceeding = log_n - np.where(coarse > 0.0, rate(coarse), 0.0)
    crowd = expit(0.5 * exceeding[1:] - 5.0)
    rough = min(1.0 / _STEP, 128.0 / (float(crowd @ rises) + 1e-9))
    density = crowd * rough + (1.0 - crowd) / _STEP
    path = np.append(0.0, np.cumsum(rises * density + np.diff(coarse) / _STEP))
    count = int(np.clip(path[-1], 64, 1000))
    v = np.interp(np.linspace(0.0, path[-1], count), path, coarse)
    theta = np.expm1(v) / ratio.max()
    value, slope = cumulants(theta)
    # Higher cumulants, in units of e^{−v}: the n-th one times e^{nv}.
    unit = np.exp(-v)
    reach = 1.0 / (unit[:, None] + (1.0 - unit[:, None]) * (ratio / ratio.max()))
    second = 0.5 * (reach**2 @ (weights * ratio**2)) + unit * (reach**3 @ (ratio * squares))
    third = reach**3 @ (weights * ratio**3) + 3.0 * unit * (reach**4 @ (ratio**2 * squares))
    fourth = reach**4 @ (weights * ratio**4) + 4.0 * unit * (reach**5 @ (ratio**3 * squares))
    log_masses = value - theta * slope + 0.5 * np.log(second) + np.log(np.gradient(v))
    log_masses += 3.0 * fourth / (8.0 * second**2) - 5.0 * third**2 / (24.0 * second**3)
    log_masses -= logsumexp(log_masses)
    # The kernels that make up S are tilted by θ ≤ 1; their moment E L^θ is known exactly.
    tilt = min(float(np.expm1(max(outer[2], 1e-3)) / ratio.max()), 1.0)
    exact = float(cumulants(np.array([tilt]))[0][0])
    logs = slope + (exact - logsumexp(log_masses + tilt * slope)) / tilt
    # E[y | L] is the mean under the tilt, and by the next order a little more.
    gain = ratio * reach
    bias = gain * reach * (gain - 0.5 * (third / second)[:, None]) / second[:, None]
    vectors = u * unit[:, None] * (theta[:, None] * gain + bias)
    squares_given = 2.0 * (u @ vectors.T) - u @ u - 2.0 * sigma**2 * slope
    mean = float(cumulants(np.ones(1))[0][0])
    return KernelLaw(logs, log_masses, vectors, squares_given, mean)


def _mixture(law: MixtureLaw, x: FloatArray, sigma: float, samples: float) -> Iterator[KernelLaw]:
    """Kernel laws at queries x: those of the components, with their weights."""
    mixture = law.mixture
    means = mixture.means.reshape(mixture.components, -1)
    offsets = means - mixture.mean.ravel()
    values, bases = np.linalg.eigh(mixture.covariances)
    ones = np.ones(law.dim)
    for point in x:
        parts, means_log = [], []
        for mean, offset, lam, basis, weight in zip(
            means, offsets, values, bases, mixture.weights, strict=True
        ):
            own = _gaussian((point - mean) @ basis, lam, ones, sigma, samples)
            vectors = own.vectors @ basis.T
            squares = own.squares + 2.0 * vectors @ offset + offset @ offset
            means_log.append(own.log_mean + np.log(weight))
            parts.append((own.logs, own.log_masses + np.log(weight), vectors + offset, squares))
        logs, masses, vectors, squares = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(logs)
        log_mean = float(logsumexp(means_log))
        yield KernelLaw(logs[order], masses[order], vectors[order], squares[order], log_mean)


def reference_points(law: Law, draws: int) -> tuple[int, int]:
    """How many points stand for a law without closed form, and how many queries there are.

    Parameters
    ----------
    law : Law
        The data distribution.
    draws : int
        How many queries are wanted.

    Returns
    -------
    tuple of int
        Zeros where a data set is too small.
    """
    available = len(law.data) if isinstance(law, DataLaw) else np.inf
    total = int(min(available, _REFERENCES + draws))
    fresh = min(draws, total // 4)
    return (total - fresh, fresh) if fresh > 1 else (0, 0)
