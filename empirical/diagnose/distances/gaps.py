"""Gaps between neighbours: a copy stands out by one that dwarfs all others.

Noise, blur and lost coordinates add the same to all squared distances. They bring ratios of
distances to 1, but shrink all gaps of one point alike, so that their shares stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from convergen.theory.common.checks import FloatArray

# Variances of log-dimensions that are believed, and points that are enough to find another scale.
_LEAST_SPREAD, _MOST_SPREAD, _ENOUGH = 0.02, 100.0, 8
# Standard errors by which gaps of samples must differ from those of real points.
_SURE = 2.0


@dataclass(frozen=True)
class GapLaw:
    """Local dimensions of a law, as the gaps between neighbours show them.

    Attributes
    ----------
    shape : float
        The dimension around a point is taken for a gamma variable of this shape; large where it
        is the same everywhere.
    log_scale, stderr : float
        Mean logarithm of the mean gap, and its error.
    """

    shape: float
    log_scale: float
    stderr: float

    @classmethod
    def of(cls, distances: FloatArray) -> GapLaw:
        """Find it from real points, each held against the others.

        Parameters
        ----------
        distances : ndarray, shape (N, k)
            From `ratios.distinct_distances`.

        Returns
        -------
        GapLaw

        Notes
        -----
        With distances r_1 < r_2 < … to independent points in k dimensions, i·log(r_{i+1}/r_i) are
        independent and exponential of mean 1/k (Rényi). Their sum S over i ≥ 2 has
        E log S = ψ(ν) − log k and the variance ψ′(ν), ν their number; a gamma variable k of shape
        a adds ψ′(a).
        """
        _, rest, count = _gaps(distances)
        known = rest > 0.0
        if not known.any():
            return cls(1.0, 0.0, 0.0)
        logs = np.log(rest[known]) - digamma(count[known])
        spread = float(logs.var() - polygamma(1, count[known]).mean())
        spread = float(np.clip(spread, _LEAST_SPREAD, _MOST_SPREAD))
        shape = float(brentq(lambda a: polygamma(1, a) - spread, 1e-2, 1e3))
        return cls(shape, float(logs.mean()), float(logs.std() / np.sqrt(logs.size)))

    def seen_by(self, distances: FloatArray, points: NDArray[np.int64]) -> GapLaw:
        """The same law for samples whose gaps are all smaller or larger.

        Parameters
        ----------
        distances : ndarray, shape (m, k)
            Of the samples.
        points : ndarray of int64, shape (m,)
            Their nearest points; several samples of one point count once.

        Returns
        -------
        GapLaw
            With the scale of the samples, if it surely differs; the gap to the nearest point,
            which copies widen, is no part of it.
        """
        _, rest, count = _gaps(distances)
        known = rest > 0.0
        _, place, sizes = np.unique(points[known], return_inverse=True, return_counts=True)
        if len(sizes) < _ENOUGH:
            return self
        logs = np.log(rest[known]) - digamma(count[known])
        each = np.bincount(place, logs) / sizes
        error = np.hypot(each.std() / np.sqrt(each.size), self.stderr)
        found = float(each.mean())
        moved = abs(found - self.log_scale) > _SURE * error
        return replace(self, log_scale=found) if moved else self

    def shares(self, distances: FloatArray) -> FloatArray:
        """Share of the other gaps, and of what the law expects of them, in all.

        Parameters
        ----------
        distances : ndarray, shape (m, k)
            From `ratios.distinct_distances`.

        Returns
        -------
        ndarray, shape (m,)
            0 for exact copies, above 1 where a point of the other set is nearer. With `shape` a
            and ν gaps, points of the law are below x with probability x^(a + ν).
        """
        first, rest, _ = _gaps(distances)
        other = rest + np.exp(self.log_scale + digamma(self.shape))
        share = np.where(np.isinf(first), 0.0, other / (other + np.abs(first)))
        return np.where(first >= 0.0, share, 2.0 - share)


def _gaps(distances: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """log(r_2/r_1), S = Σ_{i≥2} i·log(r_{i+1}/r_i), and the number of terms."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(distances)
        first = logs[:, 1] - logs[:, 0]
        steps = np.diff(logs[:, 1:], axis=1)
    first[np.isnan(first) | np.isinf(distances[:, 1])] = 0.0
    known = np.isfinite(steps)
    rest = np.where(known, steps, 0.0) @ np.arange(2.0, 2.0 + steps.shape[1])
    return first, rest, known.sum(axis=1)
