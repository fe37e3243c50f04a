"""Convergence of data as they are: odds of Gaussian data times a factor for their amplitudes."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.linear.elliptical_data import elliptical_overlaps
from convergen.theory.linear.order_parameters import order_parameters
from convergen.theory.pilot.population import Population
from convergen.theory.spectra.spectrum import Spectrum

# Sample sizes at which the error is found.
_COARSE = 8


def odds_of(spectrum: Spectrum, n: FloatArray, ridge: float = 0.0) -> FloatArray:
    """(1 − q)/q and (1 − q*)/q* of Gaussian data.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    n : ndarray, shape (m,)
        Training samples.
    ridge : float
        ρ ≥ 0.

    Returns
    -------
    ndarray, shape (2, m)
    """
    found = order_parameters(spectrum, n, ridge)
    # With a ridge the gaps end as rounding errors.
    gaps = np.maximum([found.gap, found.gap_to_truth], np.finfo(np.float64).tiny)
    return gaps / np.maximum([found.convergence, found.convergence_to_truth], 1e-300)


def amplitude_factor(
    population: Population, n: FloatArray, ridge: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """What the amplitudes of the points multiply the odds with.

    Parameters
    ----------
    population : Population
        What the pilot says.
    n : ndarray, shape (m,)
        Training samples.
    ridge : float
        With a ridge the law stays Gaussian.

    Returns
    -------
    factor : ndarray, shape (2, m)
        Of the odds of q and of q*; all ones where points scatter no more than Gaussian ones.
    error : ndarray, shape (2, m)
        Standard error of its logarithm.
    """
    if population.amplitudes.size == 1 or ridge > 0.0:
        return np.ones((2, n.size)), np.zeros((2, n.size))

    def elliptical(points: FloatArray, amplitudes: FloatArray) -> FloatArray:
        overlaps = np.array(elliptical_overlaps(population.spectrum, points, amplitudes))
        return (1.0 - overlaps) / overlaps

    # Beyond 1000 d samples the ratio has reached its limit, and 1 − q lost digits.
    near = np.minimum(n, 1e3 * population.spectrum.dim)
    factor = elliptical(near, population.amplitudes) / odds_of(population.spectrum, near, 0.0)
    few = np.geomspace(near.min(), near.max(), _COARSE)
    draws = np.log([elliptical(few, tau) for tau in population.resampled_amplitudes])
    spread = draws.std(axis=0, ddof=1)
    error = np.array([np.interp(np.log(near), np.log(few), row) for row in spread])
    return factor, error
