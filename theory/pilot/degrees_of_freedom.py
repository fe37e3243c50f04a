"""Degrees of freedom of the population, read from the resolvent of a sample.

With Q = (Σ̂ + z)^{-1} for f degrees of freedom, Q ≃ (κ/z)(Σ + κ)^{-1}, so that

    df₁(κ) = Tr Σ̂Q,    z Tr ΣQ = κ df₁(κ),    κ = z Tr ΣQ / Tr Σ̂Q.

Tr ΣQ/f is the mean over points of xᵀQ₋x/f, where Q₋ has not seen the point; that is known without
a second sample: with G the resolvent of the Gram matrix, 1/(z G_ii) = 1 + xᵀQ₋x/f. No law of the
amplitudes of the points is assumed: for elliptical data (arXiv:1310.8094) both relations hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray
from convergen.theory.pilot.sample import PilotSample

_NODES, _EACH = 48, 3
# Range of z: from where df₁ is still small to where Q no longer changes with z.
_ABOVE, _BELOW_GRAM, _BELOW_COVARIANCE = 30.0, 1e-4, 1e-2


@dataclass(frozen=True, eq=False)
class DegreesOfFreedom:
    """The curve df₁(κ) of the population where a sample shows it.

    Attributes
    ----------
    kappa : ndarray, shape (m,)
        κ, descending; units of data squared.
    df1 : ndarray, shape (m,)
        df₁(κ) = Tr Σ(Σ + κ)^{-1}.
    trace : float
        Tr Σ.
    log_df1_influence, log_kappa_influence : ndarray, shape (m, points)
        What leaving out each point changes in the logarithms, less the mean change.
    log_trace_influence : ndarray, shape (points,)
        The same for the trace.
    points : int
        N, of which the influences may be a part.
    """

    kappa: FloatArray
    df1: FloatArray
    trace: float
    log_df1_influence: FloatArray
    log_kappa_influence: FloatArray
    log_trace_influence: FloatArray
    points: int

    @property
    def covariance(self) -> FloatArray:
        """Of log df₁ at fixed κ, and of log Tr Σ at the end, shape (m + 1, m + 1)."""
        slope = np.gradient(np.log(self.df1), np.log(self.kappa))
        moved = self.log_df1_influence - slope[:, None] * self.log_kappa_influence
        every = np.vstack([moved, self.log_trace_influence])
        return np.asarray(self._weight * every @ every.T)

    @property
    def _weight(self) -> float:
        """Of each squared influence in a variance: the jackknife's (N − 1)/N, for m of N points."""
        return float((self.points - 1.0) / self.log_trace_influence.size)

    def another_sample(self, rng: np.random.Generator) -> FloatArray:
        """Draw how much each point counts in another sample of as many.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (points,)
            Factors of the influences.
        """
        spread = rng.standard_normal(self.log_trace_influence.size)
        return np.asarray(np.sqrt(self._weight) * spread)

    def moved(self, counts: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        """The curve that another sample shows.

        Parameters
        ----------
        counts : ndarray, shape (points,)
            From `another_sample`.

        Returns
        -------
        kappa, df1 : ndarray, shape (m,)
        trace : float
        """
        return (
            self.kappa * np.exp(self.log_kappa_influence @ counts),
            self.df1 * np.exp(self.log_df1_influence @ counts),
            self.trace * float(np.exp(self.log_trace_influence @ counts)),
        )


def degrees_of_freedom(sample: PilotSample) -> DegreesOfFreedom:
    """Read df₁(κ) for κ ≥ κ₀(N) from a sample.

    Parameters
    ----------
    sample : PilotSample
        The pilot.

    Returns
    -------
    DegreesOfFreedom
        With what each point contributes to it: a jackknife without recomputing anything, since a
        resolvent that has not seen a point differs from Q by one rank.
    """
    values, freedom, points = sample.eigenvalues, sample.freedom, sample.points
    if freedom <= sample.dim:
        low = _BELOW_GRAM * sample.trace / freedom
    else:
        low = _BELOW_COVARIANCE * values[-1]
    noise = np.geomspace(_ABOVE * values[0], low, _NODES)
    used = values / (values + noise[:, None])
    df1 = used.sum(axis=1)
    error = (1.0 / unseen(sample, used) - 1.0).mean(axis=1)
    rows = sample.influential
    log_df1, log_kappa = _influences(sample, rows, used, df1)
    variance = rows**2 @ values
    log_trace = -variance * points / (freedom * sample.trace)
    kappa = noise * freedom * error / df1
    return DegreesOfFreedom(
        kappa, df1, sample.trace, log_df1, log_kappa, log_trace - log_trace.mean(), points
    )


def unseen(sample: PilotSample, used: FloatArray) -> FloatArray:
    """Compute 1 − h of each point, h its leverage at each noise, as a sum of positive terms.

    Parameters
    ----------
    sample : PilotSample
        The pilot.
    used : ndarray, shape (k, r)
        λ̂/(λ̂ + z) at each noise z.

    Returns
    -------
    ndarray, shape (k, m)
        1/(1 + leave-one-out loss).
    """
    squares = sample.left**2
    null = sample.freedom / sample.points - squares.sum(axis=1)
    null[null < 1e-9] = 0.0
    # The mean that was subtracted holds 1/N of each point.
    return np.asarray(sample.points / sample.freedom * (null + (1.0 - used) @ squares.T))


def _influences(
    sample: PilotSample, rows: FloatArray, used: FloatArray, df1: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What log df₁ and log κ change when a point is left out, less the mean over points.

    The scatter matrix loses c xxᵀ, c = N/f, and with a mean subtracted all others move by
    x/(N − 1); products with its inverse follow from those with the full one (Sherman & Morrison).
    """
    points, freedom = sample.points, sample.freedom
    centred = float(points - freedom)  # 1 where the mean was subtracted
    scale, fewer = points / freedom, (points - 1.0) / (freedom - 1.0)
    # They vary less along the curve than the curve does: found at each third node.
    few = np.unique(np.append(np.arange(0, len(used), _EACH), len(used) - 1))
    log_df1, log_kappa = np.empty((2, len(few), len(rows)))
    for node, share in enumerate(used[few]):
        scaled = rows * np.sqrt(share)
        product = scaled @ scaled.T  # half the work of another product
        own = np.diag(product)
        free = 1.0 - scale * own
        seen = scale * (rows**2 @ (share * (1.0 - share))) / free
        # Leverage of point j (row) without point i (column).
        moved = centred / (points - 1.0)
        left = scale * product
        left += 2.0 * moved
        left *= product
        left += moved**2 * own
        left *= fewer / free
        left += fewer * own[:, None]
        np.subtract(1.0, left, out=left)
        np.fill_diagonal(left, np.inf)
        np.maximum(left, 1e-12, out=left)
        losses = (np.divide(1.0, left, out=left).sum(axis=0)) - (len(rows) - 1.0)
        before = 1.0 / free - 1.0
        # The mean loss of all others: what they change, and what the point no longer adds.
        mean, others = before.mean(), before.sum() - before
        left_out = mean + (losses - others) / (len(rows) - 1.0) + (mean - before) / (points - 1.0)
        whole = df1[few[node]]
        log_df1[node] = np.log(np.maximum(whole - seen, 1e-3 * whole))
        log_kappa[node] = np.log(left_out) - log_df1[node]
    log_df1 -= log_df1.mean(axis=1, keepdims=True)
    log_kappa -= log_kappa.mean(axis=1, keepdims=True)
    between = _cubic(few, len(used))
    return between @ log_df1, between @ log_kappa


def _cubic(known: NDArray[np.int64], count: int) -> FloatArray:
    """Weights of values at some of the numbers 0, 1, … in those at all: cubics through four."""
    weights = np.zeros((count, len(known)))
    for at in range(count):
        first = int(np.clip(np.searchsorted(known, at) - 2, 0, len(known) - 4))
        near = known[first : first + 4]
        for k, own in enumerate(near):
            others = np.delete(near, k)
            weights[at, first + k] = np.prod((at - others) / (own - others))
    return weights
