"""The noise κ that the population seems to have when samples are seen at noise z, and back.

z = κ(1 − df₁(κ)/n) with the effective degrees of freedom df₁ of the population; see
docs/derivation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import FloatArray, InputError, as_finite, as_samples
from convergen.theory.spectra.spectrum import Spectrum


class ScaledSpectrum(NamedTuple):
    """Compressed positive spectrum in units of the largest eigenvalue, as the kernels take it."""

    nodes: FloatArray
    weights: FloatArray
    rank: float
    unit: float


def scaled(spectrum: Spectrum, *, exact: bool = False) -> ScaledSpectrum:
    """Nodes λ/λ_max ≤ 1, multiplicities, rank and λ_max.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    exact : bool
        Keep every distinct eigenvalue instead of the compression; needed near the negative
        real κ axis, where sums are not smooth.

    Returns
    -------
    ScaledSpectrum
    """
    if exact:
        positive = spectrum.eigenvalues > 0.0
        nodes, weights = spectrum.eigenvalues[positive], spectrum.multiplicities[positive]
    else:
        nodes, weights = spectrum.compression.nodes, spectrum.compression.weights
    unit = spectrum.largest
    return ScaledSpectrum(nodes / unit, weights.copy(), spectrum.positive, unit)


def in_units(values: FloatArray, unit: float, name: str) -> FloatArray:
    """Noise levels, or the like, in units of the largest eigenvalue.

    Parameters
    ----------
    values : ndarray
        Finite and ≥ 0.
    unit : float
        λ_max.
    name : str
        How the message calls them.

    Returns
    -------
    ndarray, same shape

    Raises
    ------
    InputError
        If one of them is beyond the range of floats there.
    """
    with np.errstate(over="ignore"):
        ratio = np.asarray(values / unit)
    if np.any(np.isinf(ratio)):
        raise InputError(
            f"{name} = {values.max():g} is more than 1e308 times the largest eigenvalue {unit:g}: "
            "use a smaller value."
        )
    return ratio


def df1(spectrum: Spectrum, kappa: ArrayLike) -> FloatArray:
    """First effective degrees of freedom, Σ λ/(λ + κ).

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    kappa : array_like
        κ ≥ 0, in the units of the eigenvalues.

    Returns
    -------
    ndarray, shape of `kappa`

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.df1(spectrum, [0.0, 1.0])
    array([20. , 10.7])
    """
    return _degrees_of_freedom(spectrum, kappa, 1)


def df2(spectrum: Spectrum, kappa: ArrayLike) -> FloatArray:
    """Second effective degrees of freedom, Σ λ²/(λ + κ)².

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    kappa : array_like
        κ ≥ 0, in the units of the eigenvalues.

    Returns
    -------
    ndarray, shape of `kappa`

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.df2(spectrum, [0.0, 1.0])
    array([20.  ,  5.95])
    """
    return _degrees_of_freedom(spectrum, kappa, 2)


def _degrees_of_freedom(spectrum: Spectrum, kappa: ArrayLike, power: int) -> FloatArray:
    parts = scaled(spectrum)
    ratio = in_units(as_finite(kappa, "kappa"), parts.unit, "kappa")
    if np.any(ratio < 0.0):
        raise InputError("kappa must not be negative: use 0 or more.")
    shares = parts.nodes / (parts.nodes + ratio[..., None])
    return np.asarray(shares**power @ parts.weights)


def noise_of(spectrum: Spectrum, samples: ArrayLike, kappa: ArrayLike) -> FloatArray:
    """The explicit map z(κ) = κ (1 − df₁(κ)/n), inverse of `renormalised_noise`.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like
        n ≥ 1, broadcast against `kappa`.
    kappa : array_like
        κ > 0.

    Returns
    -------
    ndarray
        Negative where κ < κ₀(n).

    Notes
    -----
    Written as κ [(1 − rank/n) + (1/n) Σ κ/(λ + κ)] for n ≥ rank, where that does not cancel.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> kappa = theory.renormalised_noise(spectrum, 100, 1.0).kappa
    >>> round(float(theory.noise_of(spectrum, 100, kappa)), 12)
    1.0
    """
    parts = scaled(spectrum)
    ratio = in_units(as_finite(kappa, "kappa"), parts.unit, "kappa")
    if np.any(ratio < 0.0):
        raise InputError("kappa must not be negative: use 0 or more.")
    n, ratio = _broadcast(as_samples(samples), ratio, "kappa")
    total = parts.nodes + ratio[..., None]
    few = n - (parts.nodes / total) @ parts.weights
    many = (n - parts.rank) + (ratio[..., None] / total) @ parts.weights
    return np.asarray(ratio * np.where(n < parts.rank, few, many) / n * parts.unit)


@dataclass(frozen=True)
class RenormalisedNoise:
    """κ(z): the noise that the population seems to have when n samples are seen at noise z.

    Attributes
    ----------
    kappa : ndarray
        κ, in the units of z.
    slope : ndarray
        dκ/dz.
    converged : ndarray of bool
        Whether the root was found to rounding; if not, the spectrum is too extreme for double
        precision: drop its smallest eigenvalues.
    """

    kappa: FloatArray
    slope: FloatArray
    converged: NDArray[np.bool_]

    __repr__ = brief


def renormalised_noise(
    spectrum: Spectrum, samples: ArrayLike, noise: ArrayLike = 0.0
) -> RenormalisedNoise:
    """Solve z = κ (1 − df₁(κ)/n) for κ.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : array_like
        n ≥ 1; real values are allowed.
    noise : array_like
        z ≥ 0, broadcast against `samples`: a ridge, or σ² for a denoiser. At 0 the result is
        κ₀ = κ(0⁺), which is 0 for n ≥ rank.

    Returns
    -------
    RenormalisedNoise
        Arrays of the broadcast shape.

    Raises
    ------
    InputError
        If an argument is not finite or out of range.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.renormalised_noise(spectrum, [10, 100], 1.0).kappa.round(3)
    array([2.677, 1.113])
    """
    from convergen.theory.random_matrices.kappa_kernels import solve_kappas

    parts = scaled(spectrum)
    z = as_finite(noise, "noise")
    if np.any(z < 0.0):
        raise InputError("noise must not be negative: use 0 or more.")
    n, z = _broadcast(as_samples(samples), in_units(z, parts.unit, "noise"), "noise")
    kappa, slope = np.empty(n.size), np.empty(n.size)
    converged = np.empty(n.size, dtype=np.bool_)
    solve_kappas(
        parts.nodes, parts.weights, parts.rank, n.flatten(), z.flatten(),
        kappa, slope, converged,
    )  # fmt: skip
    return RenormalisedNoise(
        parts.unit * kappa.reshape(n.shape), slope.reshape(n.shape), converged.reshape(n.shape)
    )


def _broadcast(samples: FloatArray, other: FloatArray, name: str) -> tuple[FloatArray, FloatArray]:
    try:
        n, values = np.broadcast_arrays(samples, other)
    except ValueError:
        raise InputError(
            f"samples of shape {samples.shape} and {name} of shape {other.shape} do not fit "
            "together: give equal shapes, or one of them as a single number."
        ) from None
    return n, values
