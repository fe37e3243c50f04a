"""The largest cosine with many training points: a saddlepoint whose equation is explicit.

Given x̂, the training points are nearly independent with covariance C = Σ + τ v vᵀ/n,
v = Σ(Σ+ρ)^{-1} x̂, so that m = E_x̂ ∫₀¹ [1 − (1 − T(c))ⁿ] dc, where T(c) is the tail
P(uᵀ(x̂x̂ᵀ/|x̂|² − c²)u > 0), u ~ N(0, C), of a quadratic form with one positive eigenvalue. Its
saddlepoint equation is explicit in c once the saddle is taken as the parameter, so no equation is
solved: see docs/derivation.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv, log_ndtr, ndtri

from convergen.theory.common.checks import FloatArray, as_seed
from convergen.theory.random_matrices.renormalised_noise import ScaledSpectrum

# Saddles of the integral over c: an error of 1e-4.
_SADDLES = 128
# Latin hypercubes of points x̂, and points in each: four times fewer than independent draws need
# for half the error, of which the scatter of the hypercubes tells.
_CUBES, _POINTS = 16, 16
# Numbers of an array that stays in the cache while it is worked on.
_BLOCK = 2**14
# Points x̂ and saddles that do where spectra are compared, whose errors are alike.
_SPREAD, _FEW_SADDLES = 32, 48
# Steps in which the first saddle is looked for that counts, and the exponent below which exp adds
# nothing to 1.
_STRIDE, _CERTAIN = 8, -38.0
# Largest log τ: every cosine there is 1 to rounding, whatever the spectrum.
_HIGHEST = 600.0


def standard_error(values: FloatArray) -> float:
    """Of the mean of independent values.

    Parameters
    ----------
    values : ndarray, shape (k,)

    Returns
    -------
    float
    """
    return float(values.std(ddof=1) / np.sqrt(values.size))


class _Jet(NamedTuple):
    """A function of the saddle τ with its first two derivatives, shape (draws, saddles)."""

    value: FloatArray
    first: FloatArray
    second: FloatArray

    def times(self, tau: FloatArray) -> _Jet:
        """Of τ times this function."""
        return _Jet(
            tau * self.value, self.value + tau * self.first, 2.0 * self.first + tau * self.second
        )


class SaddlepointLaw(NamedTuple):
    """Everything in the saddlepoint formula that depends on x̂ and τ but not on n.

    With R = (I + τΣ)^{-1} and ŵ = x̂/|x̂|: e = ŵᵀRŵ, f = vᵀRŵ, g = vᵀRv, D = log det(I + τΣ),
    `own` = τg and `both_own` = τ(eg − f²).
    """

    tau: FloatArray
    log_det: _Jet
    e: _Jet
    own: _Jet
    both_own: _Jet
    amplitudes: FloatArray
    shares: FloatArray
    cubes: int

    @classmethod
    def draw(
        cls, parts: ScaledSpectrum, zeros: int, rho: float, largest: float, seed: int,
        amplitudes: tuple[FloatArray, FloatArray],
    ) -> SaddlepointLaw:  # fmt: skip
        """Draw x̂, and tabulate what depends on it.

        Parameters
        ----------
        parts : ScaledSpectrum
            Positive eigenvalues, units of the largest.
        zeros : int
            Directions without variance.
        rho : float
            Ridge, the same units.
        largest : float
            Largest n that will be asked for.
        seed : int
            Of the draws.
        amplitudes : (ndarray, ndarray)
            Squared amplitudes of mean 1, ascending, and their weights.

        Returns
        -------
        SaddlepointLaw
        """
        rng = np.random.default_rng(as_seed(seed))
        order = np.tile(np.arange(_POINTS), (_CUBES, parts.weights.size + 1, 1))
        levels = (rng.permuted(order, axis=2) + rng.random(order.shape)) / _POINTS
        levels = levels.transpose(1, 0, 2).reshape(len(parts.weights) + 1, -1)
        return cls._of(parts, zeros, rho, largest, amplitudes, levels, _CUBES, _SADDLES)

    @classmethod
    def spread(
        cls, parts: ScaledSpectrum, zeros: int, rho: float, largest: float,
        amplitudes: tuple[FloatArray, FloatArray],
    ) -> SaddlepointLaw:  # fmt: skip
        """Tabulate the same for a few x̂ at even quantiles: every spectrum meets the same ones.

        Parameters
        ----------
        parts, zeros, rho, largest, amplitudes
            As for `draw`.

        Returns
        -------
        SaddlepointLaw
        """
        # A Latin hypercube; its first rows do not depend on how many there are.
        levels = np.tile((np.arange(_SPREAD) + 0.5) / _SPREAD, (parts.weights.size + 1, 1))
        levels = np.random.default_rng(0).permuted(levels, axis=1)
        return cls._of(parts, zeros, rho, largest, amplitudes, levels, _SPREAD, _FEW_SADDLES)

    @classmethod
    def _of(
        cls, parts: ScaledSpectrum, zeros: int, rho: float, largest: float,
        amplitudes: tuple[FloatArray, FloatArray], levels: FloatArray, cubes: int,
        saddles: int,
    ) -> SaddlepointLaw:  # fmt: skip
        """Tabulate what depends on x̂, whose squared coordinates are at these levels of their law.

        The last row of levels is that of all directions without variance.
        """
        lam, weights = parts.nodes, parts.weights
        profile = 2.0 * gammaincinv(0.5 * weights, levels[:-1].T) * (lam + rho)
        silent = np.zeros(len(profile))
        if zeros and rho:
            silent = 2.0 * rho * gammaincinv(0.5 * zeros, levels[-1])
        length = profile.sum(axis=1) + silent
        tau = _saddles(parts, largest, saddles)

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
        e, f, g = (jet(power) for power in range(3))
        common = _Jet(
            e.value * g.value - f.value**2,
            e.first * g.value + e.value * g.first - 2.0 * f.value * f.first,
            e.second * g.value + 2.0 * e.first * g.first + e.value * g.second
            - 2.0 * (f.first**2 + f.value * f.second),
        )  # fmt: skip
        return cls(tau, log_det, e, g.times(tau), common.times(tau), *amplitudes, cubes)

    def both(self, samples: float) -> FloatArray:
        """m, baseline and their standard errors over the Latin hypercubes of x̂.

        Parameters
        ----------
        samples : float
            n.

        Returns
        -------
        ndarray, shape (4,)
        """
        own = self.average(samples, _own_variance(samples) * self.amplitudes, self.shares)
        fresh = self.average(samples, np.zeros(1), np.ones(1))
        errors = [
            standard_error(each.reshape(self.cubes, -1).mean(axis=1)) for each in (own, fresh)
        ]
        return np.array([own.mean(), fresh.mean(), *errors])

    def average(self, samples: float, own: FloatArray, shares: FloatArray) -> FloatArray:
        """E max |cos| for each draw of x̂.

        Parameters
        ----------
        samples : float
            n.
        own : ndarray, shape (k,)
            τ/n for training points, ascending; 0 for fresh ones.
        shares : ndarray, shape (k,)
            How many points have each.

        Returns
        -------
        ndarray, shape (draws,)

        Notes
        -----
        det(I − 2tM) = det(I + τΣ) (M − pN)/c² with p = 1 − c², N = 1 + own τg and
        M = e + own τ(eg − f²); the saddle condition is linear in p.
        """
        block = max(1, _BLOCK // (own.size * self.tau.size))
        blocks = range(0, len(self.e.value), block)
        return np.concatenate(
            [self._average(samples, own, shares, slice(i, i + block)) for i in blocks]
        )

    def _average(
        self, samples: float, own: FloatArray, shares: FloatArray, draws: slice
    ) -> FloatArray:
        """The same for some of the draws, so few that everything stays in the cache."""
        _, missed = self._missed(own, shares, draws, slice(None, None, _STRIDE))
        certain = np.logical_and.accumulate(np.all(missed < _CERTAIN / samples, axis=0))
        start = _STRIDE * max(int(certain.sum()) - 2, 0)
        cosine, missed = self._missed(own, shares, draws, slice(start, None))
        with np.errstate(over="ignore"):  # an infinite exponent: nothing is missed
            # Below the first saddle every point exceeds c with probability of order one.
            hit = 1.0 - np.exp(samples * missed)
        area = 0.5 * np.sum((hit[:, 1:] + hit[:, :-1]) * np.diff(cosine, axis=1), axis=1)
        return np.asarray(cosine[:, 0] + area)

    def _missed(
        self, own: FloatArray, shares: FloatArray, draws: slice, saddles: slice
    ) -> tuple[FloatArray, FloatArray]:
        """Cosines, and the mean logarithm of the probability that a point stays below each."""
        tau, at, own = self.tau[saddles], (draws, saddles), own[:, None, None]
        d = _Jet(*(part[saddles] for part in self.log_det))
        n0, n1, n2 = (own * part[at] for part in self.own)
        m0, m1, m2 = (
            part[at] + own * more[at] for part, more in zip(self.e, self.both_own, strict=True)
        )
        n0 += 1.0
        p = (m1 + d.first * m0) / (n1 + d.first * n0)
        gap = np.maximum(m0 - p * n0, 1e-300)  # nearly rank-one spectra: 0 up to rounding
        cumulant = -0.5 * (d.value + np.log(gap) - np.log1p(-p))
        curvature = 0.5 * (d.first**2 - d.second - (m2 - p * n2) / gap)
        w = np.sqrt(np.maximum(-2.0 * cumulant, 1e-30))
        # Nearly rank-one spectra: every cosine is 1 to rounding, and the curvature rounds to 0.
        u = tau * np.sqrt(np.maximum(curvature, 1e-300))
        with np.errstate(over="ignore"):  # an infinite exponent: nothing is missed
            missed = log_ndtr(w + np.log(u / w) / w)
        cosine = np.sqrt(1.0 - p)
        # The largest own share reaches the largest cosines.
        total = shares[-1] * missed[-1]
        if len(shares) > 1:
            total += np.tensordot(shares[:-1], _on_grid(cosine[-1], cosine[:-1], missed[:-1]), 1)
        return cosine[-1], total


def _on_grid(cosine: FloatArray, own_cosine: FloatArray, missed: FloatArray) -> FloatArray:
    """Log probabilities at other cosines, draw by draw; above the last one nothing is left."""
    # All rows in one search: each is moved beyond the one before.
    apart = 2.0 * np.arange(missed.size // missed.shape[-1]).reshape(*missed.shape[:-1], 1)
    inside = np.clip(cosine, own_cosine[..., :1], own_cosine[..., -1:]) + apart
    found = np.interp(inside.ravel(), (own_cosine + apart).ravel(), missed.ravel())
    return np.where(cosine > own_cosine[..., -1:], 0.0, found.reshape(missed.shape))


def _own_variance(n: float) -> float:
    """Variance of the Gaussian that stands for ϑ = α/√(1 − α²), α = a_i/|a|.

    With |a| = √n the α_i stay independent, which costs 1/4n in the maximum; the exact marginal
    law without Σ α_i² = 1 would cost 1.3/n. Only the tail matters, so the Gaussian is matched at
    the median x of the maximum of n standard normals, where ϑ = x/√(n − x²).
    """
    x = float(ndtri(0.5 + 0.5 ** (1.0 + 1.0 / n)))
    return 1.0 / (n - x**2)


def _saddles(parts: ScaledSpectrum, samples: float, count: int) -> FloatArray:
    """Grid of τ from the mean of the form to a tail far below 1/n."""
    trace = float(parts.weights @ parts.nodes)
    low = np.log(1e-2 / trace)
    high = low
    share = 0.5 * (parts.rank - 1.0) / parts.rank
    while high < _HIGHEST and share * float(
        parts.weights @ np.log1p(np.exp(high) * parts.nodes)
    ) < (np.log(samples) + 20.0):
        high += 0.5
    return np.exp(np.linspace(low, high, count))
