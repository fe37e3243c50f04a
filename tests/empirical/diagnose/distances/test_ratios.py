"""Distances to distinct real points, and their ratios: closed forms."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances import ratios as module
from convergen.empirical.diagnose.distances.neighbours import Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.distances.ratios import (
    distinct_distances,
    ratios,
    second_distances,
)

PLANE = Space(Orbit.of((2,)), np.zeros(2))


def near(queries, rows):
    return nearest(np.asarray(queries, float), rows, PLANE)


def to_distinct(queries, rows, unseen=None):
    other = None if unseen is None else near(queries, unseen)
    return distinct_distances(near(queries, rows), other, rows, unseen, PLANE)


def test_the_second_point_is_a_distinct_one():
    rows = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [10.0, 0.0]])
    query = np.array([[1.0, 0.0]])  # three views of one point, then another one
    found = near(query, rows)
    assert found.indices[0, 0] == 1
    assert second_distances(found, rows, PLANE)[0] == 9.0
    unseen = np.array([[3.0, 0.0], [5.0, 0.0]])
    distances = to_distinct(query, rows, unseen)
    np.testing.assert_allclose(distances[0, :4], [0.9, 2.0, 4.0, 9.0])
    assert np.isinf(distances[0, 4:]).all()
    assert ratios(distances)[0] == pytest.approx(0.9 / 2.0)
    between = np.array([[5.0, 0.0]])  # far from all of them: the next point counts
    assert ratios(to_distinct(between, rows))[0] == pytest.approx(4.9 / 5.0)
    assert ratios(to_distinct(query, rows[:1]))[0] == 1.0


def test_many_views_of_one_point_bound_what_lies_beyond():
    rows = np.array([[0.0, 1e-3 * k] for k in range(20)])
    query = np.array([[1.0, 0.0]])
    found = near(query, rows)
    assert second_distances(found, rows, PLANE)[0] == found.distances[0, -1]


def test_a_view_is_nearer_to_the_nearest_point_than_half_of_its_distance():
    query = np.array([[1.0, 0.0]])
    for place, distinct in ((-1.0, True), (-0.99, False)):  # half of 2, and less than half of 1.99
        rows = np.array([[0.0, 0.0], [place, 0.0], [9.0, 0.0]])
        expected = 1.0 - place if distinct else 8.0
        assert second_distances(near(query, rows), rows, PLANE)[0] == pytest.approx(expected)


def test_equal_points_are_one_also_to_their_copy():
    rows = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0]])
    query = np.array([[0.0, 0.0]])
    assert second_distances(near(query, rows), rows, PLANE)[0] == 3.0
    found = ratios(np.array([[0.0, 3.0], [0.0, 0.0], [1.0, np.inf], [0.0, np.inf], [3.0, 2.0]]))
    np.testing.assert_array_equal(found, [0.0, 1.0, 1.0, 1.0, 1.5])


def test_a_distinct_point_before_many_views_is_the_only_one():
    rows = np.array([[0.0, 0.0], [10.0, 10.5], *([-k, 0.0] for k in (1.0, 2.0, 3.0, 4.0))])
    distances = to_distinct([[10.0, 0.0]], rows)
    assert distances[0].tolist() == [10.0, 10.5, *[np.inf] * 4]


def test_the_next_eight_of_both_sets_in_order():
    """Points on axes of their own, so that none is another view of the first."""
    space = Space(Orbit.of((20,)), np.zeros(20))
    points = np.diag([*np.arange(1.0, 11.0), *np.arange(1.5, 11.0)])
    rows, unseen = points[:10], points[10:]
    own, other = (nearest(np.zeros((1, 20)), each, space) for each in (rows, unseen))
    found = distinct_distances(own, other, rows, unseen, space)
    assert found[0].tolist() == [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
    found = distinct_distances(own, other, rows, None, space)
    assert found[0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_queries_are_looked_at_a_thousand_at_a_time(monkeypatch):
    seen = []
    exact = module.pair_distances
    monkeypatch.setattr(
        module, "pair_distances", lambda each, *rest: seen.append(len(each)) or exact(each, *rest)
    )
    rows = np.array([[0.0, 0.0], [9.0, 0.0]])
    queries = np.linspace(-3.0, -1.0, 1025)[:, None] * [1.0, 0.0]
    found = second_distances(near(queries, rows), rows, PLANE)
    assert seen == [1024, 1]
    np.testing.assert_allclose(found, 9.0 - queries[:, 0])
