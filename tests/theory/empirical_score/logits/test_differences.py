"""Logits from differences, in plain Python, with numbers counted by hand."""

import numpy as np
import pytest

from convergen.theory.empirical_score.logits import differences, logit_rows
from convergen.theory.empirical_score.records import QUERY
from tests.plain_kernels import uncompiled

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    uncompiled(monkeypatch, differences, logit_rows)
    # Parts of two, so that a few points fill several.
    monkeypatch.setattr(differences, "LANES", 2)


def query(**known):
    found = np.zeros(1, QUERY).view(np.recarray)[0]
    for name, value in known.items():
        setattr(found, name, value)
    return found


def test_distances_and_their_differences():
    x, y, r = RNG.standard_normal((3, 5))
    assert differences.distance(x, y) == pytest.approx(np.sum((x - y) ** 2))
    gap = np.sum((x - r) ** 2) - np.sum((x - y) ** 2)
    assert differences.excess(x, y, r) == pytest.approx(gap)
    # Near the reference the difference of two squares would have no digit.
    near = r + 1e-13 * np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    exact = 2.0 * (near[0] - r[0]) * (x[0] - r[0])
    assert differences.excess(x, near, r) == pytest.approx(exact, rel=1e-9)


def test_a_list_stays_descending_and_the_earlier_of_equals_first():
    values, indices = np.array([-1.0, -3.0, -5.0, -9.0]), np.array([4, 2, 7, 1])
    differences._insert(values, indices, -3.0, 8)
    assert values.tolist() == [-1.0, -3.0, -3.0, -5.0]
    assert indices.tolist() == [4, 2, 8, 7]
    differences._insert(values, indices, 0.0, 9)
    assert (values[0], indices[0]) == (0.0, 9)
    differences._insert(values, indices, -2.9, 5)
    assert indices.tolist() == [9, 4, 5, 2]


@pytest.mark.parametrize("slack", [0.0, 0.2])
def test_the_nearest_points_of_a_tile_are_collected(slack):
    """By exact logits, though the approximate ones are off by as much as is allowed."""
    x, rows = np.zeros(2), RNG.standard_normal((7, 2))
    exact = -0.5 * 3.0 * np.sum(rows**2, axis=1)
    lift = 40.0
    values, indices = np.full(3, -np.inf), np.zeros(3, dtype=np.int64)
    row = exact + lift + slack * RNG.uniform(-1.0, 1.0, 7)
    differences.collect(row, x, rows, 100, query(half=1.5, lift=lift), slack, 1.0, values, indices)
    order = np.argsort(-exact)[:3]
    np.testing.assert_array_equal(indices, 100 + order)
    np.testing.assert_allclose(values, exact[order])


def test_points_that_cannot_reach_the_list_are_not_looked_at(monkeypatch):
    looked = []
    known = differences.distance
    monkeypatch.setattr(
        differences, "distance", lambda x, y: looked.append(y[0]) or known(x, y)
    )  # fmt: skip
    rows = np.array([[1.0], [2.0], [3.0], [4.0], [2.1], [2.2]])
    values, indices = np.array([-4.0, -4.5]), np.array([50, 60])
    # Squared distances are 1, 4, 9, 16, 4.41, 4.84; off by up to 0.1, and by a tenth.
    row = -(rows[:, 0] ** 2)
    args = (np.zeros(1), rows, 0, query(half=1.0), 0.1, 1.1, values, indices)
    differences.collect(row, *args)
    # After the first point the list ends at −4, so logits from −4.5 on can reach it.
    assert looked == [1.0, 2.0, 2.1]
    assert values.tolist() == [-1.0, -4.0]
    assert indices.tolist() == [0, 50]


def test_sums_are_referred_to_a_higher_logit():
    """Weights p = exp(l) of logits l become exp(l − rise)."""
    logits, rise = np.array([0.0, -1.0, -2.5]), 0.7
    one = query(
        total=np.exp(logits).sum(), squares=np.exp(2.0 * logits).sum(),
        weighted=np.exp(logits) @ logits, doubt=0.3,
    )  # fmt: skip
    factor = differences._raise_top(one, rise)
    moved = logits - rise
    assert factor == pytest.approx(np.exp(-rise))
    assert one.total == pytest.approx(np.exp(moved).sum())
    assert one.squares == pytest.approx(np.exp(2.0 * moved).sum())
    assert one.weighted == pytest.approx(np.exp(moved) @ moved)
    assert one.doubt == pytest.approx(0.3 * np.exp(-2.0 * rise))
    # An infinite rise leaves nothing, and no NaN.
    assert differences._raise_top(one, np.inf) == 0.0
    assert [one.total, one.squares, one.weighted, one.doubt] == [0.0] * 4
    # Nothing is no more after a rise.
    assert differences._raise_top(query(), 1.0) == 0.0


