"""How much more two models disagree on data as they are than on Gaussian data.

Amplitudes explain most of it (`convergen.theory.linear.elliptical.elliptical_data`). What is left
is measured between disjoint parts of the pilot, for n ≤ N/2, and ends at the constant of the fourth
moments for n → ∞ where the pilot is large enough to show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.linear.elliptical.elliptical_data import elliptical_overlaps
from convergen.theory.linear.order_parameters import order_parameters
from convergen.theory.pilot.amplitudes import by_width
from convergen.theory.pilot.population import OtherSample, Population
from convergen.theory.spectra.spectrum import Spectrum

DEVIATE = 1.6449  # of a normal variable, 5 % in each tail
# Standard deviation of a number that may be anything from 0 to 1.
_ONE_POINT = 12.0**-0.5
# Sample sizes at which the slope with the width of amplitudes is found.
_COARSE = 8
# What the finite number of dimensions adds to the constant of Gaussian data.
_FINITE = 0.25
# Doublings of n over which a trend between parts of the pilot may go on.
_DOUBLINGS = 3.0


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
        if self.ridge > 0.0:
            return gaussian_odds(spectrum, self.samples, self.ridge)
        law = gaussian_odds(spectrum, self._every, 0.0) * self._amplitude
        return np.asarray(law[:, : self.samples.size] * np.exp(self._left(law)))

    def odds_shown(self, other: OtherSample) -> FloatArray:
        """Both odds as another sample would show them, shape (2, m).

        Parameters
        ----------
        other : OtherSample
            Of the population.

        Returns
        -------
        ndarray, shape (2, m)

        Notes
        -----
        Its parts would agree otherwise, too: spectrum and amplitudes tell how, and what they leave
        of the odds stays.
        """
        law = gaussian_odds(other.spectrum, self.samples, self.ridge)
        if self.ridge > 0.0:
            return law
        count = self.samples.size
        moved = self._amplitude * np.exp(other.wider * self._by_width)
        return np.asarray(law * moved[:, :count] * self.left)

    @cached_property
    def left(self) -> FloatArray:
        """Odds over those of elliptical data of the estimated spectrum, shape (m,)."""
        if self.ridge > 0.0:
            return np.ones(self.samples.size)
        law = gaussian_odds(self.population.spectrum, self._every, 0.0) * self._amplitude
        return np.exp(self._left(law))

    @property
    def excess(self) -> FloatArray:
        """Odds (1 − q)/q over those of Gaussian data at the last n: value, low and high end.

        Gaussian data in as many dimensions, which are finite: what is measured shows it.
        """
        if self.ridge > 0.0:
            return np.ones(3)
        last = self.samples.size - 1
        finite = np.log1p(_FINITE / self._gaussian_constant)
        value = float(np.log(self._amplitude[0, last] * self.left[last]) - finite)
        wider = self._by_width[0, last] * np.std([each.wider for each in self.population.resampled])
        spread = DEVIATE * float(np.hypot(self.error[last], wider))
        return np.exp([value, value - spread, value + spread])

    @property
    def by_amplitudes(self) -> float:
        """The part of `excess` that amplitudes explain."""
        return 1.0 if self.ridge > 0.0 else float(self._amplitude[0, self.samples.size - 1])

    @cached_property
    def error(self) -> FloatArray:
        """Standard error of the logarithm of `left`, shape (m,)."""
        if self.ridge > 0.0:
            return np.zeros(self.samples.size)
        parts = self.population.halves
        own = parts.error / (1.0 - parts.gap)
        if parts.share < 1.0:
            own = np.hypot(own, np.sqrt(1.0 / parts.share - 1.0) * self._scatter)
        measured = np.interp(np.log(self.samples), np.log(parts.freedom)[::-1], own[::-1])
        # The mean of a part takes one of its n points for Gaussian data, for others more or less.
        mean = _ONE_POINT / self.samples
        end = self._beyond * self._end[2]
        return np.asarray(np.sqrt(measured**2 + end**2 + mean**2))

    @property
    def _scatter(self) -> FloatArray:
        """Standard deviation of the log odds of parts between samples, shape (k,)."""
        parts = DataLaw(self.population, self._parts)
        logs = np.log([parts.odds_shown(other)[0] for other in self.population.resampled])
        return np.asarray(logs.std(axis=0, ddof=1))

    def _left(self, law: FloatArray) -> FloatArray:
        """Logarithm of what amplitudes leave, where they give `law` at samples and parts."""
        parts = self.population.halves
        with np.errstate(divide="ignore"):
            found = np.log(parts.gap / (1.0 - parts.gap)) - np.log(law[0, self.samples.size :])
        measured = np.interp(np.log(self.samples), np.log(parts.freedom)[::-1], found[::-1])
        moments, weight, _ = self._end
        return np.asarray(measured + self._beyond * weight * (moments - found[0]))

    @cached_property
    def _end(self) -> tuple[float, float, float]:
        """What fourth moments say of n → ∞, how far they are believed, and the error of the end."""
        parts, found = self.population.halves, self.population.far_end
        spectrum = self.population.spectrum
        law = _elliptical_odds(spectrum, parts.freedom, self.population.amplitudes)[0]
        left = np.log(parts.gap / (1.0 - parts.gap) / law)
        trend = float(parts.error[0])
        if left.size > 1:
            # What splits scatter is no trend.
            own = parts.error[:2] / (1.0 - parts.gap[:2])
            trend = float(np.sqrt(max((left[0] - left[1]) ** 2 - own @ own, 0.0)))
        if found is None:
            # Less than what one point of a part may do is not carried on.
            point = 1.0 / parts.freedom[0]
            error = float(np.hypot(trend * _DOUBLINGS, _ONE_POINT * point))
            return 0.0, float(point**2 / (point**2 + left[0] ** 2)), error
        far, gaussian = self._far, self._gaussian_constant + _FINITE
        elliptical = _elliptical_odds(spectrum, np.array([far]), self.population.amplitudes)[0, 0]
        moments = float(np.log(found.ratio * gaussian / (far * elliptical)))
        # Either may be the better one: fourth moments of few points, or parts that are not large.
        weights = np.array([found.error**-2.0, 1.0 / (parts.error[0] ** 2 + trend**2)])
        return moments, float(weights[0] / weights.sum()), float(weights.sum() ** -0.5)

    @cached_property
    def _gaussian_constant(self) -> float:
        """C of 1 − q ≈ C/n for Gaussian data in infinitely many dimensions."""
        return float(order_parameters(self.population.spectrum, self._far).gap * self._far)

    @cached_property
    def _far(self) -> float:
        """Samples beyond which ratios have reached their limit, and 1 − q loses digits."""
        return 1e3 * self.population.spectrum.dim

    @cached_property
    def _parts(self) -> FloatArray:
        return self.population.halves.freedom

    @cached_property
    def _every(self) -> FloatArray:
        """Samples, then the sizes of the parts."""
        return np.concatenate([self.samples, self._parts])

    @cached_property
    def _beyond(self) -> FloatArray:
        """How far beyond the parts each n is, from 0 at N/2 to 1 at infinity, as 1/n goes."""
        return np.asarray(1.0 - np.minimum(self._parts[0] / self.samples, 1.0))

    @cached_property
    def _by_width(self) -> FloatArray:
        """Derivative of the logarithm of `_amplitude` by that of E τ²."""
        population, near = self.population, np.minimum(self._every, self._far)
        few = np.geomspace(near.min(), near.max(), _COARSE)

        def law(amplitudes: FloatArray) -> FloatArray:
            return np.log(_elliptical_odds(population.spectrum, few, amplitudes))

        slopes = by_width(law, population.amplitudes)
        return np.array([np.interp(np.log(near), np.log(few), row) for row in slopes])

    @cached_property
    def _amplitude(self) -> FloatArray:
        """Odds of elliptical over those of Gaussian data, at samples and parts."""
        population, near = self.population, np.minimum(self._every, self._far)
        law = _elliptical_odds(population.spectrum, near, population.amplitudes)
        return law / gaussian_odds(population.spectrum, near, 0.0)


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


def _elliptical_odds(spectrum: Spectrum, n: FloatArray, amplitudes: FloatArray) -> FloatArray:
    overlaps = np.array(elliptical_overlaps(spectrum, n, amplitudes))
    return np.asarray((1.0 - overlaps) / overlaps)
