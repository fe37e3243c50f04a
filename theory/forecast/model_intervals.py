"""Intervals of what is computed from the estimated spectrum alone: memorisation and recovery."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.forecast.laws.factor_starts import factor_starts, told_apart
from convergen.theory.forecast.predict import Request
from convergen.theory.linear.latent_recovery import latent_recovery
from convergen.theory.linear.memorised.memorisation import memorisation_scale
from convergen.theory.messages.progress import phase
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.population import Population
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity
from convergen.theory.spectra.spectrum import Spectrum

LEVEL = 0.9
# Resampled spectra that are used, and sample sizes at which widths are found.
_MEMORISED, _RECOVERED = (8, 4), (8, 5)
# Added to what may be zero before the logarithm is taken.
_SHIFT = 1e-3
_DEVIATE = 1.6449

_Law = Callable[[Spectrum, FloatArray], FloatArray]


def add_model_intervals(result: Labelled, population: Population, request: Request) -> Interval:
    """Add ``…_low`` and ``…_high`` of memorisation, recovery and the starts of factors.

    Parameters
    ----------
    result : Labelled
        A forecast for the estimated spectrum, with what was asked for.
    population : Population
        What the pilot says.
    request : Request
        What was asked for.

    Returns
    -------
    Interval
        Samples at which each visible factor starts to be recovered; NaN where it is not told
        apart from another.

    Notes
    -----
    Relative widths are found at a few of the sample sizes and interpolated in log n. Those of
    memorisation hold its own Monte Carlo error, too.
    """
    count = request.factors
    amplitudes = population.amplitudes if request.ridge == 0.0 else np.ones(1)
    dimension = population.interval(lambda spectrum: spectrum.participation_ratio, LEVEL)
    result.attributes |= {
        "participation_ratio_low": float(dimension.low),
        "participation_ratio_high": float(dimension.high),
    }

    def memorised(spectrum: Spectrum, n: FloatArray) -> FloatArray:
        return memorisation_scale(spectrum, n, request.ridge, amplitudes=amplitudes)

    def recovered(spectrum: Spectrum, n: FloatArray) -> FloatArray:
        return latent_recovery(spectrum, n, count, finite_size=True)

    with phase("intervals of memorisation"):
        keys = ("memorisation", "memorisation_baseline")
        if all(key in result for key in keys):
            for ending, ends in _ends(result, keys, population, request, memorised, _MEMORISED):
                for key, column in zip(keys, ends.T, strict=True):
                    _put(result, key, ending, column)
    key = "latent_recovery_finite_size"
    if key in result:
        with phase("intervals of recovery"):
            found = _ends(result, (key,), population, request, recovered, _RECOVERED)
        for ending, values in found:
            _put(result, key, ending, values)
            # The limit law jumps where a finite system does not.
            side = np.minimum if ending == "low" else np.maximum
            _put(result, "latent_recovery", ending, side(values, result["latent_recovery"]))
    starts = told_apart(factor_starts(population, LEVEL))
    if "recovery_threshold" in result:
        for ending, ends in (("", starts.value), ("low", starts.low), ("high", starts.high)):
            # Nothing is said of factors that do not show.
            filled = np.append(ends[:count], np.full(max(count - ends.size, 0), np.nan))
            if ending:
                _put(result, "recovery_threshold", ending, filled)
            else:
                dims, _, attributes = result.variables["recovery_threshold"]
                result.variables["recovery_threshold"] = dims, filled, attributes
    return starts


def _ends(
    result: Labelled,
    keys: tuple[str, ...],
    population: Population,
    request: Request,
    law: _Law,
    effort: tuple[int, int],
) -> list[tuple[str, FloatArray]]:
    """Low and high ends along the samples; the other dimension is that of the law."""
    n, (draws, sizes) = request.samples, effort
    few = n[np.unique(np.linspace(0, n.size - 1, min(sizes, n.size)).round().astype(np.int64))]
    found = population.interval(lambda spectrum: law(spectrum, few) + _SHIFT, LEVEL, draws)
    value = np.stack([result[key] for key in keys], axis=1) if len(keys) > 1 else result[keys[0]]
    own = np.zeros_like(value)
    errors = [f"{key}_stderr" for key in keys]
    if all(key in result for key in errors):
        own = _DEVIATE * np.stack([result[key] for key in errors], axis=1)
    shifted = value + _SHIFT
    ends = []
    for ending, end, sign in (("low", found.low, -1.0), ("high", found.high, 1.0)):
        log_width = np.abs(np.log(end / found.value))
        width = np.stack(
            [np.interp(np.log(n), np.log(few), column) for column in log_width.T], axis=1
        )
        moved = np.abs(np.expm1(sign * width)) * shifted
        ends.append((ending, np.clip(value + sign * np.hypot(moved, own), 0.0, 1.0)))
    return ends


def _put(result: Labelled, key: str, ending: str, values: FloatArray) -> None:
    row = quantity(key)
    words = f"{row.words}, {ending} end of the {100 * LEVEL:.0f} % interval"
    about = {"long_name": words, "units": row.units}
    result.variables[f"{key}_{ending}"] = row.dims, values, about
