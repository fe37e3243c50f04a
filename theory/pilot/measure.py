"""A population spectrum that agrees with what a sample shows: a non-negative measure on λ ≥ 0.

What lies far below κ₀(N) enters the visible df₁(κ) only through its variance, Σ w λ/κ: it is not
determined, only bounded, by the total variance, by the dimension and by what is visible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from convergen.theory.common.checks import FloatArray
from convergen.theory.common.linear_program import least_cost

_NODES = 160
_TOP, _FLOOR = 1.5, 1e-6
# Weight of the total variance and of the dimension, each as that of the whole visible curve.
_TRACE, _DIMENSION = 3.0, 1.0
# Smallest relative error that a node of the curve is believed to have, and that of what goes on.
_TRUST, _CONTINUED = 1e-3, 0.3


@dataclass(frozen=True)
class Constraints:
    """What a sample says of its population.

    Attributes
    ----------
    kappa, df1 : ndarray, shape (m,)
        Visible degrees of freedom.
    error : ndarray, shape (m,)
        Their relative errors.
    trace : float
        Tr Σ.
    dim : int
        d.
    largest : float
        Largest sample eigenvalue; no population eigenvalue is above 1.5 times this.
    """

    kappa: FloatArray
    df1: FloatArray
    error: FloatArray
    trace: float
    dim: int
    largest: float

    @property
    def nodes(self) -> FloatArray:
        """Grid of eigenvalues, descending, shape (p,)."""
        return self.nodes_of(_NODES)

    def nodes_of(self, count: int) -> FloatArray:
        """A coarser or finer grid of eigenvalues, shape (count,)."""
        return np.geomspace(_TOP * self.largest, _FLOOR * self.largest, count)

    def shares(self, eigenvalues: FloatArray) -> FloatArray:
        """Share of each eigenvalue in the visible degrees of freedom, shape (m, p)."""
        return np.asarray(eigenvalues / (eigenvalues + self.kappa[:, None]) / self.df1[:, None])


@dataclass(frozen=True)
class Continuation:
    """Degrees of freedom below the visible ones that are likely, not known.

    Attributes
    ----------
    kappa, df1 : ndarray, shape (c,)
        Where, and how many.
    """

    kappa: FloatArray
    df1: FloatArray


def fit_measure(
    given: Constraints, likely: Continuation | None = None
) -> tuple[FloatArray, FloatArray, float]:
    """Weights ≥ 0 that reproduce df₁, the variance and at most d dimensions, by least squares.

    Parameters
    ----------
    given : Constraints
        What the sample shows.
    likely : Continuation, optional
        Where the curve goes on, each number believed to 30 %.

    Returns
    -------
    nodes, weights : ndarray, shape (p,)
        Eigenvalues and how many of each there are; real numbers.
    misfit : float
        Root mean square of the relative residuals of df₁.
    """
    nodes = given.nodes
    visible = given.shares(nodes)
    certainty = 1.0 / np.maximum(given.error, _TRUST)
    unit = np.linalg.norm(certainty)
    certainty /= unit
    rows, target = [certainty[:, None] * visible], [certainty]
    if likely is not None:
        believed = np.full(likely.kappa.size, 1.0 / (_CONTINUED * unit))
        below = nodes / (nodes + likely.kappa[:, None]) / likely.df1[:, None]
        rows.append(believed[:, None] * below)
        target.append(believed)
    rows.append(_TRACE * nodes[None] / given.trace)
    rows.append(np.full((1, len(nodes)), _DIMENSION / given.dim))
    known = np.vstack(rows)
    # The last column holds dimensions without variance.
    zeros = np.append(np.zeros(len(known) - 1), _DIMENSION / given.dim)
    wanted = np.concatenate([*target, [_TRACE, _DIMENSION]])
    weights = nnls(np.column_stack([known, zeros]), wanted, maxiter=100 * len(nodes))[0][:-1]
    misfit = np.sqrt(np.sum((certainty * (visible @ weights - 1.0)) ** 2))
    return nodes, weights, float(misfit)


def extreme_measures(
    given: Constraints, tolerance: float, probe: float
) -> list[tuple[FloatArray, FloatArray]]:
    """Measures that a sample allows and that have the fewest and most degrees of freedom below.

    Parameters
    ----------
    given : Constraints
        What the sample shows.
    tolerance : float
        Relative distance from df₁ and the variance that is allowed.
    probe : float
        κ below the visible ones at which df₁ shall be smallest and largest.

    Returns
    -------
    list of (nodes, weights)
        Two; fewer where no measure is within the tolerance.

    Notes
    -----
    λ/(λ + κ) for different κ are a Chebyshev system: the measures that are extreme at one probe
    are so at every other. The curve is smooth, so that each second node of it is enough.
    """
    nodes = given.nodes
    shares = np.vstack([given.shares(nodes)[::-2], nodes / given.trace])
    matrix = np.vstack([shares, -shares, np.full((1, len(nodes)), 1.0 / given.dim)])
    count = len(shares)
    limits = np.concatenate([np.full(count, 1.0 + tolerance), np.full(count, tolerance - 1.0), [1]])
    wanted = nodes / (nodes + probe)
    found = []
    for sign in (1.0, -1.0):
        weights = least_cost(sign * wanted, matrix, limits)
        if weights is not None:
            found.append((nodes, weights))
    return found
