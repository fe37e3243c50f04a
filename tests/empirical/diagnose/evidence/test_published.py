"""Numbers of published packages on the same points, and what their definitions share with ours.

Outputs were stored from pymdma 0.3.0 (`Authenticity`) and m3-score 0.1.0 (`stats.memorization`),
both of PyPI. The first calls a sample authentic only if it lies outside the ball of *every* real
point, the paper (arXiv:2102.08921, section 4) outside that of its nearest one.
"""

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.sources.points import Points

PYMDMA_AUTHENTIC = 372 / 600
M3_MEMORIZATION, M3_DISTANCE = 0.22166666388511658, 22.068410873413086


@pytest.fixture(scope="module")
def sets():
    """Digits as they come; unseen ones, half-copies, and means of two, which lie inside."""
    x = np.asarray(load_digits(), np.float64).reshape(-1, 64)
    training = x[:400]
    halves = 0.7 * training[:100] + 0.3 * x[1200:1300]
    means = 0.5 * (x[400:700] + x[700:1000])
    return np.concatenate([x[1000:1200], halves, means]), training


@pytest.fixture(scope="module")
def found(sets):
    samples, training = (Points(n, x, (64,)) for n, x in zip("st", sets, strict=True))
    return judge([samples], training, invariant=())


def spacing(training):
    apart = np.linalg.norm(training[:, None] - training[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return apart.min(axis=1)


def test_distances_are_those_of_m3_score(sets, found):
    nearest = found.near.distances[:, 0]
    assert nearest.mean() == pytest.approx(M3_DISTANCE, rel=1e-6)
    middle = np.sort(spacing(sets[1]))[199]  # torch takes the lower of the two
    assert np.mean(nearest < middle) == pytest.approx(M3_MEMORIZATION)


def test_authenticity_is_that_of_the_paper_and_above_that_of_pymdma(sets, found):
    samples, training = sets
    alone = spacing(training)
    apart = np.linalg.norm(samples[:, None] - training[None], axis=2)
    assert np.mean((apart > alone).all(axis=1)) == pytest.approx(PYMDMA_AUTHENTIC)
    own = np.mean(apart.min(axis=1) > alone[apart.argmin(axis=1)])
    score = next(each for each in found.scores if each.key == "AuthPct")
    # 512 samples are looked at, spread over all.
    some = apart[np.linspace(0, 599, 512).astype(int)]
    spread = np.mean(some.min(axis=1) > alone[some.argmin(axis=1)])
    assert score.value.value == pytest.approx(spread)
    assert score.value.value == pytest.approx(own, abs=0.01)
    assert own > PYMDMA_AUTHENTIC
