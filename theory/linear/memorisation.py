"""Memorisation: largest |cosine| between a generated sample and the training set.

Given X, the model's sample has the law of x̂ = Xᵀa/√n, a ~ N(0, I_n). Two laws follow.

Small n: m is a Monte Carlo average that needs only the Gram matrix of the data.

Larger n: given x̂, the training points are nearly independent with covariance
C = Σ + v vᵀ/n, v = Σ(Σ+ρ)^{-1} x̂, so that m = E_x̂ ∫₀¹ [1 − (1 − T(c))ⁿ] dc, where T(c) is the
tail P(uᵀ(x̂x̂ᵀ/|x̂|² − c²)u > 0), u ~ N(0, C), of a quadratic form with one positive
eigenvalue. Its saddlepoint equation is explicit in c once the saddle is taken as the
parameter, so no equation is solved: see docs/derivation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtri

from convergen.theory.common.blas_threads import one_blas_thread
from convergen.theory.common.checks import (
    FloatArray,
    as_nonnegative,
    as_samples,
    as_seed,
)
from convergen.theory.random_matrices.equivalents import ScaledSpectrum, in_units, scaled
from convergen.theory.spectra.spectrum import Spectrum

# Up to SMALL, exact averages over data sets; from LARGE on, the saddlepoint alone.
SMALL, LARGE = 64, 128
_SADDLES = 128
_DRAWS = 1024
_LEADING = 256
_BUDGET = 1_500_000
_SEEDS_PER_SET = 16
_BLOCK = 128
# Largest log τ: every cosine there is 1 to rounding, whatever the spectrum.
_HIGHEST = 600.0


@dataclass(frozen=True)
class Memorisation:
    """Memorisation and its fresh-sample baseline, for each n.

    Attributes
    ----------
    value, baseline : ndarray
        E max_i |cos(x̂, x_i)| over the training set, and over a fresh set of the same size.
    stderr, baseline_stderr : ndarray
        Monte Carlo standard errors (over x̂ for the quasi-closed law).
    method : ndarray of str
        ``"gram monte carlo"`` for n ≤ 64; ``"saddlepoint"`` for n ≥ 128; ``"joined"`` between
        them; ``"exact"`` where m = 1; ``"monte carlo"`` for a rank-one Σ with a ridge.
    """

    value: FloatArray
    baseline: FloatArray
    stderr: FloatArray
    baseline_stderr: FloatArray
    method: np.ndarray[tuple[int, ...], np.dtype[np.str_]]


def memorisation(
    spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0, *, seed: int = 0
) -> FloatArray:
    """Expected largest |cosine| m(n) of a generated sample with the training set.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    ridge : float
        ρ ≥ 0.
    seed : int
        Seed of the Monte Carlo average over x̂.

    Returns
    -------
    ndarray, shape of `samples`
        In [0, 1]. Compare it with the baseline of `memorisation_law`.
    """
    return memorisation_law(spectrum, samples, ridge, seed=seed).value


def memorisation_law(
    spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0, *, seed: int = 0
) -> Memorisation:
    """Memorisation with baseline, standard errors and the law that was used.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1; between whole numbers n ≤ 64, m is interpolated.
    ridge : float
        ρ ≥ 0.
    seed : int
        Seed of the Monte Carlo averages; the same x̂ are used for every n, so curves are smooth.

    Returns
    -------
    Memorisation

    Notes
    -----
    The two laws differ by the error of the saddlepoint, below 1 % at n = 64, and by their Monte
    Carlo errors. Between n = 64 and 128 the difference at n = 64 is added to the saddlepoint with
    a weight that falls from 1 to 0 in log n, so that curves have no jump.
    """
    n = as_samples(samples)
    parts = scaled(spectrum)
    rho = float(in_units(np.array(as_nonnegative(ridge, "ridge")), parts.unit, "ridge"))
    table = np.empty((4, n.size))
    sizes = [n.ravel() <= SMALL, n.ravel() < LARGE]
    methods = np.select(sizes, ["gram monte carlo", "joined"], "saddlepoint").astype(object)
    if spectrum.rank == 1 and rho == 0.0:
        table[:2], table[2:], methods[:] = 1.0, 0.0, "exact"
    elif spectrum.rank == 1:
        for column, count in zip(table.T, n.ravel(), strict=True):
            column[:] = _rank_one(spectrum.dim, float(count), rho, seed)
        methods[:] = "monte carlo"
    else:
        flat = n.ravel()
        with one_blas_thread():
            for count in np.unique(flat[flat <= SMALL]):
                table[:, flat == count] = _gram_average(spectrum, count, rho, seed)[:, None]
        large = flat > SMALL
        if large.any():
            zeros = spectrum.dim - spectrum.rank
            law = _SaddlepointLaw.draw(parts, zeros, rho, float(flat[large].max()), seed)
            for i in np.flatnonzero(large):
                table[:, i] = law.both(flat[i])
            between = large & (flat < LARGE)
            if between.any():
                with one_blas_thread():
                    exact = _gram_average(spectrum, float(SMALL), rho, seed)
                for i in np.flatnonzero(between):
                    table[:, i] = _joined(table[:, i], exact, law.both(float(SMALL)), flat[i])
    value, baseline, stderr, baseline_stderr = table.reshape(4, *n.shape)
    return Memorisation(
        value, baseline, stderr, baseline_stderr, methods.astype(str).reshape(n.shape)
    )


def _stderr(values: FloatArray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _joined(law: FloatArray, exact: FloatArray, law_there: FloatArray, n: float) -> FloatArray:
    """Saddlepoint at n, corrected by its error at n = 64 less and less; errors as of independent.

    Each array holds m, baseline and their standard errors.
    """
    weight = np.log(LARGE / n) / np.log(LARGE / SMALL)
    values = law[:2] + weight * (exact[:2] - law_there[:2])
    return np.append(values, np.hypot(weight * exact[2:], (1.0 - weight) * law[2:]))


def _rank_one(dim: int, samples: float, rho: float, seed: int) -> FloatArray:
    """All points lie on one line: the cosine of x̂ with it, x̂ = sqrt(χ²_n/n + ρ) ξ along it."""
    rng = np.random.default_rng(as_seed(seed))
    along = rng.chisquare(1, _DRAWS) * (rng.chisquare(samples, _DRAWS) / samples + rho)
    across = rho * (rng.chisquare(dim - 1, _DRAWS) if dim > 1 else np.zeros(_DRAWS))
    cosine = np.sqrt(along / (along + across))
    return np.array([cosine.mean()] * 2 + [_stderr(cosine)] * 2)


def _gram_average(spectrum: Spectrum, samples: float, rho: float, seed: int) -> FloatArray:
    """m, baseline and their standard errors; linear between whole numbers."""
    low = int(np.floor(samples))
    first = _gram_monte_carlo(spectrum, low, rho, seed)
    if samples == low:
        return first
    return first + (samples - low) * (_gram_monte_carlo(spectrum, low + 1, rho, seed) - first)


def _gram_monte_carlo(spectrum: Spectrum, n: int, rho: float, seed: int) -> FloatArray:
    """Average over data sets; a long tail of the spectrum is Gaussian by the central limit."""
    rng = np.random.default_rng([as_seed(seed), n])
    leading = spectrum.leading(min(spectrum.dim, _LEADING)) / spectrum.largest
    sets = int(np.clip(_BUDGET // (2 * n * max(leading.size, 2 * n)), 64, 4096))
    x = rng.standard_normal((sets, 2 * n, leading.size))
    x *= np.sqrt(leading)
    gram = x @ x.transpose(0, 2, 1)
    tail = np.zeros(2)
    if spectrum.dim > _LEADING:
        lam, counts = spectrum.eigenvalues / spectrum.largest, spectrum.multiplicities
        # Differences of sums: rounding must not turn those of a vanishing tail negative.
        tail = np.array([max(counts @ lam**p - np.sum(leading**p), 0.0) for p in (1, 2)])
        noise = rng.standard_normal(gram.shape) * np.sqrt(0.5 * tail[1])
        gram += noise + noise.transpose(0, 2, 1) + tail[0] * np.eye(2 * n)
    a = rng.standard_normal((sets, n, _SEEDS_PER_SET)) / np.sqrt(n)
    inner = gram[:, :, :n] @ a
    square = np.einsum("rik,rik->rk", a, inner[:, :n])
    if rho > 0.0:
        # √ρ ξ: drawn in the leading directions, its tail by the central limit as well.
        white = rng.standard_normal((sets, leading.size, _SEEDS_PER_SET))
        extra, length = x @ white, np.sum(white**2, axis=1)
        if spectrum.dim > _LEADING:
            extra += np.sqrt(tail[0]) * rng.standard_normal(extra.shape)
            length += rng.chisquare(spectrum.dim - _LEADING, length.shape)
        cross = np.einsum("rik,rik->rk", a, extra[:, :n])
        square = square + 2.0 * np.sqrt(rho) * cross + rho * length
        inner = inner + np.sqrt(rho) * extra
    norms = np.sqrt(np.einsum("rii->ri", gram))[:, :, None]
    cosines = np.minimum(np.abs(inner) / (norms * np.sqrt(square)[:, None]), 1.0)
    own, fresh = cosines[:, :n].max(axis=1).mean(axis=1), cosines[:, n:].max(axis=1).mean(axis=1)
    return np.array([own.mean(), fresh.mean(), _stderr(own), _stderr(fresh)])


class _Jet(NamedTuple):
    """A function of the saddle τ with its first two derivatives, shape (draws, saddles)."""

    value: FloatArray
    first: FloatArray
    second: FloatArray


class _SaddlepointLaw(NamedTuple):
    """Everything in the saddlepoint formula that depends on x̂ and τ but not on n.

    With R = (I + τΣ)^{-1} and ŵ = x̂/|x̂|: e = ŵᵀRŵ, f = vᵀRŵ, g = vᵀRv, D = log det(I + τΣ).
    """

    tau: FloatArray
    log_det: _Jet
    e: _Jet
    f: _Jet
    g: _Jet

    @classmethod
    def draw(
        cls, parts: ScaledSpectrum, zeros: int, rho: float, largest: float, seed: int
    ) -> _SaddlepointLaw:
        rng = np.random.default_rng(as_seed(seed))
        lam, weights = parts.nodes, parts.weights
        profile = rng.chisquare(weights, (_DRAWS, weights.size)) * (lam + rho)
        silent = rng.chisquare(zeros, _DRAWS) * rho if zeros and rho else np.zeros(_DRAWS)
        length = profile.sum(axis=1) + silent
        tau = _saddles(parts, largest)

        def jet(power: int) -> _Jet:
            share = (lam / (lam + rho)) ** power
            damp = 1.0 / (1.0 + tau * lam[:, None])
            direction = profile / length[:, None] * share
            scale = length[:, None] ** (0.5 * power)
            value = direction @ damp + (silent / length)[:, None] * (power == 0)
            first = -(direction * lam) @ damp**2
            second = 2.0 * (direction * lam**2) @ damp**3
            return _Jet(scale * value, scale * first, scale * second)

        ratio = lam[:, None] / (1.0 + tau * lam[:, None])
        log_det = _Jet(
            weights @ np.log1p(tau * lam[:, None]), weights @ ratio, -(weights @ ratio**2)
        )
        return cls(tau, log_det, jet(0), jet(1), jet(2))

    def both(self, samples: float) -> FloatArray:
        """m, baseline and their standard errors over the draws of x̂."""
        own, fresh = (self.average(samples, o) for o in (_own_variance(samples), 0.0))
        return np.array([own.mean(), fresh.mean(), _stderr(own), _stderr(fresh)])

    def average(self, samples: float, own: float) -> FloatArray:
        """E max |cos| for each draw of x̂; `own` is 1/n for training points, 0 for fresh ones.

        det(I − 2tM) = det(I + τΣ) (M − pN)/c² with p = 1 − c², N = 1 + own τ g and
        M = eN − own τ f²; the saddle condition is linear in p.
        """
        blocks = range(0, len(self.e.value), _BLOCK)
        return np.concatenate([self._average(samples, own, slice(i, i + _BLOCK)) for i in blocks])

    def _average(self, samples: float, own: float, draws: slice) -> FloatArray:
        """The same for some of the draws, so few that everything stays in the cache."""
        tau, d = self.tau, self.log_det
        e, f, g = (_Jet(*(part[draws] for part in jet)) for jet in (self.e, self.f, self.g))
        n0 = 1.0 + own * tau * g.value
        n1 = own * (g.value + tau * g.first)
        n2 = own * (2.0 * g.first + tau * g.second)
        square0 = f.value**2
        square1 = 2.0 * f.value * f.first
        square2 = 2.0 * (f.first**2 + f.value * f.second)
        m0 = e.value * n0 - own * tau * square0
        m1 = e.first * n0 + e.value * n1 - own * (square0 + tau * square1)
        m2 = e.second * n0 + 2.0 * e.first * n1 + e.value * n2
        m2 = m2 - own * (2.0 * square1 + tau * square2)
        p = (m1 + d.first * m0) / (n1 + d.first * n0)
        gap = np.maximum(m0 - p * n0, 1e-300)  # nearly rank-one spectra: 0 up to rounding
        cumulant = -0.5 * (d.value + np.log(gap) - np.log1p(-p))
        curvature = 0.5 * (d.first**2 - d.second - (m2 - p * n2) / gap)
        w = np.sqrt(np.maximum(-2.0 * cumulant, 1e-30))
        # Nearly rank-one spectra: every cosine is 1 to rounding, and the curvature rounds to 0.
        u = tau * np.sqrt(np.maximum(curvature, 1e-300))
        with np.errstate(over="ignore"):  # an infinite exponent: nothing is missed
            missed = np.exp(samples * log_ndtr(w + np.log(u / w) / w))
        cosine = np.sqrt(1.0 - p)
        # Below the first saddle every point exceeds c with probability of order one.
        hit = 1.0 - missed
        area = 0.5 * np.sum((hit[:, 1:] + hit[:, :-1]) * np.diff(cosine, axis=1), axis=1)
        return np.asarray(cosine[:, 0] + area)


def _own_variance(n: float) -> float:
    """Variance of the Gaussian that stands for ϑ = α/√(1 − α²), α = a_i/|a|.

    With |a| = √n the α_i stay independent, which costs 1/4n in the maximum; the exact marginal
    law without Σ α_i² = 1 would cost 1.3/n. Only the tail matters, so the Gaussian is matched at
    the median x of the maximum of n standard normals, where ϑ = x/√(n − x²).
    """
    x = float(ndtri(0.5 + 0.5 ** (1.0 + 1.0 / n)))
    return 1.0 / (n - x**2)


def _saddles(parts: ScaledSpectrum, samples: float) -> FloatArray:
    """Grid of τ from the mean of the form to a tail far below 1/n."""
    trace = float(parts.weights @ parts.nodes)
    low = np.log(1e-2 / trace)
    high = low
    share = 0.5 * (parts.rank - 1.0) / parts.rank
    while high < _HIGHEST and share * float(
        parts.weights @ np.log1p(np.exp(high) * parts.nodes)
    ) < (np.log(samples) + 20.0):
        high += 0.5
    return np.exp(np.linspace(low, high, _SADDLES))
