"""Convergence of linear models on elliptical data: Gaussian vectors of random amplitude.

x_i = √τ_i g_i, g_i ~ N(0, Σ), E τ = 1: image patches whose contrast varies are nearly of this kind.
Samples of high amplitude then count for more than others, Σ̂ is a weighted sample covariance, and
as d and n grow together, with ψ(e) = E τ/(1 + τe) over the law of τ,

    (Σ̂ + z)^{-1} ≃ (κ/z)(Σ + κ)^{-1},    z = κ ψ(e),    e ψ(e) = df₁(κ)/n

(the separable covariance of Couillet & Hachem, arXiv:1310.8094). For τ = 1 this is
z = κ (1 − df₁/n). The second equation does not know Σ: e is one function of the fraction df₁/n,
and the map from κ to z stays explicit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, as_positive, as_samples
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.random_matrices.renormalised_noise import renormalised_noise, scaled
from convergen.theory.spectra.spectrum import Spectrum

# Trapezoid nodes in t, κ − κ₀ = exp(½π sinh t) in units of the mean eigenvalue.
_NODES = np.linspace(-4.5, 4.5, 120)
# Table of log e, refined by Newton steps; beyond it the map is linear.
_LOG_E = np.linspace(-60.0, 60.0, 481)
# Newton ends with a step so small that its square is rounding.
_NEWTON, _STEP = 8, 1e-9


def elliptical_convergence(
    spectrum: Spectrum, samples: ArrayLike, amplitudes: ArrayLike
) -> FloatArray:
    """Overlap q(n) of two linear models trained on disjoint sets of elliptical data.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of the covariance of the data.
    samples : array_like, any shape
        Training samples n ≥ 1 of each model.
    amplitudes : array_like, shape (t,)
        Squared amplitudes τ > 0, a sample from their law; only ratios matter.

    Returns
    -------
    ndarray, shape of `samples`
        In [0, 1]; the limit of large d and n, good to a few per cent of 1 − q at d = 60.

    Raises
    ------
    InputError
        If an amplitude is not positive, or n is out of range.
    """
    return elliptical_overlaps(spectrum, samples, amplitudes)[0]


def elliptical_overlaps(
    spectrum: Spectrum, samples: ArrayLike, amplitudes: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Convergence q(n) and convergence to the truth q*(n) of linear models of elliptical data.

    Parameters
    ----------
    spectrum, samples, amplitudes
        As for `elliptical_convergence`.

    Returns
    -------
    q, q_truth : ndarray, shape of `samples`
        In [0, 1].

    Raises
    ------
    InputError
        If an amplitude is not positive, or n is out of range.
    """
    n, parts = as_samples(samples), scaled(spectrum)
    h = _expected_sqrt(spectrum, n.ravel(), amplitudes)
    trace = float(parts.nodes @ parts.weights)
    q = (h**2 @ parts.weights) / trace
    truth = (h @ (parts.weights * np.sqrt(parts.nodes))) / trace
    return np.minimum(q, 1.0).reshape(n.shape), np.minimum(truth, 1.0).reshape(n.shape)


def elliptical_bures_wasserstein(
    spectrum: Spectrum, samples: ArrayLike, amplitudes: ArrayLike
) -> FloatArray:
    """Expected squared 2-Wasserstein distance of N(0, Σ̂) from N(0, Σ), over Tr Σ.

    Parameters
    ----------
    spectrum, samples, amplitudes
        As for `elliptical_convergence`.

    Returns
    -------
    ndarray, shape of `samples`
        As `convergen.theory.linear.distances.bures_wasserstein`, for elliptical data.

    Raises
    ------
    InputError
        If an amplitude is not positive, or n is out of range.
    """
    n, squared = as_samples(samples), spectrum.squared
    parts = scaled(squared)
    h = _expected_sqrt(squared, n.ravel(), amplitudes)
    trace = float(np.sqrt(parts.nodes) @ parts.weights)
    return np.maximum(2.0 - 2.0 * (h @ parts.weights) / trace, 0.0).reshape(n.shape)


@one_blas_thread()
def _expected_sqrt(spectrum: Spectrum, n: FloatArray, amplitudes: ArrayLike) -> FloatArray:
    """H = E Σ̂^{1/2} at the nodes of the spectrum, units of its largest eigenvalue, shape (m, k).

    h(s) = (2/π) ∫ s √z/(s + κ)² dκ over κ > κ₀: the integral of `order_parameters` by parts, which
    needs no derivative of z.
    """
    tau = as_positive(amplitudes, "amplitudes").ravel()
    amplitude = _AmplitudeMap(tau / tau.mean())
    parts = scaled(spectrum)
    nodes, weights = parts.nodes, parts.weights
    steps = float(nodes @ weights) / parts.rank * np.exp(0.5 * np.pi * np.sinh(_NODES))
    measure = steps * 0.5 * np.pi * np.cosh(_NODES) * (_NODES[1] - _NODES[0])
    bases = renormalised_noise(spectrum, n, 0.0).kappa / parts.unit
    result = np.empty((n.size, nodes.size))
    # Beyond 1e18, 1 − q is rounding.
    for i, (count, base) in enumerate(zip(np.minimum(n, 1e18), bases, strict=True)):
        kappa = base + steps
        shares = nodes / (nodes + kappa[:, None])
        used = shares @ weights / count
        # 1 − used, without a difference on either side of n = rank.
        if count < parts.rank:
            free = steps * ((shares / (nodes + base)) @ weights) / count
        else:
            left = kappa[:, None] / (nodes + kappa[:, None])
            free = 1.0 - parts.rank / count + (left @ weights) / count
        z = kappa * used / amplitude.inverse(used, free)
        result[i] = (measure * np.sqrt(z)) @ (shares / (nodes + kappa[:, None])) * (2.0 / np.pi)
    return result


class _AmplitudeMap:
    """The fraction e ψ(e) = E τe/(1 + τe) and its inverse.

    Parameters
    ----------
    tau : ndarray, shape (t,)
        Positive amplitudes of mean 1.
    """

    def __init__(self, tau: FloatArray) -> None:
        self._tau = tau
        used, free, _ = self._fractions(_LOG_E)
        self._table = np.log(used / free)

    def _fractions(self, log_e: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """E p, E (1 − p) and E p(1 − p) with p = τe/(1 + τe)."""
        product = self._tau * np.exp(log_e)[:, None]
        free = 1.0 / (1.0 + product)
        share, each = product * free, np.full(self._tau.size, 1.0 / self._tau.size)
        return share @ each, free @ each, (share * free) @ each

    def inverse(self, used: FloatArray, free: FloatArray) -> FloatArray:
        """Value of e at which E p = used and E (1 − p) = free = 1 − used.

        For a single amplitude logit E p = log e exactly, so that Newton in these variables starts
        close and its steps are short.
        """
        target = np.log(used / free)
        log_e = np.interp(target, self._table, _LOG_E)
        for _ in range(_NEWTON):
            taken, left, slope = self._fractions(log_e)
            step = (np.log(taken / left) - target) * (taken * left / slope)
            log_e = log_e - step
            if np.all(np.abs(step) < _STEP):
                break
        return np.exp(log_e)
