"""From which n the factors that a pilot shows are recovered, with intervals."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.population import Population

_DRAWS = 200
# No estimate is finer.
_TOLERANCE = 3e-3
# Parts of the bulk closer than this to a factor are what it replaced.
_NEAR = 1e-3
# A start is a number where both ends of its interval are within 30 % of it, or one sample, else a
# range; where the ends are further apart than this many times it is not even that: two factors are
# too close.
_NUMBER, _RANGE = 1.3, 4.0


def told_apart(starts: Interval) -> Interval:
    """The same without numbers for factors that may nearly be one with a neighbour.

    Parameters
    ----------
    starts : Interval, shape (k,)
        From `factor_starts`.

    Returns
    -------
    Interval
        The value is NaN where an end of n_k* is more than 30 % and a sample away, and the ends,
        too, where they are more than four times apart.
    """
    value = starts.value
    above = starts.high <= np.maximum(_NUMBER * value, value + 1.0)
    below = starts.low >= np.minimum(value / _NUMBER, value - 1.0)
    number = above & below
    known = starts.high <= _RANGE * starts.low
    names = ("low", "high", "sampling", "unseen")
    ends = (np.where(known, getattr(starts, name), np.nan) for name in names)
    return Interval(np.where(number, starts.value, np.nan), *ends)


def factor_starts(population: Population, level: float = 0.9) -> Interval:
    """Samples n_k* at which each visible factor starts to be recovered.

    Parameters
    ----------
    population : Population
        What the pilot says.
    level : float
        Confidence.

    Returns
    -------
    Interval
        Shape (k,), one number for each visible factor; quantiles over other samples of as many
        points, since n_k* goes to infinity where factors come close.
    """
    factors = population.factors
    value = factors.thresholds
    if value.size == 0:
        return Interval(value, value, value, value, value)
    rng = np.random.default_rng([population.seed, 4])
    counts = [population.curve.another_sample(rng) for _ in range(_DRAWS)]
    moved = factors.eigenvalues * np.exp(np.array(counts) @ factors.log_influence.T)
    spectrum = population.spectrum
    rest = slice(value.size, None)
    bulk = spectrum.eigenvalues[rest], spectrum.multiplicities[rest]
    base = _log(_sums(factors.eigenvalues[None], *bulk))
    change = np.sort(_log(_sums(moved, *bulk)) - base, axis=0)
    tail = 0.5 * (1.0 - level)
    ends = np.quantile(change, [tail, 1.0 - tail], axis=0)
    low, high = np.minimum(ends[0], -_TOLERANCE), np.maximum(ends[1], _TOLERANCE)
    low_end = np.maximum(value * np.exp(low), 1.0)
    return Interval(
        value, np.minimum(low_end, value), value * np.exp(high), np.maximum(-low, high),
        np.zeros_like(value),
    )  # fmt: skip


def _sums(factors: FloatArray, bulk: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ_{j≠k} (λ_j/(λ_k − λ_j))² for rows of factors above one bulk, shape of `factors`."""
    below = bulk < (1.0 - _NEAR) * factors[..., None]
    gap = np.where(below, factors[..., None] - bulk, np.inf)
    own = np.sum(weights * (bulk / gap) ** 2, axis=-1)
    apart = factors[..., :, None] - factors[..., None, :]
    apart[..., np.arange(factors.shape[-1]), np.arange(factors.shape[-1])] = np.inf
    with np.errstate(divide="ignore"):
        return np.asarray(own + np.sum((factors[..., None, :] / apart) ** 2, axis=-1))


def _log(sums: FloatArray) -> FloatArray:
    """Logarithm; where nothing else has variance there is nothing to be mistaken for."""
    return np.asarray(np.log(np.maximum(sums, np.finfo(np.float64).tiny)))
