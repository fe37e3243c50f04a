"""How much each point of a sample weighs: the law of squared amplitudes τ, E τ = 1.

The leave-one-out loss of a point, xᵀQ₋x/f ≃ τ e, is an average over all directions that the
resolvent weighs, so that it shows τ far better than |x|² does. What it scatters in a Gaussian
sample, 2 df₂/(df₁² (1 − df₂/f)), is taken off the second moment.
"""

from __future__ import annotations

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
# Amplitudes closer together than this many are one.
_KEPT = 128
_root = partial(bracketed_root, xtol=2e-12, rtol=4.0 * float(np.finfo(np.float64).eps))


def amplitude_law(
    sample: PilotSample, spectrum: Spectrum, rng: np.random.Generator | None = None
) -> FloatArray:
    """Estimate the law of the squared amplitudes.

    Parameters
    ----------
    sample : PilotSample
        The pilot.
    spectrum : Spectrum
        Its estimated population.
    rng : numpy.random.Generator, optional
        Draws the points anew, with replacement: the spread over draws is the error of the law.

    Returns
    -------
    ndarray, shape (t,)
        Positive, of mean 1, t ≤ 128; all ones where the points scatter no more than Gaussian ones.
    """
    values = sample.eigenvalues
    noise = _noise_at(values, _SHARE * len(values))
    loss = 1.0 / unseen(sample, values[None] / (values + noise))[0] - 1.0
    if rng is not None:
        loss = rng.choice(loss, sample.points)
    error = float(loss.mean())
    kappa = noise * sample.freedom * error / (_SHARE * len(values))
    first, second = float(df1(spectrum, kappa)), float(df2(spectrum, kappa))
    scatter = 2.0 * second / (first**2 * max(1.0 - second / sample.freedom, 0.1))
    excess = (float(np.var(loss / error, ddof=1)) - scatter) / (1.0 + scatter)
    # Their own error: below it the points may as well be Gaussian.
    if excess <= 2.0 * scatter * np.sqrt(2.0 / len(loss)):
        return np.ones(1)
    tau = loss / error

    def too_wide(power: float) -> float:
        return float(np.mean(tau ** (2.0 * power)) / np.mean(tau**power) ** 2 - 1.0 - excess)

    power = _root(too_wide, 0.0, 1.0) if too_wide(1.0) > 0.0 else 1.0
    return _thinned(tau**power)


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
        As `amplitude_law`.
    """
    assert spectrum.eigenvectors is not None
    assert spectrum.mean is not None
    values = np.zeros(spectrum.dim)
    count = spectrum.eigenvectors.shape[1]
    values[:count] = spectrum.leading(count)
    parts = PrincipalComponents(values, spectrum.eigenvectors, spectrum.mean, len(np.asarray(data)))
    return amplitude_law(PilotSample.of(data, parts, centred=True), spectrum)


def _noise_at(values: FloatArray, wanted: float) -> float:
    """Z at which Σ λ̂/(λ̂ + z) has a value."""
    low, high = np.log(values[-1]) - 40.0, np.log(values[0]) + 40.0

    def excess(t: float) -> float:
        return float(np.sum(values / (values + np.exp(t)))) - wanted

    return float(np.exp(_root(excess, float(low), float(high))))


def _thinned(tau: FloatArray) -> FloatArray:
    """Means of neighbours, each of equal number: the mean of all is kept."""
    tau = np.sort(tau) / tau.mean()
    if tau.size <= _KEPT:
        return tau
    parts = np.array_split(tau, _KEPT)
    # Groups differ in size by one at most; the few that are larger are of no weight.
    means = np.array([part.mean() for part in parts])
    return np.asarray(means / means.mean())
