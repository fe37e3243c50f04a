"""Numbers of the field against independent implementations, and on cases that can be counted."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

from convergen.empirical.diagnose.evidence.scores import auth_pct, c_t, cells_of, f_mem, mean_cosine


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    training, unseen = rng.standard_normal((2, 120, 12))
    samples = rng.standard_normal((90, 12))
    samples[:25] = training[:25] + 0.05 * rng.standard_normal((25, 12))
    return samples, training, unseen


def test_c_t_is_the_standardised_mann_whitney_statistic_within_cells(sets):
    samples, training, unseen = sets
    own, fresh = (NearestNeighbors(n_neighbors=1).fit(training).kneighbors(x)[0][:, 0]
                  for x in (samples, unseen))  # fmt: skip
    u = mannwhitneyu(own, fresh).statistic
    m, r = len(own), len(fresh)
    expected = (u - m * r / 2) / np.sqrt(m * r * (m + r + 1) / 12)
    found = c_t(own, fresh)
    assert found.value == pytest.approx(expected)
    assert found.low == pytest.approx(expected - 1.96, abs=1e-3)
    assert found.high == pytest.approx(expected + 1.96, abs=1e-3)
    assert found.stderr == 1.0
    cells = np.arange(m) % 2, np.arange(r) % 3  # the third cell holds no sample
    parts = [c_t(own[cells[0] == k], fresh[cells[1] == k]).value for k in (0, 1)]
    assert c_t(own, fresh, cells).value == pytest.approx(np.mean(parts))
    assert c_t(own, fresh, cells).stderr == pytest.approx(np.sqrt(0.5))


def test_cells_follow_the_data():
    rng = np.random.default_rng(1)
    centres = np.array([[0.0, 0.0], [50.0, 0.0]])
    training, samples, unseen = (
        np.concatenate([c + rng.standard_normal((60, 2)) for c in centres]) for _ in range(3)
    )
    mine, theirs = cells_of(training, samples, unseen, 0)
    for found in (mine, theirs):
        assert not set(found[:60]) & set(found[60:])
    assert cells_of(training, samples[:30], unseen, 0) is None


@pytest.mark.parametrize(
    ("training", "samples", "unseen", "count"),
    [
        (70, 400, 500, 3), (900, 130, 500, 3), (900, 500, 130, 3), (900, 500, 500, 10),
        (900, 80, 80, 2), (40, 500, 500, 2), (900, 79, 500, None), (900, 500, 79, None),
        (39, 500, 500, None),
    ],
)  # fmt: skip
def test_each_kind_of_points_limits_the_number_of_cells(training, samples, unseen, count):
    rng = np.random.default_rng(3)
    given = [rng.random((size, 2)) for size in (training, samples, unseen)]
    found = cells_of(*given, 0)
    assert (found if found is None else len(set(found[0]) | set(found[1]))) == count


def test_cells_count_by_their_unseen_points_and_small_ones_not_at_all():
    rng = np.random.default_rng(4)
    own, fresh = rng.random(65), rng.random(100)
    cells = np.repeat([0, 1, 2], [25, 20, 20]), np.repeat([0, 1, 2], [61, 20, 19])
    first = c_t(own[:25], fresh[:61]).value
    second = c_t(own[25:45], fresh[61:81]).value
    found = c_t(own, fresh, cells)
    assert found.value == pytest.approx((61 * first + 20 * second) / 81)
    assert found.stderr == pytest.approx(np.hypot(61, 20) / 81)
    assert found.high - found.value == pytest.approx(1.96 * found.stderr, rel=1e-4)
    assert found.value - found.low == pytest.approx(1.96 * found.stderr, rel=1e-4)
    small_first = tuple((each + 1) % 3 for each in cells)
    assert c_t(own, fresh, small_first).value == pytest.approx(found.value)
    # Where no cell holds enough there is one.
    assert c_t(own[:19], fresh[:19], (cells[0][:19], cells[1][:19])) == c_t(own[:19], fresh[:19])


def test_counts_by_hand():
    first, second = np.array([0.0, 1.0, 1.0, 2.0]), np.array([1.0, 3.5, 3.0, 2.0])
    assert f_mem(first, second).value == 0.5
    assert auth_pct(np.array([1.0, 2.0]), np.array([1.0, 1.5])).value == 0.5
    cosines = mean_cosine(np.array([1.0, 1.0, 0.9, 1.0]))
    assert 0.0 <= cosines.low < cosines.value < cosines.high == 1.0
    assert mean_cosine(np.array([0.0, 0.0, 0.3])).low == 0.0


def test_cells_are_those_of_one_start_from_the_seed():
    rng = np.random.default_rng(5)
    training, samples, unseen = (rng.random((200, 2)) for _ in range(3))
    centres = KMeans(5, n_init=1, random_state=7).fit(training)
    for found, rows in zip(cells_of(training, samples, unseen, 7), (samples, unseen), strict=True):
        np.testing.assert_array_equal(found, centres.predict(rows))
