"""Order parameters of the linear generative model x̂ = (Σ̂ + ρ)^{1/2} z (arXiv:2605.21402)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_nonnegative,
    as_samples,
)
from convergen.theory.random_matrices.renormalised_noise import in_units, scaled
from convergen.theory.spectra.spectrum import Spectrum


@dataclass(frozen=True)
class ExpectedSqrt:
    """H = E(Σ̂ + ρ)^{1/2}, diagonal in the population eigenbasis.

    Attributes
    ----------
    values : ndarray, shape (…, p)
        h(s) for each n and each eigenvalue s asked for.
    gap : ndarray, shape (…, p), or None
        sqrt(s) − h(s) to full relative precision; None for ρ > 0.
    converged : ndarray of bool, shape (…,)
        Whether the base point κ(ρ) was found.
    """

    values: FloatArray
    gap: FloatArray | None
    converged: NDArray[np.bool_]

    __repr__ = brief


def expected_sqrt(
    spectrum: Spectrum,
    samples: ArrayLike,
    ridge: float = 0.0,
    *,
    at: ArrayLike | None = None,
) -> ExpectedSqrt:
    """E(Σ̂ + ρ)^{1/2} along population eigenvectors, by the κ-integral.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1; real values are allowed.
    ridge : float
        ρ ≥ 0, added to every eigenvalue of Σ̂.
    at : array_like, shape (p,), optional
        Eigenvalues s ≥ 0 at which to evaluate; default `spectrum.eigenvalues`.

    Returns
    -------
    ExpectedSqrt

    Raises
    ------
    InputError
        If an argument is out of range.

    Notes
    -----
    For ρ = 0, h(s) = (1/π) ∫ s/(s+κ) z'(κ)/sqrt(z(κ)) dκ from z(κ) = 0 on, with z explicit in κ;
    for ρ > 0 see docs/derivation.md. Cost per n: about 100 quadrature nodes times the compressed
    spectrum, whatever d is.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.expected_sqrt(spectrum, 100).values.round(3)  # along 9, 4 and 1
    array([2.977, 1.973, 0.972])
    """
    from convergen.theory.random_matrices.kappa_kernels import expected_sqrts

    n = as_samples(samples)
    rho = as_nonnegative(ridge, "ridge")
    points = spectrum.eigenvalues if at is None else as_finite(at, "at")
    if points.ndim != 1 or np.any(points < 0.0):
        raise InputError("at must be a list of eigenvalues that are not negative.")
    parts = scaled(spectrum)
    ratio = float(in_units(np.array(rho), parts.unit, "ridge"))
    positive = points > 0.0
    h = np.full((n.size, points.size), np.sqrt(ratio))
    gap = np.zeros_like(h)
    converged = np.ones(n.size, dtype=np.bool_)
    if positive.any():
        shape = (n.size, int(positive.sum()))
        inner, inner_gap = np.empty(shape), np.empty(shape)
        expected_sqrts(
            parts.nodes, parts.weights, parts.rank, n.ravel(), ratio,
            points[positive] / parts.unit, inner, inner_gap, converged, np.empty_like(parts.nodes),
        )  # fmt: skip
        h[:, positive], gap[:, positive] = inner, inner_gap
    scale = np.sqrt(parts.unit)
    full = (*n.shape, points.size)
    return ExpectedSqrt(
        scale * h.reshape(full),
        None if rho > 0.0 else scale * gap.reshape(full),
        converged.reshape(n.shape),
    )


@dataclass(frozen=True)
class OrderParameters:
    """Convergence of two models to each other and to the truth, for each n.

    Attributes
    ----------
    convergence, convergence_to_truth : ndarray
        q and q*, in [0, 1].
    gap, gap_to_truth : ndarray
        1 − q and 1 − q*; for ρ = 0 to full relative precision, even at n = 10¹².
    converged : ndarray of bool
        Whether the solver converged.
    """

    convergence: FloatArray
    convergence_to_truth: FloatArray
    gap: FloatArray
    gap_to_truth: FloatArray
    converged: NDArray[np.bool_]

    __repr__ = brief


def order_parameters(spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0) -> OrderParameters:
    """Overlaps q = Tr H²/Tr E(Σ̂ + ρ) and q* = Tr(H Σ^{1/2})/sqrt(Tr Σ · Tr E(Σ̂ + ρ)).

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1; real values are allowed.
    ridge : float
        ρ ≥ 0.

    Returns
    -------
    OrderParameters
        Arrays of the shape of `samples`.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.order_parameters(spectrum, [10, 100])
    >>> found.convergence.round(4), found.convergence_to_truth.round(4)
    (array([0.5541, 0.9597]), array([0.7328, 0.9796]))
    """
    parts = spectrum.compression
    result = expected_sqrt(spectrum, samples, ridge, at=parts.nodes)
    unit = np.sqrt(spectrum.largest)
    h, root = result.values / unit, np.sqrt(parts.nodes / spectrum.largest)
    trace = float(parts.weights @ root**2)
    zeros = spectrum.dim - spectrum.rank
    if result.gap is not None:
        gap = result.gap / unit
        apart = np.asarray((gap * (root + h)) @ parts.weights / trace)
        apart_truth = np.asarray((gap * root) @ parts.weights / trace)
        q = np.asarray(h**2 @ parts.weights / trace)
        q_truth = np.asarray((h * root) @ parts.weights / trace)
    else:
        rho = float(ridge) / spectrum.largest
        # In units in which the ridge is of order 1, so that no sum overflows; a power of two.
        fold = 2.0 ** np.ceil(0.5 * np.log2(max(rho, 1.0)))
        h, rho = h / fold, rho / fold / fold
        total = trace / fold / fold + spectrum.dim * rho
        q = np.asarray((h**2 @ parts.weights + zeros * rho) / total)
        q_truth = np.asarray((h * root) @ parts.weights / np.sqrt(trace * total))
        apart, apart_truth = 1.0 - q, 1.0 - q_truth
    return OrderParameters(q, q_truth, apart, apart_truth, result.converged)


def convergence(spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0) -> FloatArray:
    """Overlap q(n) of two models trained on disjoint sets, on the same seed.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        Training samples n ≥ 1 of each model.
    ridge : float
        ρ ≥ 0.

    Returns
    -------
    ndarray, shape of `samples`
        q = Tr H²/Tr(Σ + ρ) with H = E(Σ̂ + ρ)^{1/2}, in [0, 1]; arXiv:2605.21402.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.convergence(spectrum, [10, 100, 1000]).round(4)
    array([0.5541, 0.9597, 0.996 ])
    """
    return order_parameters(spectrum, samples, ridge).convergence


def convergence_to_truth(spectrum: Spectrum, samples: ArrayLike, ridge: float = 0.0) -> FloatArray:
    """Overlap q*(n) of a model's sample with the true model's sample from the same seed.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        Training samples n ≥ 1.
    ridge : float
        ρ ≥ 0.

    Returns
    -------
    ndarray, shape of `samples`
        q* = Tr(H Σ^{1/2})/sqrt(Tr Σ · Tr(Σ + ρ)) with H = E(Σ̂ + ρ)^{1/2}, in [0, 1];
        arXiv:2605.21402.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.convergence_to_truth(spectrum, [10, 100, 1000]).round(4)
    array([0.7328, 0.9796, 0.998 ])
    """
    return order_parameters(spectrum, samples, ridge).convergence_to_truth


def shrinkage_to_ridge(spectrum: Spectrum, intensity: float) -> float:
    """Ridge that equals linear shrinkage (1 − a) Σ̂ + a (Tr Σ/d) I, up to the scale 1 − a.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    intensity : float
        a in [0, 1).

    Returns
    -------
    float
        ρ = a Tr Σ/(d (1 − a)); cosines (q, q*, m) do not see the scale.

    Raises
    ------
    InputError
        If the intensity is outside [0, 1).

    Examples
    --------
    >>> from convergen import theory
    >>> theory.shrinkage_to_ridge(theory.Spectrum.isotropic(10), 0.5)
    1.0
    """
    a = as_nonnegative(intensity, "shrinkage intensity")
    if a >= 1.0:
        raise InputError(f"shrinkage intensity must be below 1, but {a:g} was given.")
    return a * spectrum.trace / (spectrum.dim * (1.0 - a))
