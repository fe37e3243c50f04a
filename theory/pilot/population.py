"""From a pilot sample to the law behind it, with what the pilot leaves open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.pilot.amplitudes import amplitude_law
from convergen.theory.pilot.continuation import continuation
from convergen.theory.pilot.degrees_of_freedom import DegreesOfFreedom, degrees_of_freedom
from convergen.theory.pilot.factors import VisibleFactors, visible_factors
from convergen.theory.pilot.halves import FarEnd, Halves, compare_halves, far_end
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.measure import Constraints, Continuation, extreme_measures, fit_measure
from convergen.theory.pilot.repeats import exact_repeats, near_repeats
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.random_matrices.renormalised_noise import df1, renormalised_noise
from convergen.theory.spectra.principal_components import PrincipalComponents, principal_components
from convergen.theory.spectra.spectrum import Spectrum

_DRAWS = 50
_FEWEST = 8
# Where the spectra that are allowed differ: κ below the last that is visible.
_PROBE = 0.1
# Spectra within this of the fit, or twice its own misfit, agree with the sample as well.
_TOLERANCE = 3e-3
# Part of the way from the estimate to the extremes on which nine truths in ten are found.
_WITHIN = 0.7
# Thinner slices of an eigenvalue than this count for nothing.
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True, eq=False)
class OtherSample:
    """What another sample of as many points would have said.

    Attributes
    ----------
    spectrum : Spectrum
        Its estimate.
    wider : float
        Logarithm of the second moment of its amplitudes, over that of this one.
    """

    spectrum: Spectrum
    wider: float


@dataclass(frozen=True, eq=False)
class Population:
    """What a pilot says of the law behind it.

    Attributes
    ----------
    spectrum : Spectrum
        The estimate, with real multiplicities.
    points : int
        Points N of the pilot.
    factors : VisibleFactors
        Leading factors that it shows.
    curve : DegreesOfFreedom
        What it shows of the rest.
    amplitudes : ndarray, shape (t,)
        Law of the squared amplitudes of its points; a single 1 if they are as alike as Gaussian
        points are.
    resampled : tuple of OtherSample
        Estimates from other samples, by the jackknife's influences.
    seed : int
        Of the resampling.
    repeated : int
        Points that repeat an earlier one exactly; they count as agreement of independent points.
    nearly_repeated : int
        Points that do so but for little: |cosine| about the mean of at least 0.999.
    """

    spectrum: Spectrum
    points: int
    factors: VisibleFactors
    curve: DegreesOfFreedom
    amplitudes: FloatArray
    resampled: tuple[OtherSample, ...]
    seed: int
    repeated: int
    nearly_repeated: int
    _sample: PilotSample
    _given: Constraints
    _misfit: float

    def __repr__(self) -> str:
        return f"Population(behind {self.points} points: {self.spectrum!r})"

    @cached_property
    def allowed(self) -> list[Spectrum]:
        """The extremes among all spectra that agree with the sample."""
        tolerance = max(_TOLERANCE, 2.0 * self._misfit)
        found = extreme_measures(self._given, tolerance, _PROBE * float(self.curve.kappa[-1]))
        lead, source = self.factors.eigenvalues, self.spectrum.source
        return [
            _spectrum(nodes, _below(weights, lead.size), lead, self._sample, source)
            for nodes, weights in found
        ]

    @cached_property
    def halves(self) -> Halves:
        """Convergence between disjoint parts of the pilot."""
        return compare_halves(self._sample, np.random.default_rng([self.seed, 2]))

    @cached_property
    def far_end(self) -> FarEnd | None:
        """What its fourth moments say of n → ∞; None if there are too few points."""
        rng = np.random.default_rng([self.seed, 3])
        return far_end(self._sample, self.spectrum.positive, rng)

    def interval(
        self,
        quantity: Callable[[Spectrum], ArrayLike],
        level: float = 0.9,
        draws: int | None = None,
        drawn: Callable[[OtherSample], ArrayLike] | None = None,
    ) -> Interval:
        """Estimate a positive quantity of the population.

        Parameters
        ----------
        quantity : callable
            Of a spectrum; positive numbers of any shape, the same for every spectrum.
        level : float
            Confidence of the sampling part.
        draws : int, optional
            Resampled estimates that are used; default all. A dozen give the spread to 20 %.
        drawn : callable, optional
            The quantity as another sample shows it; default that of its spectrum.

        Returns
        -------
        Interval
            The two parts are combined as independent ones, in the logarithm.
        """
        show = drawn or (lambda other: quantity(other.spectrum))
        with np.errstate(divide="ignore"):
            value = np.log(np.asarray(quantity(self.spectrum), np.float64))
            others = [show(each) for each in self.resampled[:draws]]
            logs = np.log(np.array(others, np.float64))
            ends = np.log(np.array([quantity(each) for each in self.allowed], np.float64))
            ends = np.concatenate([value[None], ends.reshape(-1, *value.shape)])
        with np.errstate(invalid="ignore"):  # what is infinite stays so
            spread = np.sqrt(np.mean((logs - value) ** 2, axis=0))
            ends = _WITHIN * (ends - value)
            fewest, most = -ends.min(axis=0), ends.max(axis=0)
        # No estimate is finer than the grid of the measure.
        sampling = np.hypot(ndtri(0.5 + 0.5 * level) * spread, _TOLERANCE)
        return Interval(
            np.exp(value), np.exp(value - np.hypot(sampling, fewest)),
            np.exp(value + np.hypot(sampling, most)), sampling, np.maximum(fewest, most),
        )  # fmt: skip

    def points_to_halve(
        self, quantity: Callable[[Spectrum], ArrayLike], interval: Interval
    ) -> float:
        """Points of a pilot whose interval for one number would be half as wide.

        Parameters
        ----------
        quantity : callable
            Of a spectrum; one positive number.
        interval : Interval
            Of that number, from this pilot.

        Returns
        -------
        float
            A power of two times N; infinite if a thousand times N would not do.

        Notes
        -----
        Sampling errors fall like N^{-1/2}; what a larger pilot cannot show is found by taking the
        estimate for the truth.
        """
        value = float(np.log(quantity(self.spectrum)))
        wanted = 0.5 * float(np.hypot(interval.sampling, interval.unseen))
        for doublings in range(1, 11):
            count = self.points * 2.0**doublings
            sampling = float(interval.sampling) * 2.0 ** (-0.5 * doublings)
            # A larger pilot leaves no more unseen than this one.
            if np.hypot(sampling, interval.unseen) <= wanted:
                return count
            if sampling > wanted:
                continue
            base = float(renormalised_noise(self.spectrum, count, 0.0).kappa)
            lowest = max(base, 1e-3 * float(self.curve.kappa[-1]))
            kappa = np.geomspace(self.curve.kappa[0], lowest, self.curve.kappa.size)
            shown = replace(self._given, kappa=kappa, df1=df1(self.spectrum, kappa))
            found = extreme_measures(shown, _TOLERANCE, _PROBE * lowest)
            ends = [
                float(np.log(quantity(_spectrum(*each, np.empty(0), self._sample, ""))))
                for each in found
            ]
            unseen = _WITHIN * max((abs(end - value) for end in ends), default=0.0)
            if np.hypot(sampling, unseen) <= wanted:
                return count
        return float("inf")


def estimate_population(
    data: ArrayLike | np.memmap[Any, Any],
    *,
    center: bool = True,
    seed: int = 0,
    source: str = "data",
    components: PrincipalComponents | None = None,
) -> Population:
    """Estimate the population spectrum from a pilot sample.

    Parameters
    ----------
    data : array_like, shape (N, …)
        The pilot; trailing dimensions are flattened. It is read in blocks.
    center : bool
        Subtract the mean; otherwise the law is taken about zero.
    seed : int
        Of the resampling behind the intervals.
    source : str
        Label kept with every result.
    components : PrincipalComponents, optional
        Those of the data, where they are known.

    Returns
    -------
    Population

    Raises
    ------
    InputError
        If there are fewer than eight different points, or they are not finite or do not vary.

    Notes
    -----
    The degrees of freedom df₁(κ) are read from the resolvent of the sample for κ ≥ κ₀(N), each
    point at its own amplitude; leading eigenvalues are deflated one by one; below κ₀(N) a
    non-negative measure continues what is visible, the mean over curves that are as likely.
    docs/pilot.md derives all of it.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen import theory
    >>> rng = np.random.default_rng(0)
    >>> points = rng.standard_normal((60, 10)) * np.arange(1, 11) ** -0.5
    >>> pilot = theory.estimate_population(points)
    >>> pilot.points, pilot.spectrum.dim
    (60, 10)
    >>> found = pilot.interval(lambda law: theory.samples_for(law, convergence=0.9), draws=8)
    >>> bool(found.low < found.value < found.high)
    True
    """
    parts = principal_components(data, center=center) if components is None else components
    exact = exact_repeats(data)
    if parts.samples - exact < _FEWEST:
        different = f" with {parts.samples - exact} different ones" if exact else ""
        raise InputError(
            f"a pilot of {parts.samples} points{different} says nothing of the law behind it: give "
            f"at least {_FEWEST}{' different ones' if exact else ''}."
        )
    sample = PilotSample.of(data, parts, center)
    curve, factors = degrees_of_freedom(sample), visible_factors(sample)
    covariance = curve.covariance
    given = Constraints(
        curve.kappa, curve.df1, np.sqrt(np.diag(covariance))[:-1], sample.trace, sample.dim,
        float(sample.eigenvalues[0]),
    )  # fmt: skip
    nodes, _, misfit = fit_measure(given)
    # As many points as dimensions show them all.
    likely = continuation(given, covariance) if sample.freedom < sample.dim else None
    lead = factors.eigenvalues
    counts, weights = _other_fits(curve, given, likely, lead.size, as_count(seed, "seed", 0))
    mean = _spectrum(nodes, np.mean(weights, axis=0), lead, sample, source)
    spectrum = replace(mean, eigenvectors=parts.eigenvectors, mean=parts.mean)
    amplitudes, influence = amplitude_law(sample, spectrum)
    resampled = tuple(
        OtherSample(
            _spectrum(nodes, fit, factors.moved(count), sample, source), float(influence @ count)
        )
        for count, fit in zip(counts, weights, strict=True)
    )
    return Population(
        spectrum, parts.samples, factors, curve, amplitudes, resampled, seed, exact,
        max(near_repeats(sample) - exact, 0), sample, given, misfit,
    )  # fmt: skip


def _other_fits(
    curve: DegreesOfFreedom,
    given: Constraints,
    likely: Continuation | None,
    known: int,
    seed: int,
) -> tuple[list[FloatArray], list[FloatArray]]:
    """How points count in other samples, and what is fitted to those below the known factors.

    A fit of least squares to one curve has few atoms, and jumps where the curve changes little; the
    mean over curves that are as likely does not.
    """
    rng = np.random.default_rng(seed)
    counts = [curve.another_sample(rng) for _ in range(_DRAWS)]
    weights = []
    for each in counts:
        kappa, df1, trace = curve.moved(each)
        fit = fit_measure(replace(given, kappa=kappa, df1=df1, trace=trace), likely)[1]
        weights.append(_below(fit, known))
    return counts, weights


def _below(weights: FloatArray, known: int) -> FloatArray:
    """A measure without its upper end, which as many known factors replace."""
    above = np.cumsum(weights) - weights
    return np.asarray(weights - np.clip(known - above, 0.0, weights))


def _spectrum(
    nodes: FloatArray,
    weights: FloatArray,
    factors: FloatArray,
    sample: PilotSample,
    source: str,
) -> Spectrum:
    """Known factors, the measure below them, and zeros up to d."""
    kept = weights > _LEAST_WEIGHT
    values, counts = nodes[kept], weights[kept]
    if factors.size:
        # What is left of a factor in a measure would pass for another one close to it; those that
        # do not show are below the next eigenvalue of the sample.
        top = min(float(factors[-1]), float(sample.eigenvalues[factors.size]))
        values = np.minimum(values, top * (1.0 - _LEAST_WEIGHT))
        values = np.concatenate([factors, values])
        counts = np.concatenate([np.ones(factors.size), counts])
    missing = sample.dim - counts.sum()
    if missing > _LEAST_WEIGHT:
        values, counts = np.append(values, 0.0), np.append(counts, missing)
    else:
        counts *= sample.dim / counts.sum()
    return Spectrum.from_eigenvalues(values, counts, source=source)
