"""The law of one Gaussian kernel of a training set at a query, and of the sum of n of them.

Everything about S = Σ_i L_i, L_i = exp(−|x − y_i|²/2σ²), and the weights L_i/S at a query x follows
from the Laplace transform φ(t) = E e^{−tL} of one kernel: E e^{−tS} = φ(t)^n, hence
E log S = ∫ (e^{−t} − φ(t)^n) dt/t without any simulation of training sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from convergen.theory.collapse.data_laws import MixtureLaw
from convergen.theory.common.checks import FloatArray

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


def gaussian_kernel(
    u: FloatArray, lam: FloatArray, weights: FloatArray, sigma: float, samples: float
) -> KernelLaw:
    """Kernel law of N(0, Σ) at one query, by the saddlepoint approximation.

    Parameters
    ----------
    u : ndarray, shape (k,)
        The query in the eigenbasis of Σ; in a compressed one, its length in each eigenspace.
    lam, weights : ndarray, shape (k,)
        Eigenvalues and multiplicities.
    sigma : float
        Kernel width.
    samples : float
        Training samples n: the nodes reach as far as the largest of n kernels does.

    Returns
    -------
    KernelLaw

    Notes
    -----
    With Λ(θ) = log E L^θ the density of log L at Λ'(θ) is e^{Λ − θΛ'}/(2πΛ'')^{1/2}, to next
    order in the cumulants (Daniels 1954), and E[y | L] is close to the posterior mean at noise
    σ/√θ. For N(μ, Σ), u = x − μ:
    Λ = −½ log det(1 + θΣ/σ²) − ½ θ uᵀ(σ² + θΣ)⁻¹u, for θ down to −σ²/λ_max.
    """
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


def mixture_kernels(
    law: MixtureLaw, x: FloatArray, sigma: float, samples: float
) -> Iterator[KernelLaw]:
    """Kernel laws at queries x: those of the components, with their weights.

    Parameters
    ----------
    law : MixtureLaw
        The mixture.
    x : ndarray, shape (m, d)
        Queries.
    sigma : float
        Kernel width.
    samples : float
        Training samples n: the nodes reach as far as the largest of n kernels does.

    Yields
    ------
    KernelLaw
        One a query.
    """
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
            own = gaussian_kernel((point - mean) @ basis, lam, ones, sigma, samples)
            vectors = own.vectors @ basis.T
            squares = own.squares + 2.0 * vectors @ offset + offset @ offset
            means_log.append(own.log_mean + np.log(weight))
            parts.append((own.logs, own.log_masses + np.log(weight), vectors + offset, squares))
        logs, masses, vectors, squares = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(logs)
        log_mean = float(logsumexp(means_log))
        yield KernelLaw(logs[order], masses[order], vectors[order], squares[order], log_mean)
