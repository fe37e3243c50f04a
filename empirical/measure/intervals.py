"""Confidence intervals: bootstrap over draws, Wilson for counts, errors over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import FloatArray, InputError, as_count

if TYPE_CHECKING:
    import xarray as xr

LEVEL = 0.95
# Numbers that one batch of resamples may hold.
_WEIGHTS = 2**23

# Maps means of K quantities, shape (..., K), to the number of interest, shape (...).
Statistic = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Estimate:
    """A measured number.

    Attributes
    ----------
    value : float
        The number.
    low, high : float
        Ends of its confidence interval.
    stderr : float
        Standard error.
    """

    value: float
    low: float
    high: float
    stderr: float

    __repr__ = brief

    def as_dict(self) -> dict[str, float]:
        """Value and interval, for JSON.

        Returns
        -------
        dict
        """
        return {"value": self.value, "low": self.low, "high": self.high}


def average(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Mean of independent draws, with the normal interval that a bootstrap tends to.

    Parameters
    ----------
    values : array_like, shape (draws,)
        At least two.
    level : float
        Coverage.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If there are fewer.
    """
    found = np.asarray(values, np.float64)
    if found.size < 2:
        raise InputError(f"an average of {found.size} draws has no error: give at least two.")
    mean, stderr = float(found.mean()), float(found.std(ddof=1) / math.sqrt(len(found)))
    half = _deviate(level) * stderr
    return Estimate(mean, mean - half, mean + half, stderr)


def ratio(means: FloatArray) -> FloatArray:
    """⟨xy⟩/(⟨xx⟩⟨yy⟩)^{1/2} of means of the three.

    Parameters
    ----------
    means : ndarray, shape (..., 3)
        Means of xy, xx and yy.

    Returns
    -------
    ndarray, shape (...)
        0 where a power is 0.
    """
    scale = np.sqrt(means[..., 1] * means[..., 2])
    return np.divide(means[..., 0], scale, out=np.zeros_like(scale), where=scale.astype(bool))


def bootstrap(
    values: ArrayLike,
    statistic: Statistic,
    rng: np.random.Generator,
    *,
    resamples: int = 1000,
    level: float = LEVEL,
) -> Estimate:
    """Percentile bootstrap over the draws of one pair of models.

    Parameters
    ----------
    values : array_like, shape (draws, K)
        What was measured on each draw.
    statistic : callable
        Of the K means over draws.
    rng : numpy.random.Generator
        Source of randomness.
    resamples : int
        How many.
    level : float
        Coverage that is aimed at.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If the shape does not fit.

    Notes
    -----
    Efron & Tibshirani (1993), section 13. The interval covers the noise of the draws, not the
    choice of the training sets.
    """
    from scipy.stats import bootstrap as resampled

    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or not table.shape[1]:
        raise InputError(
            f"values have shape {np.shape(values)}: give (draws, K) of at least two draws."
        )
    count = as_count(resamples, "resamples", 2)

    def of_columns(*columns: FloatArray, axis: int) -> FloatArray:
        return statistic(np.stack([column.mean(axis=axis) for column in columns], axis=-1))

    found = resampled(
        tuple(table.T), of_columns, paired=True, vectorized=True, n_resamples=count,
        confidence_level=level, method="percentile", rng=rng,
        batch=max(1, _WEIGHTS // len(table)),
    )  # fmt: skip
    low, high = found.confidence_interval
    value = float(statistic(table.mean(axis=0)))
    return Estimate(value, float(low), float(high), float(found.standard_error))


def wilson(hits: int, total: int, level: float = LEVEL) -> Estimate:
    """Share of hits with an interval that is right at zero hits, too.

    Parameters
    ----------
    hits, total : int
        0 ≤ hits ≤ total, total ≥ 1.
    level : float
        Coverage.

    Returns
    -------
    Estimate
        Wilson (1927).

    Raises
    ------
    InputError
        If the counts are out of range.
    """
    from scipy.stats import binomtest

    whole, part = as_count(total, "total"), as_count(hits, "hits", 0)
    if part > whole:
        raise InputError(f"hits = {part} exceed total = {whole}: give at most that many.")
    low, high = binomtest(part, whole).proportion_ci(level, method="wilson")
    half = 0.5 * float(high - low)
    return Estimate(part / whole, float(low), float(high), half / _deviate(level))


def _deviate(level: float) -> float:
    """Half the width of a normal interval of this coverage, in standard errors."""
    return float(ndtri(0.5 + 0.5 * level))


def over_axis(values: NDArray[np.float64], axis: int = 0) -> tuple[FloatArray, FloatArray]:
    """Mean and standard error of independent repeats, those that are NaN left out.

    Parameters
    ----------
    values : ndarray
        Repeats along `axis`.
    axis : int
        Which one.

    Returns
    -------
    mean, stderr : ndarray
        NaN where there is no repeat, and for the error of a single one.
    """
    found = np.moveaxis(np.asarray(values, np.float64), axis, 0)
    count = np.isfinite(found).sum(axis=0)
    some = np.where(count, count, np.nan)
    mean = np.nansum(found, axis=0) / some
    squares = np.nansum((found - mean) ** 2, axis=0)
    free = some - 1.0
    return mean, np.sqrt(squares / np.where(free, free, np.nan) / some)


def over_seeds(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over sides and seeds, and its standard error over seeds.

    Parameters
    ----------
    values : xarray.DataArray
        Along ``seed`` and perhaps ``side``: the two models of one seed are not independent. NaN
        where a cell is missing.

    Returns
    -------
    mean, stderr : xarray.DataArray
        As of `over_axis`.
    """
    pairs = values.mean("side") if "side" in values.dims else values
    mean, stderr = over_axis(pairs.values, pairs.get_axis_num("seed"))
    like = pairs.isel(seed=0, drop=True)
    return like.copy(data=mean), like.copy(data=stderr)
