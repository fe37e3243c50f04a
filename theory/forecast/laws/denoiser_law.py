"""Test error of linear denoisers on data as they are: amplitudes raise it, as they lower q."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.linear.denoising_errors import denoising_errors
from convergen.theory.linear.elliptical.elliptical_denoising import elliptical_test_error
from convergen.theory.pilot.amplitudes import by_width
from convergen.theory.pilot.population import OtherSample, Population
from convergen.theory.spectra.spectrum import Spectrum

# Sample sizes at which the slope with the width of amplitudes is found.
_COARSE = 8
# The excess of a denoiser that rounding cannot tell from the true one.
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class DenoiserLaw:
    """Excess of the test error over its limit, for any spectrum that a pilot allows.

    Attributes
    ----------
    population : Population or None
        What the pilot says; None where the law is known and Gaussian.
    samples : ndarray, shape (m,)
        Training samples n ≥ 1.
    sigma : float
        Noise level, data units.
    """

    population: Population | None
    samples: FloatArray
    sigma: float

    def excess(self, spectrum: Spectrum) -> FloatArray:
        """Test error over that of the true denoiser, less 1.

        Parameters
        ----------
        spectrum : Spectrum
            The estimate, or another that the pilot allows.

        Returns
        -------
        ndarray, shape (m,)
        """
        return self._factor * gaussian_excess(spectrum, self.samples, self.sigma)

    def excess_shown(self, other: OtherSample) -> FloatArray:
        """The same as another sample would show it, with its own amplitudes.

        Parameters
        ----------
        other : OtherSample
            Of the population.

        Returns
        -------
        ndarray, shape (m,)
        """
        return self.excess(other.spectrum) * np.exp(other.wider * self._by_width)

    @cached_property
    def _by_width(self) -> FloatArray:
        """Derivative of the logarithm of the excess by that of E τ², shape (m,)."""
        pilot = self.population
        assert pilot is not None
        few = np.geomspace(self._near.min(), self._near.max(), _COARSE)
        slope = by_width(lambda tau: np.log(self._elliptical(pilot, few, tau)), pilot.amplitudes)
        return np.asarray(np.interp(np.log(self._near), np.log(few), slope))

    @property
    def _near(self) -> FloatArray:
        """Samples up to where the ratio has reached its limit and the excess has its digits."""
        assert self.population is not None
        return np.minimum(self.samples, 1e3 * self.population.spectrum.dim)

    @cached_property
    def _factor(self) -> FloatArray | float:
        """What the amplitudes multiply the excess with."""
        if self.population is None or self.population.amplitudes.size == 1:
            return 1.0
        law = self._elliptical(self.population, self._near, self.population.amplitudes)
        return law / gaussian_excess(self.population.spectrum, self._near, self.sigma)

    def _elliptical(self, pilot: Population, n: FloatArray, amplitudes: FloatArray) -> FloatArray:
        best = denoising_errors(pilot.spectrum, n, self.sigma).optimal
        found = elliptical_test_error(pilot.spectrum, n, self.sigma, amplitudes)
        return np.maximum(found / best - 1.0, _TINY)


def gaussian_excess(spectrum: Spectrum, n: FloatArray, sigma: float) -> FloatArray:
    """Test error of a linear denoiser of Gaussian data over that of the true one, less 1.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    n : ndarray, shape (m,)
        Training samples.
    sigma : float
        Noise level, data units.

    Returns
    -------
    ndarray, shape (m,)
        At least 1e-12.
    """
    found = denoising_errors(spectrum, n, sigma)
    return np.asarray(np.maximum(found.test / found.optimal - 1.0, _TINY))
