"""How much more two models disagree on data as they are than on Gaussian data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.linear.elliptical_data import elliptical_overlaps
from convergen.theory.linear.order_parameters import order_parameters
from convergen.theory.pilot.population import Population
from convergen.theory.spectra.spectrum import Spectrum

# Sample sizes at which the error is found.
_COARSE = 8


@dataclass(frozen=True, eq=False)
class DataLaw:
    """Odds (1 − q)/q and (1 − q*)/q* of data as they are, for any spectrum that a pilot allows.

    Attributes
    ----------
    population : Population
        What the pilot says.
    samples : ndarray, shape (m,)
        Training samples n ≥ 1.
    ridge : float
        ρ ≥ 0; above 0 the law is that of Gaussian data.
    """

    population: Population
    samples: FloatArray
    ridge: float = 0.0

    def odds(self, spectrum: Spectrum) -> FloatArray:
        """Both odds for a spectrum, shape (2, m).

        Parameters
        ----------
        spectrum : Spectrum
            The estimate, or another that the pilot allows.

        Returns
        -------
        ndarray, shape (2, m)
        """
        return self._factor * gaussian_odds(spectrum, self.samples, self.ridge)

    @cached_property
    def error(self) -> FloatArray:
        """Standard error of the logarithm of the odds at a known spectrum, shape (2, m)."""
        if self._gaussian:
            return np.zeros((2, self.samples.size))
        few = np.geomspace(self._near.min(), self._near.max(), _COARSE)
        laws = self.population.resampled_amplitudes
        draws = np.log([self._elliptical(few, tau) for tau in laws])
        spread = draws.std(axis=0, ddof=1)
        return np.array([np.interp(np.log(self._near), np.log(few), row) for row in spread])

    @property
    def _gaussian(self) -> bool:
        """Whether points scatter no more than Gaussian ones, or a ridge keeps the law Gaussian."""
        return self.population.amplitudes.size == 1 or self.ridge > 0.0

    @property
    def _near(self) -> FloatArray:
        """Samples up to where the ratio has reached its limit, and 1 − q has all its digits."""
        return np.minimum(self.samples, 1e3 * self.population.spectrum.dim)

    @cached_property
    def _factor(self) -> FloatArray:
        """What the amplitudes multiply the odds with, shape (2, m)."""
        if self._gaussian:
            return np.ones((2, self.samples.size))
        law = self._elliptical(self._near, self.population.amplitudes)
        return law / gaussian_odds(self.population.spectrum, self._near, 0.0)

    def _elliptical(self, n: FloatArray, amplitudes: FloatArray) -> FloatArray:
        overlaps = np.array(elliptical_overlaps(self.population.spectrum, n, amplitudes))
        return (1.0 - overlaps) / overlaps


def gaussian_odds(spectrum: Spectrum, n: FloatArray, ridge: float) -> FloatArray:
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
    return np.asarray(gaps / np.maximum([found.convergence, found.convergence_to_truth], 1e-300))