def test_a_nearer_point_becomes_the_reference():
    x, reference = np.array([1.0, 0.0]), np.array([4.0, 0.0])
    one = query(half=0.5, lift=3.0, top=3.0 - 4.5, total=1.0)
    assert differences.promote(x, np.array([5.0, 0.0]), one, reference) == 1.0
    assert differences.promote(x, np.array([4.0, 0.0]), one, reference) == 1.0
    assert reference.tolist() == [4.0, 0.0]
    factor = differences.promote(x, np.array([1.0, 2.0]), one, reference)
    assert factor == pytest.approx(np.exp(-(4.5 - 2.0)))
    assert reference.tolist() == [1.0, 2.0]
    assert one.top == pytest.approx(3.0 - 2.0)
    # The first point of all is one, wherever it is.
    first = query(half=0.5, top=-np.inf)
    assert differences.promote(x, np.array([90.0, 0.0]), first, reference) == 0.0
    assert reference.tolist() == [90.0, 0.0]
    assert first.top == pytest.approx(-0.5 * 89.0**2)


def test_of_a_tile_the_nearest_point_from_the_floor_on_becomes_the_reference():
    rows = np.array([[5.0], [3.0], [0.5], [2.0], [1.0]])
    row = -0.5 * rows[:, 0] ** 2
    reference = np.array([6.0])
    one = query(half=0.5, top=-18.0, total=1.0)
    factor = differences.refer(row, np.zeros(1), rows, -5.0, one, reference)
    assert reference.tolist() == [0.5]
    assert factor == pytest.approx(np.exp(-(18.0 - 0.125)))
    assert one.total == pytest.approx(factor)
    # Below the floor none is looked at.
    one, reference = query(half=0.5, top=-18.0, total=1.0), np.array([6.0])
    assert differences.refer(row, np.zeros(1), rows, -0.1, one, reference) == 1.0
    assert reference.tolist() == [6.0]


def test_logits_from_the_limit_on_are_computed_again_and_taken_out():
    x, rows = np.zeros(1), np.array([[4.0], [1.0], [2.0], [3.0], [1.5]])
    exact = 0.5 * (1.0 - rows[:, 0] ** 2)
    row = exact + 0.01
    places, logits = np.empty(5, dtype=np.int64), np.empty(5)
    one = query(half=0.5, mended=3)
    count = differences.mend(row, x, rows, row[2], one, np.array([1.0]), places, logits)
    assert count == 3
    assert one.mended == 6
    assert places[:3].tolist() == [1, 2, 4]
    np.testing.assert_allclose(logits[:3], [0.0, -1.5, 0.5 * (1.0 - 2.25)])
    assert np.flatnonzero(np.isinf(row)).tolist() == [1, 2, 4]
    # A point nearer than the reference, by rounding, weighs no more than it.
    differences.mend(exact.copy(), x, rows, 0.0, one, np.array([2.0]), places, logits)
    assert logits[0] == 0.0


def test_parts_below_the_floor_are_passed_over_and_later_ones_are_not():
    rows = np.array([[5.0], [6.0], [0.5], [2.0]])
    row = -0.5 * rows[:, 0] ** 2
    one, reference = query(half=0.5, top=-18.0, total=1.0), np.array([6.0])
    differences.refer(row, np.zeros(1), rows, -3.0, one, reference)
    assert reference.tolist() == [0.5]
    places, logits = np.empty(4, dtype=np.int64), np.empty(4)
    assert differences.mend(row, np.zeros(1), rows, -3.0, one, reference, places, logits) == 2
    values, indices = np.full(1, -3.0), np.array([9])
    row = -0.5 * rows[:, 0] ** 2
    differences.collect(row, np.zeros(1), rows, 0, query(half=0.5), 0.0, 1.0, values, indices)
    assert indices.tolist() == [2]
