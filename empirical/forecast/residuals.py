"""What a pair showed beyond its theory, carried on to other n.

A theory calibrated on one pair does not pass through all that was measured on it. Where another n
has seen as many images a point, networks have memorised about the same share of their points, and
what the theory missed there it will miss here, the less the farther n is away. It is carried on the
scale of log-odds, on which order parameters between 0 and 1 stay there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray

# Of the order parameters of a pair those that are carried on: convergence, memorisation, copies.
# That of the variance told nothing about other n on the digits.
CARRIED = 3
# The residual of the pair counts at another n by (larger n / smaller n)^(−1/3). This, the scale and
# the stage were chosen on the digits alone, see docs/forecast.md. Beyond the end of the pair it
# falls likewise with the images a point, of which the digits tell nothing.
_FALL = 1.0 / 3.0
# Standard deviation of a residual between pairs that differ in their seed alone: digits, n = 16,
# three seeds, as benchmarks/residuals.py prints it.
_NOISE = np.array([0.10, 0.21, 0.27])
# Log-odds are taken of values this far from 0 and 1: 256 samples tell no more.
_EDGE = 1e-3


@dataclass(frozen=True, eq=False)
class Residuals:
    """What one pair showed beyond its theory, in log-odds.

    Attributes
    ----------
    samples : int
        n of the pair.
    weighted : ndarray, shape (T,)
        Learning-rate-weighted images at each snapshot, ascending.
    measured : ndarray, shape (T, 3)
        Convergence, memorisation and share of copies there.
    theory : callable
        Order parameters of the theory, the same three first, at values of N, any shape.
    """

    samples: int
    weighted: FloatArray
    measured: FloatArray
    theory: Callable[[NDArray[np.float64]], FloatArray]

    def corrected(
        self, said: FloatArray, samples: int, weighted: float, constant: float
    ) -> FloatArray:
        """What the theory says at another n, and what it missed on the pair.

        Parameters
        ----------
        said : ndarray, shape (4,)
            Order parameters by the theory.
        samples : int
            Training points n.
        weighted : float
            Learning-rate-weighted images of the training.
        constant : float
            c of the theory.

        Returns
        -------
        ndarray, shape (4,)
            At the n and the end of the pair, what was measured; the variance as it was.
        """
        theory = self.theory(self.weighted / constant)[:, :CARRIED]
        beyond = _odds(self.measured) - _odds(theory)
        # As many images a point; before the first snapshot and beyond the last, theirs.
        stage = np.log(self._alike(samples, weighted))
        here = [np.interp(stage, np.log(self.weighted), part) for part in beyond.T]
        return _moved(said, self._weight(samples, weighted) * np.array(here))

    def noise(self, said: FloatArray, samples: int, weighted: float) -> FloatArray:
        """What another seed of the pair would change.

        Parameters
        ----------
        said : ndarray, shape (4,)
            Order parameters that are forecast.
        samples : int
            Training points n.
        weighted : float
            Learning-rate-weighted images of the training.

        Returns
        -------
        ndarray, shape (4,)
            Standard deviation, half the way from one end to the other.
        """
        moved = self._weight(samples, weighted) * _NOISE
        return np.asarray((_moved(said, moved) - _moved(said, -moved)) / 2.0)

    def _alike(self, samples: int, weighted: float) -> float:
        """Weighted images of the pair that are as many a point."""
        return weighted / samples * self.samples

    def _weight(self, samples: int, weighted: float) -> float:
        away = abs(np.log(samples / self.samples))
        beyond = max(np.log(self._alike(samples, weighted) / self.weighted[-1]), 0.0)
        return float(np.exp(-_FALL * (away + beyond)))


def _odds(values: ArrayLike) -> FloatArray:
    """Log-odds of shares, within the edges."""
    share = np.clip(values, _EDGE, 1.0 - _EDGE)
    return np.asarray(np.log(share / (1.0 - share)))


def _moved(said: FloatArray, by: FloatArray) -> FloatArray:
    """Order parameters moved in log-odds; none leaves the range from 0 to 1 by it."""
    out = np.array(said, dtype=np.float64)
    here = out[:CARRIED]
    before = np.clip(here, _EDGE, 1.0 - _EDGE)
    after = 1.0 / (1.0 + np.exp(-_odds(before) - by))
    out[:CARRIED] = np.clip(here + after - before, np.minimum(here, 0.0), 1.0)
    return out
