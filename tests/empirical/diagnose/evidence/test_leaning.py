"""Samples that lie nearer to the training set than to unseen points."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.neighbors import NearestNeighbors

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.evidence.leaning import Leaning, leaning
from convergen.empirical.measure.intervals import Estimate


def test_leaning_is_standard_normal_under_exchange_and_counts_samples_of_one_point_once():
    """Unequal sets, and samples that crowd around few points."""
    rng = np.random.default_rng(2)
    scores, shares = [], []
    for _ in range(200):
        real = rng.standard_normal((90, 4))
        samples = np.repeat(rng.standard_normal((40, 4)), 5, axis=0)
        samples += 1e-3 * rng.standard_normal(samples.shape)
        ends = [
            NearestNeighbors(n_neighbors=1).fit(each).kneighbors(samples)
            for each in (real[:60], real[60:])
        ]
        near, other = (Near(i.astype(np.int64), d, d[:, 0]) for d, i in ends)
        found = leaning(near, other, (60, 30))
        scores.append(found.score)
        shares.append(found.share.value)
    assert abs(np.mean(scores)) < 4.0 / np.sqrt(200)
    assert 0.75 < np.std(scores) < 1.25
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)


def held(first, second, indices=None):
    """Samples at these distances from training and unseen points, each of a point of its own."""
    first, second = np.array(first, float)[:, None], np.array(second, float)[:, None]
    rows = np.arange(len(first)) if indices is None else np.array(indices)
    # All have the same second neighbour, which says nothing.
    rows = np.stack([rows, np.zeros_like(rows)], axis=1)
    return tuple(Near(rows, np.hstack([x, x + 9.0]), x[:, 0]) for x in (first, second))


def test_one_sample_is_one_draw():
    """Clopper and Pearson: one hit in one try is compatible with shares above 0.025."""
    found = leaning(*held([1.0], [2.0]), (30, 30)).share
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.025), 1.0)
    found = leaning(*held([1.0] * 9, [2.0] * 9, [4] * 9), (30, 30)).share
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.025), 1.0)


def test_of_equal_sets_the_share_is_that_of_samples_that_are_nearer():
    """Binomial: (0.75 − 0.5)/√(0.25/20)."""
    found = leaning(*held([1.0] * 15 + [3.0] * 5, [2.0] * 20), (30, 30))
    assert found.share.value == 0.75
    assert found.score == pytest.approx(0.25 / np.sqrt(0.25 / 20))
    assert found.share.stderr == pytest.approx(0.5 / np.sqrt(20))
    ends = binomtest(15, 20).proportion_ci(method="exact")
    assert (found.share.low, found.share.high) == pytest.approx((ends.low, ends.high))
    assert not found.significant


def test_of_unequal_sets_the_share_is_what_equal_ones_would_give():
    """Of 3 training points to 1 unseen one, three quarters are fair: one half."""
    fair = leaning(*held([1.0] * 15 + [3.0] * 5, [2.0] * 20), (90, 30))
    assert fair.share.value == pytest.approx(0.5)
    assert fair.score == pytest.approx(0.0, abs=1e-12)
    # Odds 9 : 1 of which 3 : 1 are fair: 3 : 1 between equal sets.
    more = leaning(*held([1.0] * 18 + [3.0] * 2, [2.0] * 20), (90, 30))
    assert more.share.value == pytest.approx(0.75)
    assert more.score == pytest.approx((0.9 - 0.75) / np.sqrt(0.75 * 0.25 / 20))
    for lead in (0.0, 1.0):  # all, or none
        ends = leaning(*held([1.0 + lead] * 20, [2.0 - lead] * 20), (90, 30))
        assert ends.share.value == 1.0 - lead
        assert ends.share.low <= ends.share.value <= ends.share.high


def test_a_tie_is_shared_in_proportion():
    found = leaning(*held([2.0] * 8, [2.0] * 8), (10, 30))
    assert found.share.value == pytest.approx(0.5)
    # It counts to the training point.
    near, _ = held([2.0] * 8, [2.0] * 8, [4] * 8)
    _, other = held([2.0] * 8, [2.0] * 8)
    assert leaning(near, other, (10, 30)).share.stderr == pytest.approx(0.5)


def test_samples_of_one_point_are_one_draw():
    """Twenty samples around four points count as four; others around an unseen point as one."""
    near, other = held([1.0] * 20, [2.0] * 20, np.repeat(range(4), 5))
    found = leaning(near, other, (30, 30))
    assert found.score == pytest.approx(0.5 / np.sqrt(0.25 / 4))
    assert found.share.stderr == pytest.approx(0.25)
    mixed = leaning(*held([1.0] * 4 + [3.0] * 4, [2.0] * 8, [0, 0, 0, 0, 0, 1, 2, 3]), (30, 30))
    assert mixed.share.stderr == pytest.approx(0.5 / np.sqrt(64 / (16 + 4)))


@pytest.mark.parametrize(
    ("nearer", "count", "significant"),
    [(40, 50, True), (37, 50, False), (1100, 2000, False), (1120, 2000, True)],
)
def test_leaning_is_beyond_three_and_a_half_deviations_and_a_twentieth(nearer, count, significant):
    """40 of 50: 4.2 deviations; 37: 3.4; 1100 of 2000: 4.5 deviations, but a share of 0.55."""
    found = leaning(*held([1.0] * nearer + [3.0] * (count - nearer), [2.0] * count), (30, 30))
    assert found.significant == significant


def test_leaning_beyond_that_of_others():
    def of(value, stderr):
        return Leaning(Estimate(value, 0.0, 1.0, stderr), 0.0, True)

    # √(0.03² + 0.04²) = 0.05; 3.5 of it are 0.175.
    assert of(0.68, 0.03).beyond(of(0.5, 0.04))
    assert not of(0.67, 0.03).beyond(of(0.5, 0.04))
    assert not of(0.5, 0.03).beyond(of(0.68, 0.04))
    assert not of(0.5, 0.0).beyond(of(0.5, 0.0))
