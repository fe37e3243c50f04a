"""How a spectrum most likely goes on below what a sample shows: as smoothly as the sample allows.

Among all densities of eigenvalues in log λ that agree with the visible degrees of freedom within
their errors, take the one whose logarithm has the least squared second derivative (a roughness
penalty: Silverman 1982, doi:10.1214/aos/1176345872). Where nothing is visible that logarithm goes
on as a straight line, which is a power law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.pilot.measure import Constraints, Continuation

_NODES = 60
# Weights of the roughness that are tried: from a straight line to what bends as it likes.
_ROUGHNESS = 10.0 ** np.arange(3.0, -7.5, -1.0)
# κ, over the last that is visible, at which the continuation is read.
_BELOW = np.array([0.5, 0.2, 0.1, 0.05, 0.02])
# Weight of the logarithm of dimensions over d, where they are more.
_TOO_MANY = 7.0
# Relative error that every number is believed to have; steps need not end nearer than this.
_TRUST, _NEAR = 1e-3, 1e-4
# Logarithms of weights that do not overflow.
_LARGEST = 300.0


def continuation(given: Constraints, covariance: FloatArray) -> Continuation:
    """Go on below the visible degrees of freedom.

    Parameters
    ----------
    given : Constraints
        What the sample shows.
    covariance : ndarray, shape (m + 1, m + 1)
        Of the logarithms of the visible df₁ at fixed κ, and of the trace.

    Returns
    -------
    Continuation
        Of the smoothest spectrum whose residuals are no larger than their errors.
    """
    from scipy.optimize import least_squares

    nodes = given.nodes_of(_NODES)
    logs = np.log(given.trace / (_NODES * nodes))
    for roughness in _ROUGHNESS:
        problem = Problem.of(given, covariance, roughness)
        found = least_squares(
            problem.residuals, logs, problem.slopes, method="lm", ftol=_NEAR, xtol=_NEAR
        )
        logs = found.x
        missed = found.fun[: len(covariance)]
        if missed @ missed <= problem.random:
            break
    kappa = _BELOW * float(given.kappa[-1])
    return Continuation(kappa, nodes / (nodes + kappa[:, None]) @ np.exp(logs))


@dataclass(frozen=True)
class Problem:
    """Least squares for the logarithms of weights.

    Attributes
    ----------
    shares : ndarray, shape (m + 1, p)
        Of one eigenvalue at each node in what is visible, and in the trace.
    whiten : ndarray, shape (m + 1, m + 1)
        Makes residuals independent, of size one.
    bend : ndarray, shape (p − 2, p)
        Second derivative by log λ, weighted.
    dim : int
        d.
    random : float
        How many residuals are random: those known no better than the trust.
    """

    shares: FloatArray
    whiten: FloatArray
    bend: FloatArray
    dim: int
    random: float

    @classmethod
    def of(cls, given: Constraints, covariance: FloatArray, roughness: float) -> Problem:
        """State the problem for one weight of the roughness."""
        nodes = given.nodes_of(_NODES)
        variance, axes = np.linalg.eigh(covariance)
        variance = np.maximum(variance, 0.0) + _TRUST**2
        width = float(np.log(nodes[0] / nodes[1]))
        return cls(
            np.vstack([given.shares(nodes), nodes / given.trace]),
            (axes / np.sqrt(variance)).T,
            np.sqrt(roughness) * np.diff(np.eye(_NODES), 2, axis=0) / width**1.5,
            given.dim,
            float(np.sum(1.0 - _TRUST**2 / variance)),
        )

    def residuals(self, logs: FloatArray) -> FloatArray:
        """What weights exp(logs) miss in standard errors, their bends, and dimensions above d."""
        weights = np.exp(np.minimum(logs, _LARGEST))
        above = max(float(np.log(weights.sum() / self.dim)), 0.0)
        missed = self.whiten @ np.log(self.shares @ weights)
        return np.concatenate([missed, self.bend @ logs, [_TOO_MANY * above]])

    def slopes(self, logs: FloatArray) -> FloatArray:
        """Their derivatives by each logarithm."""
        weights = np.exp(np.minimum(logs, _LARGEST))
        parts, total = self.shares * weights, float(weights.sum())
        shown = self.whiten @ (parts / parts.sum(axis=1, keepdims=True))
        above = _TOO_MANY * (total > self.dim) * weights / total
        return np.vstack([shown, self.bend, above])
