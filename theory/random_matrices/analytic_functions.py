"""E f(Σ̂) for any analytic f, by a contour in the κ-plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_noise_range,
    as_number,
    as_sample_size,
    as_samples,
)
from convergen.theory.common.roots import bracketed_root
from convergen.theory.random_matrices.renormalised_noise import (
    ScaledSpectrum,
    renormalised_noise,
    scaled,
)
from convergen.theory.spectra.spectrum import Spectrum

ComplexArray = NDArray[np.complex128]

# The contour runs at this height in w = log(κ_c − κ): the image of the sample spectrum lies
# below π/2, the cut of f at π.
_HEIGHT = 0.72 * np.pi
# Room left and right of that image, as wide as the room above it but no wider: entire functions
# grow along the contour.
_MARGIN = 0.7
_LIMIT = 1 << 14
# Relative tolerance of a root: four units in the last place.
_RTOL = 4.0 * float(np.finfo(np.float64).eps)
# Entries of the largest temporary array.
_BLOCK = 1 << 20


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

    __repr__ = brief


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

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.expected_function(spectrum, 100, np.log, singularity=0.0)
    >>> found.converged, round(found.trace, 3)  # E log det of the sample covariance
    (True, 1.435)
    """
    from convergen.theory.random_matrices.kappa_kernels import base_kappa

    n = as_sample_size(samples)
    parts = scaled(spectrum)
    end = -parts.unit
    if singularity is not None:
        end = as_number(as_finite(singularity, "singularity"), "singularity")
    points = spectrum.eigenvalues if at is None else as_finite(at, "at")
    if points.ndim != 1 or np.any(points < 0.0):
        raise InputError("at must be a list of eigenvalues that are not negative.")
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
    base = float(base_kappa(parts.nodes, parts.weights, parts.rank, n)[0])
    # κ_c − κ₀ = −singularity/A(κ_c), as in `kappa_kernels`: the difference would cancel.
    shift = -end / parts.unit / float(_growth(parts, n, base, np.array([anchor]))[0])
    inner = shift if n <= parts.rank else anchor - _edge(parts, n)
    second = float(parts.weights @ parts.nodes**2)
    outer = anchor + 1.0 + np.sqrt(second / n)
    low, high = np.log(inner), np.log(outer)
    centre, radius = 0.5 * (low + high), 0.5 * (high - low)
    radius += max(_MARGIN, 0.3 * radius)
    radius /= np.sqrt(1.0 - (0.5 * np.pi / _HEIGHT) ** 2)

    everything = np.concatenate([points / parts.unit, parts.nodes])
    previous: FloatArray | None = None
    count, error = 64, np.inf
    while count <= _LIMIT:
        values = _contour_sum(
            parts, n, function, (base, shift), (centre, radius), count, everything
        )
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


def _growth(parts: ScaledSpectrum, n: float, base: float, kappa: NDArray[Any]) -> NDArray[Any]:
    """A(κ) = z(κ)/(κ − κ₀), from terms that do not cancel next to κ₀."""
    coefficient = parts.weights * parts.nodes / (parts.nodes + base) / n
    sums = (1.0 / (parts.nodes + kappa[:, None])) @ coefficient
    return np.asarray(max(0.0, (n - parts.rank) / n) + kappa * sums)


def _edge(parts: ScaledSpectrum, n: float) -> float:
    """Image of the smallest sample eigenvalue for n > rank, where dz/dκ = 0."""
    smallest = float(parts.nodes[-1])

    def slope(share: float) -> float:
        kappa = -share * smallest
        shares = parts.nodes / (parts.nodes + kappa)
        return 1.0 - float(parts.weights @ shares**2) / n

    closest = 1.0 - 1e-12  # near enough, where for n ≫ d the eigenvalue is nearer still
    if slope(closest) > 0.0:
        return -smallest * closest
    return -smallest * bracketed_root(slope, 0.0, closest, xtol=2e-12, rtol=_RTOL)


