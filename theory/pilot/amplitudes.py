"""How much each point of a sample weighs: the law of squared amplitudes τ, E τ = 1.

The leave-one-out loss of a point, xᵀQ₋x/f ≃ τ e, is an average over all directions that the
resolvent weighs, so that it shows τ far better than |x|² does. What it scatters in a Gaussian
sample, 2 df₂/(df₁² (1 − df₂/f)), is taken off the second moment.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.roots import bracketed_root
from convergen.theory.pilot.degrees_of_freedom import unseen
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.random_matrices.renormalised_noise import df1, df2
from convergen.theory.spectra.principal_components import PrincipalComponents
from convergen.theory.spectra.spectrum import Spectrum

# Share of the degrees of freedom of the sample at the noise where amplitudes are read.
_SHARE = 0.5
# Share of the variance that is left out there, at least: smaller directions decide nothing, and
# may have amplitudes of their own.
_LEFT_OUT = 0.05
# Amplitudes closer together than this many are one.
_KEPT = 128
# Power of amplitudes by which their width is varied.
_WIDER = 1.05
_root = partial(bracketed_root, xtol=2e-12, rtol=0.0)


def amplitude_law(sample: PilotSample, spectrum: Spectrum) -> tuple[FloatArray, FloatArray]:
    """Estimate the law of the squared amplitudes.

    Parameters
    ----------
    sample : PilotSample
        The pilot.
    spectrum : Spectrum
        Its estimated population.

    Returns
    -------
    tau : ndarray, shape (t,)
        Positive, of mean 1, t ≤ 128; all ones where the points scatter no more than Gaussian ones.
    influence : ndarray, shape (points,)
        What leaving out each influential point changes in log E τ², less the mean change.
    """
    values = sample.eigenvalues
    noise = max(
        _noise_at(values, np.ones_like(values), _SHARE),
        _noise_at(values, values, 1.0 - _LEFT_OUT),
    )
    used = values / (values + noise)
    loss = 1.0 / unseen(sample, used[None])[0] - 1.0
    error = float(loss.mean())
    tau = loss / error
    kappa = noise * sample.freedom * error / used.sum()
    first, second = float(df1(spectrum, kappa)), float(df2(spectrum, kappa))
    scatter = 2.0 * second / (first**2 * max(1.0 - second / sample.freedom, 0.1))
    variance = float(np.var(tau, ddof=1))
    excess = (variance - scatter) / (1.0 + scatter)
    own = sample.influential_of(tau)
    influence = -(own**2 / (1.0 + variance) - 2.0 * own) / sample.points
    influence -= influence.mean()
    # Their own error: below it the points may as well be Gaussian.
    if excess <= 2.0 * scatter * np.sqrt(2.0 / len(loss)):
        return np.ones(1), influence

    def too_wide(power: float) -> float:
        return float(np.mean(tau ** (2.0 * power)) / np.mean(tau**power) ** 2 - 1.0 - excess)

    power = _root(too_wide, 0.0, 1.0) if too_wide(1.0) > 0.0 else 1.0
    return _thinned(tau**power), influence


def by_width(law: Callable[[FloatArray], FloatArray], amplitudes: FloatArray) -> FloatArray:
    """Derivative of a law by the logarithm of E τ².

    Parameters
    ----------
    law : callable
        Of amplitudes.
    amplitudes : ndarray, shape (t,)
        Positive, of mean 1; a power of them changes E τ².

    Returns
    -------
    ndarray, shape of `law`
        Zero where all amplitudes are equal.
    """
    here = law(amplitudes)
    if amplitudes.size == 1:
        return np.zeros_like(here)
    wider = amplitudes**_WIDER
    wider /= wider.mean()
    more = np.log(np.mean(wider**2) / np.mean(amplitudes**2))
    return np.asarray((law(wider) - here) / more)


def amplitudes_of(data: ArrayLike, spectrum: Spectrum) -> FloatArray:
    """Law of the squared amplitudes of points that are all there is.

    Parameters
    ----------
    data : array_like, shape (N, …)
        The points.
    spectrum : Spectrum
        From `Spectrum.from_data`, with eigenvectors and mean.

    Returns
    -------
    ndarray, shape (t,)
        As of `amplitude_law`.
    """
    assert spectrum.eigenvectors is not None
    assert spectrum.mean is not None
    values = spectrum.leading(spectrum.dim)
    parts = PrincipalComponents(values, spectrum.eigenvectors, spectrum.mean, len(np.asarray(data)))
    return amplitude_law(PilotSample.of(data, parts, centred=True), spectrum)[0]


def _noise_at(values: FloatArray, weights: FloatArray, wanted: float) -> float:
    """Z at which the weighted mean of λ̂/(λ̂ + z) has a value."""
    # The least and the largest value alone have a share at their own noise; one e-fold to spare.
    low, high = np.log(values[[-1, 0]] * (1.0 / wanted - 1.0))

    def excess(t: float) -> float:
        return float(weights @ (values / (values + np.exp(t)))) - wanted * total

    total = float(weights.sum())
    return float(np.exp(_root(excess, low - 1.0, high + 1.0)))


def _thinned(tau: FloatArray) -> FloatArray:
    """Means of neighbours, each of equal number: the mean of all is kept."""
    tau = np.sort(tau) / tau.mean()
    if tau.size <= _KEPT:
        return tau
    parts = np.array_split(tau, _KEPT)
    # Groups differ in size by one at most; the few that are larger are of no weight.
    means = np.array([part.mean() for part in parts])
    return np.asarray(means / means.mean())
