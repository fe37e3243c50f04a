"""Predictions for the law behind a pilot sample: data as they are, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.machine.blas_threads import blas_threads_for
from convergen.theory.forecast.elliptical_models import add_elliptical_models, replace_law
from convergen.theory.forecast.laws.beyond_gaussian import DataLaw
from convergen.theory.forecast.laws.crossings import last_crossing, never_rising
from convergen.theory.forecast.model_intervals import LEVEL, add_model_intervals
from convergen.theory.forecast.predict import Request
from convergen.theory.linear.elliptical.elliptical_data import elliptical_bures_wasserstein
from convergen.theory.messages.progress import phase
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.population import Population, estimate_population
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity
from convergen.theory.spectra.principal_components import PrincipalComponents

# Sample sizes at which curves are inverted.
_GRID = 64


@dataclass(frozen=True)
class PilotAnswer:
    """What a pilot says of convergence, as numbers.

    Attributes
    ----------
    points : int
        N.
    today : Interval
        Convergence q of two models trained on N points each.
    needed : Interval
        Samples n at the wanted levels of q, shape (levels,).
    factors : Interval, shape (k,)
        Samples at which each of the leading factors that the pilot shows is recovered; its
        value is NaN where only the ends are known, and all where it is not told apart from another.
    more : float
        Points of a pilot that would halve the widest interval of `needed`.
    repeated, nearly_repeated : int
        Points that repeat an earlier one exactly, and but for little.
    excess : ndarray, shape (3,)
        1 − q over its value for Gaussian data of the same covariance, at large n: value and ends.
    by_amplitudes : float
        The part of it that comes from amplitudes.
    """

    points: int
    today: Interval
    needed: Interval
    factors: Interval
    more: float
    repeated: int
    nearly_repeated: int
    excess: FloatArray
    by_amplitudes: float


def estimate(
    data: ArrayLike, label: str, seed: int = 0, components: PrincipalComponents | None = None
) -> Population:
    """Estimate the population behind a data set, as a named phase.

    Parameters
    ----------
    data : array_like, shape (N, …)
        The pilot.
    label : str
        Label kept with every result.
    seed : int
        Of the resampling behind intervals.
    components : PrincipalComponents, optional
        Those of the data about their mean, where they are known.

    Returns
    -------
    Population
    """
    with phase("population behind the sample"), blas_threads_for(np.size(data)):
        return estimate_population(data, seed=seed, source=label, components=components)


def pilot_of(given: object, seed: int = 0) -> Population | None:
    """What a pilot says, where a law is given by one or by its points.

    Parameters
    ----------
    given : Population, array_like of shape (N, …) or another law
        What is predicted.
    seed : int
        Of the resampling behind intervals.

    Returns
    -------
    Population or None
        None where the law is known.
    """
    if isinstance(given, list | tuple) or hasattr(given, "__array__"):
        return estimate(np.asarray(given), "data", seed)
    return given if isinstance(given, Population) else None


def shown_factors(population: Population, wanted: int) -> int:
    """How many of the wanted factors a pilot shows, at least one.

    Parameters
    ----------
    population : Population
        What the pilot says.
    wanted : int
        Factors that were asked for.

    Returns
    -------
    int
    """
    return max(1, min(wanted, len(population.factors.eigenvalues)))


def add_intervals(result: Labelled, population: Population, request: Request) -> PilotAnswer:
    """Make a forecast for an estimated spectrum one for the data, with 90 % intervals.

    Parameters
    ----------
    result : Labelled
        From `forecast`. Convergence, convergence to the truth and the samples they need become
        those of elliptical data, and gain ``…_gaussian``, ``…_low`` and ``…_high``.
    population : Population
        What the pilot says.
    request : Request
        What was asked for; with a ridge the law stays Gaussian.

    Returns
    -------
    PilotAnswer
    """
    n, levels = request.samples, np.array(request.levels)
    top = 1e4 * max(population.points, request.spectrum.dim, float(n.max()))
    grid = np.geomspace(1.0, top, _GRID)
    every = np.concatenate([n, [float(population.points)], grid])
    law = DataLaw(population, every, request.ridge)
    with (
        phase("parts of the sample"),
        blas_threads_for(population.points * population.spectrum.dim),
    ):
        error = law.error

    targets = (1.0 - levels) / levels

    def wanted(odds: FloatArray) -> FloatArray:
        """Odds of q and q* at every n, then n at each level."""
        needed = last_crossing(grid, odds[0, -grid.size :], targets)
        return np.concatenate([odds.ravel(), needed])

    with phase("intervals"):
        found = population.interval(
            lambda spectrum: wanted(law.odds(spectrum)), LEVEL,
            drawn=lambda other: wanted(law.odds_shown(other)),
        )  # fmt: skip
        with np.errstate(invalid="ignore"):  # what is infinite stays so
            moved = np.log(wanted(law.odds(population.spectrum) * np.exp(error)) / found.value)
        found = found.widened(np.nan_to_num(np.abs(moved)))
        at_n = [
            never_rising(found[row * every.size : (row + 1) * every.size], every, grid.size)
            for row in range(2)
        ]
        # Samples n at a level are those at which the interval of q holds it.
        needed = replace(
            found[2 * every.size :],
            low=last_crossing(grid, at_n[0].low[-grid.size :], targets),
            high=last_crossing(grid, at_n[0].high[-grid.size :], targets),
        )
        width = np.where(np.isfinite(needed.value), np.hypot(needed.sampling, needed.unseen), 0.0)
        worst = 2 * every.size + int(np.argmax(width))
        more = population.points_to_halve(
            lambda spectrum: wanted(law.odds(spectrum))[worst], found[worst]
        )
    for key, band in zip(("convergence", "convergence_to_truth"), at_n, strict=True):
        if key in result:
            _replace(result, key, band[: n.size].overlap())
    if "convergence_samples" in result:
        _replace(result, "convergence_samples", needed)
    result.attributes |= {
        "pilot_points": population.points,
        "pilot_seed": population.seed,
        "interval_level": LEVEL,
        "visible_factors": len(population.factors.eigenvalues),
        "amplitude_second_moment": float(np.mean(population.amplitudes**2)),
        "gap_over_gaussian": float(law.excess[0]),
    }
    today = at_n[0][n.size].overlap()
    if "bures_wasserstein" in result and request.ridge == 0.0:
        values = elliptical_bures_wasserstein(population.spectrum, n, population.amplitudes)
        replace_law(result, "bures_wasserstein", values * law.left[: n.size])
    add_elliptical_models(result, request, population.amplitudes)
    starts = add_model_intervals(result, population, request)
    return PilotAnswer(
        population.points, today, needed, starts, more, population.repeated,
        population.nearly_repeated, law.excess, law.by_amplitudes,
    )  # fmt: skip


def _replace(result: Labelled, key: str, found: Interval) -> None:
    """Put an estimate in the place of the Gaussian law, and its ends beside it."""
    replace_law(result, key, found.value)
    dims, words = result.variables[key][0], quantity(key).words
    for ending, values, label in (
        ("low", found.low, f"low end of the {100 * LEVEL:.0f} % interval"),
        ("high", found.high, f"high end of the {100 * LEVEL:.0f} % interval"),
    ):
        about = {"long_name": f"{words}, {label}", "units": "1"}
        result.variables[f"{key}_{ending}"] = dims, values, about
