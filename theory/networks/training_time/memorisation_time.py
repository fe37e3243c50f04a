"""When networks begin to copy in the course of training, and the law that leads to other n.

The time is that of `clock`. The mark is the excess memorisation m − m₀ over that of fresh data, as
a share of the most it can be, 1 − m₀. The first copies come somewhat after its onset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from convergen.theory.common.checks import FloatArray, InputError, as_finite, as_samples

# Share of the excess at the onset; chosen on the digits alone, as is ...
ONSET = 0.1
# ... the standard deviation of the exponent between neighbouring n about its expected value 1.
_EXPONENT_SPREAD = 0.2
# Error of an onset between two snapshots over their distance, in logarithms of the time: when every
# second snapshot of the shipped histories is left out onsets move by this much.
_INTERPOLATION = 0.13
_RESAMPLES = 400
_DEVIATE = float(ndtri(0.975))


@dataclass(frozen=True)
class Onset:
    """When a mark is passed.

    Attributes
    ----------
    time : float
        In weighted images; infinite where it is not passed.
    low, high : float
        Ends of its 95 % interval, the spread of the runs and the distance of snapshots included.
    """

    time: float
    low: float
    high: float


def onset(
    times: ArrayLike, curves: ArrayLike, rng: np.random.Generator, level: float = ONSET
) -> Onset:
    """First time at which the mean of some curves passes a level.

    Parameters
    ----------
    times : array_like, shape (T,)
        Weighted images of the snapshots, rising, > 0.
    curves : array_like, shape (T, runs)
        The mark of each run, of other seeds or other training sets.
    rng : numpy.random.Generator
        Draws the runs again.
    level : float
        To be passed.

    Returns
    -------
    Onset
        Linear in log time between snapshots. Of one run the interval holds the distance of
        snapshots alone. If the level is passed at the first snapshot the onset
        is that snapshot, and its interval begins at 0.
    """
    grid, marks = np.log(as_finite(times, "times")), as_finite(curves, "curves")
    runs = marks.shape[1]
    middle = _crossing(grid, marks.mean(axis=1), level)
    drawn = rng.integers(runs, size=(_RESAMPLES, runs))
    spread = np.array([_crossing(grid, marks[:, rows].mean(axis=1), level) for rows in drawn])
    low, high = np.quantile(spread, [0.025, 0.975], method="nearest")
    if np.isinf(middle):
        # Not before the run ended.
        return Onset(np.inf, float(np.exp(min(low, grid[-1]))), np.inf)
    place = int(np.searchsorted(grid, middle))
    if place == 0:
        return Onset(float(np.exp(middle)), 0.0, float(np.exp(high)))
    gap = _DEVIATE * _INTERPOLATION * (grid[place] - grid[place - 1])
    # Few runs that happen to agree say little: Student's t, and the spread about their own mean.
    freedom = max(runs - 1, 1)
    few = stdtrit(freedom, 0.975) / _DEVIATE * (runs / freedom) ** 0.5
    below, above = np.hypot(few * (middle - low), gap), np.hypot(few * (high - middle), gap)
    return Onset(*(float(np.exp(t)) for t in (middle, middle - below, middle + above)))


def _crossing(grid: FloatArray, values: FloatArray, level: float) -> float:
    """Where values first reach a level, linear between places; infinite where they do not."""
    reached = np.flatnonzero(values >= level)
    if reached.size == 0:
        return np.inf
    after = int(reached[0])
    if after == 0:
        return float(grid[0])
    share = (level - values[after - 1]) / (values[after] - values[after - 1])
    return float(grid[after - 1] + share * (grid[after] - grid[after - 1]))


@dataclass(frozen=True)
class MemorisationLaw:
    """τ = κ n: networks begin to memorise after κ weighted images of each training point.

    Attributes
    ----------
    kappa, kappa_low, kappa_high : float
        κ, weighted images a sample, with its 95 % interval.
    exponent, exponent_low, exponent_high : float
        p of a free fit τ ∝ n^p, a check; NaN where one n alone was reached.
    centre : float
        Geometric mean of the n that it was fitted to.
    """

    kappa: float
    kappa_low: float
    kappa_high: float
    exponent: float
    exponent_low: float
    exponent_high: float
    centre: float

    @classmethod
    def fit(cls, samples: ArrayLike, onsets: list[Onset]) -> MemorisationLaw:
        """Fit to the onsets that were reached, each n counting alike.

        Parameters
        ----------
        samples : array_like, shape (k,)
            Training samples n.
        onsets : list of Onset
            One for each.

        Returns
        -------
        MemorisationLaw

        Raises
        ------
        InputError
            If none was reached after the first snapshot.

        Notes
        -----
        The exponent 1 is that of arXiv:2505.17638. Weighted least squares for the free one.
        """
        sizes = as_samples(samples)
        use = [i for i, o in enumerate(onsets) if np.isfinite(o.time) and o.low > 0.0]
        if not use:
            raise InputError(
                "no network began to memorise between two snapshots: train with fewer samples, "
                "for more images, or with more snapshots."
            )
        log_n = np.log(sizes[use])
        log_time = np.log([onsets[i].time for i in use])
        ends = np.array([[onsets[i].low, onsets[i].high] for i in use])
        # An upper end that was not reached is as far as the lower one.
        half = np.log(
            np.column_stack([np.exp(log_time) / ends[:, 0], ends[:, 1] / np.exp(log_time)])
        )
        half = np.where(np.isfinite(half), half, half[:, :1])
        errors = np.maximum(half.mean(axis=1) / _DEVIATE, 1e-3)
        ratios = log_time - log_n
        found = float(ratios.mean())
        apart = _EXPONENT_SPREAD * (log_n - log_n.mean())
        error = float(np.sqrt(np.sum(errors**2) + np.sum(apart**2)) / len(use))
        exponent, spread = _slope(log_n, log_time, errors)
        reach = _DEVIATE * error
        kappa, low, high = np.exp(found + reach * np.array([0.0, -1.0, 1.0])).tolist()
        about = _DEVIATE * spread
        centre = float(np.exp(log_n.mean()))
        return cls(kappa, low, high, exponent, exponent - about, exponent + about, centre)

    def time(self, samples: ArrayLike) -> FloatArray:
        """Weighted images after which networks begin to memorise.

        Parameters
        ----------
        samples : array_like, shape (k,)
            Training samples n.

        Returns
        -------
        ndarray, shape (3, k)
            Times and the ends of their 95 % intervals, which grow with the distance from the n of
            the fit, as the exponent is known to ± 0.2.
        """
        log_n = np.log(as_samples(samples))
        return np.asarray(np.exp(log_n + np.log(self.kappa) + self._reach(log_n)))

    def samples(self, time: float) -> FloatArray:
        """Training samples below which networks have begun to memorise.

        Parameters
        ----------
        time : float
            Weighted images of a training.

        Returns
        -------
        ndarray, shape (3,)
            n and the ends of its 95 % interval.
        """
        found = np.log(time / self.kappa)
        return np.asarray(np.exp(found + self._reach(np.asarray(found))))

    def _reach(self, log_n: FloatArray) -> FloatArray:
        """Zero and the two ends of an interval, in logarithms."""
        own = np.log(self.kappa_high / self.kappa)
        far = _DEVIATE * _EXPONENT_SPREAD * (log_n - np.log(self.centre))
        return np.asarray(np.multiply.outer([0.0, -1.0, 1.0], np.hypot(own, far)))


def _slope(x: FloatArray, y: FloatArray, errors: FloatArray) -> tuple[float, float]:
    """Slope of a weighted straight line and its error; NaN where all lie at one x."""
    if np.ptp(x) == 0.0:
        return np.nan, np.nan
    weights = errors**-2.0
    centred = x - np.average(x, weights=weights)
    curvature = float(np.sum(weights * centred**2))
    return float(np.sum(weights * centred * y) / curvature), curvature**-0.5
