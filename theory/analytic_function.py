"""E f(Σ̂) for any analytic f, by a contour in the κ-plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from theory.checks import FloatArray, InputError, as_finite, as_nonnegative, as_samples
from theory.equivalents import ScaledSpectrum, renormalised_noise, scaled
from theory.spectrum import Spectrum

ComplexArray = NDArray[np.complex128]

# The contour runs at this height in w = log(κ_c − κ): the image of the sample spectrum lies
# below π/2, the cut of f at π.
_HEIGHT = 0.72 * np.pi
_MARGIN = 3.0
_LIMIT = 1 << 14


@dataclass(frozen=True)
class FunctionExpectation:
    """E f(Σ̂) along population eigenvectors.

    Attributes
    ----------
    values : ndarray, shape (p,)
        One value for each eigenvalue asked for.
    trace : float
        E Tr f(Σ̂), zero eigenvalues included.
    error : float
        Change of the values at the last doubling of the nodes, relative to the largest value.
    converged : bool
        Whether that change fell below 1e-11; if not, f has a singularity closer to the
        positive axis than `singularity` says.
    """

    values: FloatArray
    trace: float
    error: float
    converged: bool


def expected_function(
    spectrum: Spectrum,
    samples: float,
    function: Callable[[ComplexArray], ComplexArray],
    *,
    singularity: float | None = None,
    at: ArrayLike | None = None,
) -> FunctionExpectation:
    """E f(Σ̂) in the eigenbasis of Σ.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    function : callable
        f, vectorised over complex arrays, real on the real axis; analytic except on the real
        half-line (−∞, singularity].
    singularity : float, optional
        Where the cut or the rightmost pole of f ends, in the units of the eigenvalues: 0 for
        log, sqrt and 1/x (then n > rank and no zero eigenvalue is needed), −ρ for functions
        of Σ̂ + ρ. Default: −λ_max, good for entire functions.
    at : array_like, shape (p,), optional
        Population eigenvalues at which to evaluate; default `spectrum.eigenvalues`.

    Returns
    -------
    FunctionExpectation

    Raises
    ------
    InputError
        If the sample spectrum reaches the singularity.

    Notes
    -----
    f(Σ̂) = (1/2πi) ∮ f(ζ)(ζ − Σ̂)^{-1} dζ with ζ = −z(κ) explicit in κ, so that
    E f = (1/2πi) ∮ f(ζ) (κ/ζ)/(s + κ) ζ'(κ) dκ. The trapezoid rule on an ellipse in
    w = log(κ_c − κ), κ_c = κ(−singularity), converges geometrically; nodes are doubled until
    the result stops changing.
    """
    n = float(as_samples(samples))
    parts = scaled(spectrum)
    end = -parts.unit if singularity is None else float(as_finite(singularity, "singularity"))
    points = spectrum.eigenvalues if at is None else as_finite(at, "at")
    if end > 0.0:
        raise InputError(
            f"singularity = {end:g} lies on the positive axis: only functions that are analytic "
            "for all positive arguments are supported; use 0 or less."
        )
    if end == 0.0 and (n <= parts.rank or np.any(points == 0.0) or spectrum.rank < spectrum.dim):
        raise InputError(
            f"with a singularity at 0, n = {n:g} samples must exceed the dimension "
            f"{spectrum.dim} and Σ must have full rank, since Σ̂ has zero eigenvalues otherwise: "
            "add a ridge."
        )
    anchor = float(renormalised_noise(spectrum, n, -end).kappa) / parts.unit
    inner = anchor - _right_end(parts, n)
    second = float(parts.weights @ parts.nodes**2)
    outer = anchor + 1.0 + np.sqrt(second / n)
    low, high = np.log(inner) - _MARGIN, np.log(outer) + _MARGIN
    centre, radius = 0.5 * (low + high), 0.5 * (high - low)
    radius /= np.sqrt(1.0 - (0.5 * np.pi / _HEIGHT) ** 2)

    everything = np.concatenate([points / parts.unit, parts.nodes])
    previous: FloatArray | None = None
    count, error = 64, np.inf
    while count <= _LIMIT:
        values = _contour_sum(parts, n, function, anchor, (centre, radius), count, everything)
        if previous is not None:
            error = float(np.max(np.abs(values - previous)) / max(np.max(np.abs(values)), 1e-300))
            if error < 1e-11:
                break
        previous, count = values, 2 * count
    selected, nodes = values[: points.size], values[points.size :]
    at_zero = float(np.real(function(np.zeros(1, dtype=np.complex128))[0])) if end < 0.0 else 0.0
    selected = np.where(points == 0.0, at_zero, selected)
    trace = float(parts.weights @ nodes) + (spectrum.dim - spectrum.rank) * at_zero
    return FunctionExpectation(selected, trace, error, error < 1e-11)


def _right_end(parts: ScaledSpectrum, n: float) -> float:
    """Rightmost κ that the contour must enclose: κ₀, or the edge dz/dκ = 0 for n > rank."""
    if n <= parts.rank:
        from theory.kernels import base_kappa

        return float(base_kappa(parts.nodes, parts.weights, parts.rank, n)[0])
    smallest = float(parts.nodes[-1])

    def slope(share: float) -> float:
        kappa = -share * smallest
        shares = parts.nodes / (parts.nodes + kappa)
        return 1.0 - float(parts.weights @ shares**2) / n

    return -float(brentq(slope, 0.0, 1.0 - 1e-12)) * smallest


def _contour_sum(
    parts: ScaledSpectrum,
    n: float,
    function: Callable[[ComplexArray], ComplexArray],
    anchor: float,
    ellipse: tuple[float, float],
    count: int,
    points: FloatArray,
) -> FloatArray:
    """Trapezoid sum over the upper half of the ellipse; the lower half is its conjugate."""
    angle = (np.arange(count) + 0.5) * np.pi / count
    w = ellipse[0] + ellipse[1] * np.cos(angle) + 1j * _HEIGHT * np.sin(angle)
    velocity = -ellipse[1] * np.sin(angle) + 1j * _HEIGHT * np.cos(angle)
    kappa = anchor - np.exp(w)
    shares = parts.nodes / (parts.nodes + kappa[:, None])
    zeta = -kappa * ((n - parts.rank) + (1.0 - shares) @ parts.weights) / n
    slope = -(1.0 - shares**2 @ parts.weights / n)
    factor = function(np.asarray(parts.unit * zeta)) * kappa / zeta * slope * -np.exp(w) * velocity
    kernel = factor / (points[:, None] + kappa)
    return np.asarray(kernel.sum(axis=1).imag / count)


def sampling_map(
    spectrum: Spectrum, samples: float, sigma_min: float, sigma_max: float
) -> FunctionExpectation:
    """Expected probability-flow map of the linear denoiser between two finite noise levels.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : float
        n ≥ 1.
    sigma_min, sigma_max : float
        Noise levels, 0 < sigma_min < sigma_max; data units.

    Returns
    -------
    FunctionExpectation
        E sqrt((Σ̂ + σ_min²)/(Σ̂ + σ_max²)), the map from the starting noise to the sample.

    Raises
    ------
    InputError
        If the levels are not ordered.
    """
    low, high = as_nonnegative(sigma_min, "sigma_min"), as_nonnegative(sigma_max, "sigma_max")
    if not 0.0 < low < high:
        raise InputError(
            f"sigma_min = {low:g} and sigma_max = {high:g} must satisfy 0 < sigma_min < sigma_max."
        )
    return expected_function(
        spectrum,
        samples,
        lambda x: np.asarray(np.sqrt(x + low**2) / np.sqrt(x + high**2)),
        singularity=-(low**2),
    )


def sampling_convergence(
    spectrum: Spectrum, samples: ArrayLike, sigma_min: float, sigma_max: float
) -> FloatArray:
    """Convergence q of two linear models sampled between finite noise levels.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like, any shape
        n ≥ 1.
    sigma_min, sigma_max : float
        Noise levels of the sampler, data units.

    Returns
    -------
    ndarray, shape of `samples`
        Tr M²/E Tr[(Σ̂ + σ_min²)/(Σ̂ + σ_max²)], M the expected map of `sampling_map`; tends to
        q as σ_min → 0 and σ_max → ∞.
    """
    n = as_samples(samples)
    result = np.empty(n.size)
    low, high = float(sigma_min) ** 2, float(sigma_max) ** 2
    for i, count in enumerate(n.ravel()):
        mapped = sampling_map(spectrum, count, sigma_min, sigma_max).values
        kappa = float(renormalised_noise(spectrum, count, high).kappa)
        shares = kappa / (spectrum.eigenvalues + kappa)
        energy = float(spectrum.multiplicities @ (1.0 - (1.0 - low / high) * shares))
        result[i] = float(spectrum.multiplicities @ mapped**2) / energy
    return result.reshape(n.shape)
