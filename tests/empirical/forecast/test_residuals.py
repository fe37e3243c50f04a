"""What a pair showed beyond its theory: where it counts whole, by half, and not at all."""

import numpy as np
import pytest
from scipy.special import expit, logit

from convergen.empirical.forecast.residuals import Residuals

# The theory of the pair says q = 0.3, m = 0.6 and 0.2 copies after every budget.
SAID = np.array([0.3, 0.6, 0.2, 1.1])
MEASURED = np.array([[0.5, 0.7, 0.1], [0.4, 0.6, 0.3], [0.25, 0.9, 0.5]])
HERE = np.array([0.8, 0.45, 0.05, 0.9])


@pytest.fixture
def pair():
    """n = 16 at 1600, 3200 and 8000 weighted images, so 100, 200 and 500 a point."""
    said = lambda memorised: np.broadcast_to(SAID, (*np.shape(memorised), 4))  # noqa: E731
    return Residuals(16, np.array([1600.0, 3200.0, 8000.0]), MEASURED, said)


def test_at_the_pair_itself_a_forecast_is_what_was_measured(pair):
    for place, images in enumerate(pair.weighted):
        found = pair.corrected(SAID, 16, images, 400.0)
        np.testing.assert_allclose(found[:3], MEASURED[place])
        assert found[3] == SAID[3]


@pytest.mark.parametrize("samples", [2, 128])
def test_eight_times_as_far_half_of_it_counts_at_as_many_images_a_point(pair, samples):
    """(8)^(−1/3) = 1/2, in log-odds."""
    for place, images in enumerate([100.0, 200.0, 500.0]):
        found = pair.corrected(HERE, samples, images * samples, 400.0)
        half = (logit(MEASURED[place]) - logit(SAID[:3])) / 2.0
        np.testing.assert_allclose(found[:3], expit(logit(HERE[:3]) + half))
        assert found[3] == HERE[3]


def test_between_snapshots_it_goes_with_the_logarithm_and_later_it_falls(pair):
    between = pair.corrected(SAID, 16, np.sqrt(1600.0 * 3200.0), 400.0)
    middle = (logit(MEASURED[0]) + logit(MEASURED[1])) / 2.0
    np.testing.assert_allclose(between[:3], expit(middle))
    np.testing.assert_allclose(pair.corrected(SAID, 16, 10.0, 400.0)[:3], MEASURED[0])
    # Eight times as many images a point as the pair has seen: half counts.
    half = (logit(MEASURED[2]) + logit(SAID[:3])) / 2.0
    np.testing.assert_allclose(pair.corrected(SAID, 16, 64_000.0, 400.0)[:3], expit(half))


def test_the_theory_is_asked_after_the_budget_of_each_snapshot(pair):
    """Of what a theory says of its own points nothing is left to carry."""
    asked = []

    def theory(memorised):
        asked.append(memorised)
        return np.column_stack([MEASURED, np.ones(3)])

    own = Residuals(16, pair.weighted, MEASURED, theory)
    np.testing.assert_allclose(own.corrected(HERE, 64, 5000.0, 400.0), HERE)
    np.testing.assert_array_equal(asked[0], [4.0, 8.0, 20.0])


def test_what_is_negative_or_whole_stays_a_number_of_its_kind(pair):
    """q and m are moved down and up at the edges, copies up: none beyond 0 and 1."""
    edge = np.array([-0.05, 1.0, 0.0, 1.3])
    found = pair.corrected(edge, 16, 8000.0, 400.0)
    np.testing.assert_allclose(found[[0, 1, 3]], [-0.05, 1.0, 1.3])
    assert 0.0 < found[2] < 0.004
    np.testing.assert_array_equal(edge, [-0.05, 1.0, 0.0, 1.3])
    up = pair.corrected(np.array([-0.05, 0.0, 0.0, 1.3]), 16, 1600.0, 400.0)
    assert -0.05 < up[0] < -0.047
    assert 0.0 < up[1] < 0.001
    assert up[2] == 0.0


def test_another_seed_changes_it_by_what_was_seen_on_digits(pair):
    """One standard deviation of q is 0.10 in log-odds, of m 0.19, of copies 0.26."""
    found = pair.noise(HERE, 16, 5000.0)
    np.testing.assert_allclose(
        found[:3], HERE[:3] * (1.0 - HERE[:3]) * [0.10, 0.21, 0.27], rtol=0.02
    )
    assert found[3] == 0.0
    for samples, images in ((128, 5000.0), (16, 64_000.0)):
        half = pair.noise(HERE, samples, images)
        np.testing.assert_allclose(half[:3], found[:3] / 2.0, rtol=0.02)


def test_shares_of_all_and_of_nothing_count_as_one_in_a_thousand_short_of_it():
    said = lambda memorised: np.broadcast_to(SAID, (*np.shape(memorised), 4))  # noqa: E731
    pair = Residuals(16, np.array([1600.0]), np.array([[1.0, 0.0, 0.9999]]), said)
    found = pair.corrected(SAID, 16, 1600.0, 400.0)
    np.testing.assert_allclose(found[:3], [0.999, 0.001, 0.999])
    up = pair.noise(np.array([0.99999, 0.5, 0.5, 1.0]), 16, 1600.0)
    assert 0.0 < up[0] < 1e-3
