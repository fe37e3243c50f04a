"""Leading factors of a sample, deflated one by one: a sample inflates what stands above its bulk.

With S₁ = Σ_j 1/(λ̂_k − λ̂_j) and S₂ = Σ_j 1/(λ̂_k − λ̂_j)² over the other f − 1 eigenvalues of the Gram
matrix, zeros included, the outlier equation z = −λ̂_k, κ = −λ_k gives

    λ_k = f/S₁,    overlap_k² = S₁/(λ̂_k S₂),    n_k* = f − 1 − S₁²/S₂

for the population eigenvalue, the squared overlap of its eigenvector with the true one, and the
samples at which it starts to be recovered

(Baik, Ben Arous & Péché, math/0403022, and Paul 2007, with the sample's own bulk in place of the
population's). Factors whose overlap is below one half are not told apart from the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.pilot.sample import PilotSample

_MOST = 32
_VISIBLE = 0.5


@dataclass(frozen=True)
class VisibleFactors:
    """Leading factors that a sample shows.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Of the population, descending.
    overlaps : ndarray, shape (k,)
        Predicted squared overlap of each sample eigenvector with the true one, ≥ 1/2.
    thresholds : ndarray, shape (k,)
        Samples n_k* ≥ 1 at which each starts to be recovered.
    log_influence : ndarray, shape (k, points)
        What leaving out each point changes in the logarithm of each, less the mean change.
    """

    eigenvalues: FloatArray
    overlaps: FloatArray
    thresholds: FloatArray
    log_influence: FloatArray

    def moved(self, counts: FloatArray) -> FloatArray:
        """Eigenvalues that another sample shows.

        Parameters
        ----------
        counts : ndarray, shape (points,)
            How much each point counts; from `DegreesOfFreedom.another_sample`.

        Returns
        -------
        ndarray, shape (k,)
            Descending.
        """
        return np.sort(self.eigenvalues * np.exp(self.log_influence @ counts))[::-1]


def visible_factors(sample: PilotSample) -> VisibleFactors:
    """Deflate the leading eigenvalues as far as they are visible.

    Parameters
    ----------
    sample : PilotSample
        The pilot.

    Returns
    -------
    VisibleFactors
        The first k, at most 32: it ends before the first that is not visible.
    """
    values, freedom = sample.eigenvalues, sample.freedom
    padded = np.concatenate([values, np.zeros(max(freedom - len(values), 0))])
    eigenvalues: list[float] = []
    overlaps: list[float] = []
    thresholds: list[float] = []
    for k in range(min(_MOST, len(values) - 1)):
        gaps = values[k] - np.delete(padded, k)
        if not gaps.all():
            break
        first, second = float(np.sum(1.0 / gaps)), float(np.sum(gaps**-2.0))
        overlap = first / (values[k] * second)
        if overlap < _VISIBLE or (eigenvalues and freedom / first >= eigenvalues[-1]):
            break
        eigenvalues.append(freedom / first)
        overlaps.append(min(overlap, 1.0))
        thresholds.append(max(freedom - 1.0 - first**2 / second, 1.0))
    influence = -sample.points / freedom * sample.influential[:, : len(eigenvalues)].T ** 2
    influence -= influence.mean(axis=1, keepdims=True)
    return VisibleFactors(
        np.array(eigenvalues), np.array(overlaps), np.array(thresholds), influence
    )
