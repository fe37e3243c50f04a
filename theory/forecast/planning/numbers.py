"""What a plan needs of one spectrum, and the intervals of it for the law behind a pilot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.forecast.laws.beyond_gaussian import DataLaw, gaussian_odds
from convergen.theory.forecast.laws.crossings import last_crossing, never_rising, sample_grid
from convergen.theory.forecast.laws.denoiser_law import DenoiserLaw
from convergen.theory.forecast.laws.factor_starts import factor_starts
from convergen.theory.forecast.planning.wishes import Course, Wish
from convergen.theory.linear.latent_recovery import latent_recovery
from convergen.theory.messages.progress import phase
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.population import OtherSample, Population
from convergen.theory.spectra.spectrum import Spectrum

# Resampled spectra of which the recovery of factors, which takes longest, is computed.
_FEW = 12
_TINY = 1e-12

Parts = dict[str, FloatArray]


@dataclass(frozen=True)
class Numbers:
    """Positive numbers behind a plan.

    Attributes
    ----------
    spectrum : Spectrum
        The law, or its estimate.
    samples : ndarray, shape (m,)
        Sample sizes that are compared.
    sigma : float
        Noise level of the test error.
    factors : int
        Leading factors followed.
    wishes : tuple of Wish
        What is to be reached.
    pilot : Population or None
        Whose amplitudes count.
    """

    spectrum: Spectrum
    samples: FloatArray
    sigma: float
    factors: int
    wishes: tuple[Wish, ...]
    pilot: Population | None

    @cached_property
    def sizes(self) -> FloatArray:
        """Sample sizes, then the grid on which curves are inverted."""
        points = 0 if self.pilot is None else self.pilot.points
        size = max(points, self.spectrum.dim, float(self.samples[-1]))
        return np.concatenate([self.samples, sample_grid(size)])

    @cached_property
    def law(self) -> DataLaw | None:
        """Convergence of data as they are."""
        return None if self.pilot is None else DataLaw(self.pilot, self.sizes)

    @cached_property
    def denoiser(self) -> DenoiserLaw:
        """Test error on data as they are."""
        return DenoiserLaw(self.pilot, self.sizes, self.sigma)

    def of(self, spectrum: Spectrum, shift: float = 0.0) -> Parts:
        """Everything but the recovery of factors.

        Parameters
        ----------
        spectrum : Spectrum
            A candidate.
        shift : float
            Standard errors by which convergence of data as they are is off.

        Returns
        -------
        dict of ndarray
            ``odds`` and ``truth_odds`` at all sizes, ``excess`` of the test error at the samples,
            what each gains over the first, samples for the wishes and for half of the largest
            gain.
        """
        if self.law is None:
            odds = gaussian_odds(spectrum, self.sizes, 0.0)
        else:
            odds = self.law.odds(spectrum)
            if shift:
                odds = odds * np.exp(shift * self.law.error)
        return self._from(spectrum, odds, self.denoiser.excess(spectrum))

    def shown(self, other: OtherSample) -> Parts:
        """The same as another sample would show it.

        Parameters
        ----------
        other : OtherSample
            Of the pilot.

        Returns
        -------
        dict of ndarray
        """
        assert self.law is not None
        odds, excess = self.law.odds_shown(other), self.denoiser.excess_shown(other)
        return self._from(other.spectrum, odds, excess)

    def _from(self, spectrum: Spectrum, odds: FloatArray, excess: FloatArray) -> Parts:
        """Everything that follows from the odds and the excess of the test error."""
        n, rows = self.sizes, self.samples.size
        gap = odds[:, :rows] / (1.0 + odds[:, :rows])
        gains = np.maximum(gap[:, :1] - gap, _TINY)
        course = Course(spectrum, n[rows:], odds[:, rows:], excess[rows:])
        middle = 0.5 * (gap[0, 0] + gap[0, -1])
        return {
            "odds": odds[0],
            "truth_odds": odds[1],
            "excess": excess[:rows],
            "convergence_gain": gains[0],
            "truth_gain": gains[1],
            "error_left": excess[:rows] / excess[0],
            "halfway": last_crossing(course.grid, course.odds[0], [middle / (1.0 - middle)]),
            "wishes": np.array([wish.kind.needed(course, wish.level) for wish in self.wishes]),
        }

    def recovery(self, spectrum: Spectrum) -> Parts:
        """Recovered factors Σ Q_k, and their gain over the first; nothing without factors."""
        if not self.factors:
            return {}
        found = latent_recovery(spectrum, self.samples, self.factors, finite_size=True)
        total = found.sum(axis=1)
        return {"recovered": total, "recovered_gain": np.maximum(total - total[0], _TINY)}


def as_intervals(numbers: Numbers, pilot: Population | None, level: float) -> dict[str, Interval]:
    """Estimates with their intervals.

    Parameters
    ----------
    numbers : Numbers
        What is wanted.
    pilot : Population or None
        None where the law is known: the ends are then the value itself.
    level : float
        Confidence.

    Returns
    -------
    dict of Interval
        Convergence, its gain, and so on by name; ``together`` is the largest of the wishes.
    """
    if pilot is None:
        found = {
            name: Interval(values, values, values, 0.0 * values, 0.0 * values)
            for name, values in {
                **numbers.of(numbers.spectrum),
                **numbers.recovery(numbers.spectrum),
            }.items()
        }
    else:
        with phase("intervals"):
            found = _of_pilot(numbers, pilot, level)
    # There are no more factors than are followed.
    recovered = {
        name: _mapped(each, lambda total: np.minimum(total, numbers.factors))
        for name, each in found.items()
        if name == "recovered"
    }
    return {
        **found,
        **recovered,
        "convergence": found["odds"][: numbers.samples.size].overlap(),
        "truth": found["truth_odds"][: numbers.samples.size].overlap(),
        "error": _mapped(found["excess"], lambda excess: 1.0 + excess),
        "halfway": found["halfway"][0],
        "together": _largest(found["wishes"]),
        **{name: _from_nothing(each) for name, each in found.items() if name.endswith("gain")},
    }


def _of_pilot(numbers: Numbers, pilot: Population, level: float) -> dict[str, Interval]:
    """Intervals of everything, errors of the laws of data as they are included."""
    found = _by_name(pilot, numbers.of, numbers.shown, level)
    moved = numbers.of(numbers.spectrum, 1.0)
    for name, each in found.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            change = np.nan_to_num(np.abs(np.log(moved[name] / each.value)))
        found[name] = each.widened(change)
    grid = numbers.sizes[numbers.samples.size :]
    for name in ("odds", "truth_odds"):
        found[name] = never_rising(found[name], numbers.sizes, grid.size)
    found["wishes"] = _overlaps_as_shown(found, numbers.wishes, grid)
    found["wishes"] = _factors_as_shown(found["wishes"], numbers.wishes, pilot, level)
    if not numbers.factors:
        return found
    recovered = _by_name(
        pilot, numbers.recovery, lambda other: numbers.recovery(other.spectrum), level, _FEW
    )
    return found | recovered


def _by_name(
    pilot: Population,
    numbers: Callable[[Spectrum], Parts],
    shown: Callable[[OtherSample], Parts],
    level: float,
    draws: int | None = None,
) -> dict[str, Interval]:
    """Intervals of several arrays at once."""
    sizes = {name: part.size for name, part in numbers(pilot.spectrum).items()}
    whole = pilot.interval(
        lambda spectrum: np.concatenate(list(numbers(spectrum).values())), level, draws,
        lambda other: np.concatenate(list(shown(other).values())),
    )  # fmt: skip
    ends = np.cumsum(list(sizes.values()))
    return {
        name: whole[end - size : end] for (name, size), end in zip(sizes.items(), ends, strict=True)
    }


def _overlaps_as_shown(
    found: dict[str, Interval], wishes: tuple[Wish, ...], grid: FloatArray
) -> Interval:
    """Samples at an overlap are those at which its own interval holds it."""
    ends = {name: getattr(found["wishes"], name).copy() for name in ("low", "high")}
    for i, wish in enumerate(wishes):
        if wish.kind.overlap is not None:
            curves = found[("odds", "truth_odds")[wish.kind.overlap]]
            for name, values in ends.items():
                curve = getattr(curves, name)[-grid.size :]
                values[i] = last_crossing(grid, curve, [wish.odds])[0]
    return replace(found["wishes"], **ends)


def _factors_as_shown(
    found: Interval, wishes: tuple[Wish, ...], pilot: Population, level: float
) -> Interval:
    """Factors start as the pilot shows them; NaN for those that it does not show."""
    starts = factor_starts(pilot, level)
    names = ("value", "low", "high", "sampling", "unseen")
    parts = {name: getattr(found, name).copy() for name in names}
    for i, wish in enumerate(wishes):
        if wish.kind.name == "factor":
            k = int(wish.level) - 1
            for name in names:
                shown = getattr(starts, name)
                parts[name][i] = shown[k] if k < shown.size else np.nan
    return Interval(**parts)


def _largest(wishes: Interval) -> Interval:
    """All wishes at once: the largest of the estimates and of the ends."""
    if wishes.value.size == 0:
        return wishes
    worst = int(np.argmax(wishes.value))  # NaN before all: what cannot be seen cannot be promised
    value, low, high = (
        np.asarray(np.max(part)) for part in (wishes.value, wishes.low, wishes.high)
    )
    return Interval(value, low, high, wishes.sampling[worst], wishes.unseen[worst])


def _from_nothing(gain: Interval) -> Interval:
    """A gain over the first row, which gains nothing over itself."""
    value, low, high = (np.append(0.0, part[1:]) for part in (gain.value, gain.low, gain.high))
    return Interval(value, low, high, gain.sampling, gain.unseen)


def _mapped(found: Interval, function: Callable[[FloatArray], FloatArray]) -> Interval:
    """The same of an increasing function of the estimate."""
    value, low, high = (function(each) for each in (found.value, found.low, found.high))
    return Interval(value, low, high, found.sampling, found.unseen)