def _contour_sum(
    parts: ScaledSpectrum,
    n: float,
    function: Callable[[ComplexArray], ComplexArray],
    anchor: tuple[float, float],
    ellipse: tuple[float, float],
    count: int,
    points: FloatArray,
) -> FloatArray:
    """Trapezoid sum over the upper half of the ellipse; the lower half is its conjugate."""
    angle = (np.arange(count) + 0.5) * np.pi / count
    w = ellipse[0] + ellipse[1] * np.cos(angle) + 1j * _HEIGHT * np.sin(angle)
    velocity = -ellipse[1] * np.sin(angle) + 1j * _HEIGHT * np.cos(angle)
    base, shift = anchor
    kappa = base + (shift - np.exp(w))
    shares = parts.nodes / (parts.nodes + kappa[:, None])
    zeta = -(shift - np.exp(w)) * _growth(parts, n, base, kappa)
    slope = -(1.0 - shares**2 @ parts.weights / n)
    factor = function(np.asarray(parts.unit * zeta)) * kappa / zeta * slope * -np.exp(w) * velocity
    total = np.empty(points.size)
    block = max(1, _BLOCK // count)
    for start in range(0, points.size, block):
        part = points[start : start + block, None]
        total[start : start + block] = (factor / (part + kappa)).sum(axis=1).imag
    return total / count


def sampling_map(
    spectrum: Spectrum,
    samples: float,
    sigma_min: float,
    sigma_max: float,
    *,
    at: ArrayLike | None = None,
    denoised: bool = False,
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
    at : array_like, shape (p,), optional
        Population eigenvalues at which to evaluate; default `spectrum.eigenvalues`.
    denoised : bool
        Whether a last step goes from σ_min to 0, as in `theory.karras_schedule`: it applies the
        denoiser once more and leaves nothing where Σ̂ is 0.

    Returns
    -------
    FunctionExpectation
        E sqrt((Σ̂ + σ_min²)/(Σ̂ + σ_max²)), the map from the starting noise to the sample, or with
        the last step E Σ̂ [(Σ̂ + σ_min²)(Σ̂ + σ_max²)]^{-1/2}.

    Raises
    ------
    InputError
        If the levels are not ordered.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.sampling_map(spectrum, 100, 0.05, 80.0, denoised=True).values.round(4)
    array([0.0372, 0.0247, 0.0121])
    """
    low, high = as_noise_range(sigma_min, sigma_max)

    def flow(x: ComplexArray) -> ComplexArray:
        near, far = np.sqrt(x + low**2), np.sqrt(x + high**2)
        return np.asarray(x / (near * far) if denoised else near / far)

    return expected_function(spectrum, samples, flow, singularity=-(low**2), at=at)


def sampling_convergence(
    spectrum: Spectrum,
    samples: ArrayLike,
    sigma_min: float,
    sigma_max: float,
    *,
    denoised: bool = False,
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
    denoised : bool
        As in `sampling_map`. Without the last step the noise of width σ_min that both models
        leave in the null space of Σ̂ is the same, and adds to their overlap for n < d.

    Returns
    -------
    ndarray, shape of `samples`
        Tr M²/E Tr f(Σ̂)², M = E f(Σ̂) the expected map of `sampling_map`; tends to q as σ_min → 0
        and σ_max → ∞.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.sampling_convergence(spectrum, [10, 100], 0.002, 80.0, denoised=True).round(3)
    array([0.554, 0.96 ])
    >>> theory.convergence(spectrum, [10, 100]).round(3)
    array([0.554, 0.96 ])
    """
    n = as_samples(samples)
    result = np.empty(n.size)
    low, high = (level**2 for level in as_noise_range(sigma_min, sigma_max))
    parts = spectrum.compression
    points = np.append(parts.nodes, 0.0)
    weights = np.append(parts.weights, spectrum.dim - spectrum.rank)
    for i, count in enumerate(n.ravel()):
        mapped = sampling_map(
            spectrum, count, sigma_min, sigma_max, at=points, denoised=denoised
        ).values
        kappas = [float(renormalised_noise(spectrum, count, z).kappa) for z in (low, high)]
        # E z(Σ̂ + z)^{-1} at both levels: f² is linear in them, by partial fractions.
        near, far = (kappa / (points + kappa) for kappa in kappas)
        if denoised:
            squares = 1.0 + (low * near - high * far) / (high - low)
        else:
            squares = 1.0 - (1.0 - low / high) * far
        energy = float(weights @ squares)
        result[i] = float(weights @ mapped**2) / energy
    return result.reshape(n.shape)
