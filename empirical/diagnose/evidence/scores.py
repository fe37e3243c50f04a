"""The numbers of the field, each from the same nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from convergen.empirical.diagnose.evidence.shares import share_of
from convergen.empirical.measure.intervals import LEVEL, Estimate, average
from convergen.theory.common.checks import FloatArray

# Yoon, Choi, Kwon & Ryu (2023), Gu et al. (arXiv:2310.02664).
F_MEM = 1.0 / 3.0
# Least number of samples and of unseen points in a cell of C_T (arXiv:2004.05675, section 4.2).
_CELL = 20
_CELLS = 10
_Z = float(norm.isf(0.5 * (1.0 - LEVEL)))


@dataclass(frozen=True)
class Score:
    """One row of the table of numbers.

    Attributes
    ----------
    key, words : str
        Name, and what it is called.
    value : Estimate
        Of the samples.
    chance : Estimate or None
        The same for true points.
    meaning : str
        How to read it, as one sentence.
    source : str
        Where it was introduced.
    """

    key: str
    words: str
    value: Estimate
    chance: Estimate | None
    meaning: str
    source: str


def f_mem(first: FloatArray, second: FloatArray) -> Estimate:
    """Share of points three times nearer to their nearest training point than to the next.

    Parameters
    ----------
    first, second : ndarray, shape (m,)
        Distances to the nearest training point and to the nearest distinct other one.

    Returns
    -------
    Estimate
    """
    return share_of(int(np.sum(first < F_MEM * second)), len(first))


def mann_whitney(own: FloatArray, other: FloatArray) -> float:
    """Standardised Mann–Whitney statistic of one set of distances against another.

    Parameters
    ----------
    own, other : ndarray, shape (m,) and (r,)
        Distances of samples and of unseen points to the training set.

    Returns
    -------
    float
        Negative if samples are nearer; standard normal if both have one law.
    """
    from scipy.stats import rankdata

    m, r = len(own), len(other)
    ranks = rankdata(np.concatenate([own, other]))
    u = float(ranks[:m].sum()) - 0.5 * m * (m + 1)
    return float((u - 0.5 * m * r) / np.sqrt(m * r * (m + r + 1) / 12.0))


def c_t(
    own: FloatArray,
    other: FloatArray,
    cells: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Estimate:
    """C_T of Meehan, Chaudhuri and Dasgupta (arXiv:2004.05675, equation 5).

    Parameters
    ----------
    own, other : ndarray, shape (m,) and (r,)
        Distances of samples and of unseen points to the training set.
    cells : tuple of ndarray, optional
        Cell of each sample and of each unseen point; default one cell.

    Returns
    -------
    Estimate
        Mean of the standardised statistic over cells that hold enough of both, weighted by their
        share of unseen points.
    """
    if cells is None:
        value = mann_whitney(own, other)
        return Estimate(value, value - _Z, value + _Z, 1.0)
    total, weight, squares = 0.0, 0.0, 0.0
    for cell in np.unique(cells[1]):
        mine, theirs = own[cells[0] == cell], other[cells[1] == cell]
        if min(len(mine), len(theirs)) < _CELL:
            continue
        total += len(theirs) * mann_whitney(mine, theirs)
        weight += len(theirs)
        squares += len(theirs) ** 2
    if not weight:
        return c_t(own, other)
    value, stderr = total / weight, float(np.sqrt(squares) / weight)
    return Estimate(value, value - _Z * stderr, value + _Z * stderr, stderr)


def cells_of(
    training: FloatArray, samples: FloatArray, unseen: FloatArray, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Cells of the training set (k-means), and where other points fall.

    Parameters
    ----------
    training, samples, unseen : ndarray, shape (…, d)
        Some training points; all others.
    seed : int
        Of the centres.

    Returns
    -------
    tuple of ndarray or None
        None if there are too few points for more than one cell.
    """
    count = min(_CELLS, min(len(samples), len(unseen)) // (2 * _CELL), len(training) // _CELL)
    if count < 2:
        return None
    from sklearn.cluster import KMeans

    found = KMeans(count, n_init=1, random_state=seed).fit(training)
    return found.predict(samples), found.predict(unseen)


def auth_pct(nearest: FloatArray, alone: FloatArray) -> Estimate:
    """Share of authentic samples (Alaa et al., arXiv:2102.08921, section 4).

    Parameters
    ----------
    nearest : ndarray, shape (m,)
        Distance of each sample to its nearest training point.
    alone : ndarray, shape (m,)
        Distance of that training point to the nearest other one.

    Returns
    -------
    Estimate
        A sample is authentic if it is farther from its nearest training point than the nearest
        other training point is.
    """
    return share_of(int(np.sum(nearest > alone)), len(nearest))


def mean_cosine(cosines: FloatArray) -> Estimate:
    """Memorisation m: mean of the largest |cosine| with a training point, interval in [0, 1].

    Parameters
    ----------
    cosines : ndarray, shape (m,)
        Largest |cosine| of each point.

    Returns
    -------
    Estimate
    """
    found = average(cosines)
    return Estimate(found.value, max(found.low, 0.0), min(found.high, 1.0), found.stderr)
