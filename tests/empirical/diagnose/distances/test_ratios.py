"""Distances to distinct real points, and their ratios: closed forms."""

import numpy as np
import pytest

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
