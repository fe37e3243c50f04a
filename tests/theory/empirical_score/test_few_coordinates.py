"""Loops over differences, in plain Python, against all weights at once."""

import numpy as np
import pytest

from convergen.theory.empirical_score import few_coordinates
from tests.theory.empirical_score.plain_pass import absorb, check, plain_python, prepared

RNG = np.random.default_rng(0)
KINDS = {np.float64: 1e-12, np.float32: 2e-6}


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 6, 7, 11])
def test_logits_of_a_tile_are_those_of_differences(monkeypatch, dim, dtype):
    plain_python(monkeypatch)
    x, y = RNG.standard_normal(dim).astype(dtype), RNG.standard_normal((9, dim)).astype(dtype)
    # A tile may be wider than the points that are left.
    columns, row = np.full((dim, 12), 7.0, dtype), np.empty(9, dtype)
    columns[:, :9] = y.T
    best = few_coordinates._tile_logits(x, columns, dtype(0.7), row)
    expected = -0.7 * np.sum((y.astype(float) - x) ** 2, axis=1)
    np.testing.assert_allclose(row, expected, rtol=10.0 * KINDS[dtype])
    assert best == row.max()
    assert row.dtype == dtype


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 8, 10])
def test_weighted_sums_of_a_tile_are_added_to_the_mean(monkeypatch, dim):
    plain_python(monkeypatch)
    y, weights = RNG.standard_normal((6, dim)), RNG.random(6)
    columns = np.full((dim, 8), 7.0)
    columns[:, :6] = y.T
    mean = np.arange(1.0, dim + 1.0)
    few_coordinates._tile_mean(weights, columns, mean)
    np.testing.assert_allclose(mean, np.arange(1.0, dim + 1.0) + weights @ y, rtol=1e-12)


@pytest.mark.parametrize("dtype", KINDS)
def test_tiles_and_groups_cover_all_points_and_queries(monkeypatch, dtype):
    """More queries than a group has, more points than a tile holds, more than one block."""
    plain_python(monkeypatch)
    monkeypatch.setattr(few_coordinates, "_GROUP", 3)
    y, x = RNG.standard_normal((150, 2)).astype(dtype), RNG.standard_normal((7, 2)).astype(dtype)
    training, part = prepared(y, x, 0.6, coarse=dtype is np.float32)
    monkeypatch.setattr(few_coordinates, "_TILE_BYTES", 64)
    absorb(training, part, block=90)
    check(part, y, x, 0.6, KINDS[dtype])


@pytest.mark.parametrize(
    ("dim", "dtype", "tile"),
    [(1, np.float64, 1024), (9, np.float64, 448), (32, np.float64, 128), (32, np.float32, 256),
     (600, np.float64, 64)],
)  # fmt: skip
def test_a_tile_fills_the_nearest_cache_in_whole_lines(monkeypatch, dim, dtype, tile):
    given = []
    monkeypatch.setattr(few_coordinates, "_absorb", lambda *all_of_it: given.append(all_of_it))
    y = RNG.standard_normal((3, dim)).astype(dtype)
    _, part = prepared(y, y[:2], 1.0, coarse=dtype is np.float32)
    few_coordinates.absorb(part, y, np.zeros(3), 17)
    ((points, rows, size, first, limits, sums),) = given
    assert (size, first) == (tile, 17)
    assert points is part.points
    np.testing.assert_array_equal(rows, y)
    assert (limits, sums) == (part.limits, part.sums)


def test_what_is_too_far_adds_nothing_and_what_is_nearer_rescales(monkeypatch):
    plain_python(monkeypatch)
    x = np.zeros((1, 3))
    y = np.array([[3.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 30.0, 0.0]])
    training, part = prepared(y, x, 1.0)
    absorb(training, part, block=1)
    check(part, y, x, 1.0, 1e-13)
    np.testing.assert_allclose(part.sums.mean, [[1.0 + 3.0 * np.exp(-4.0), 0.0, 0.0]], rtol=1e-13)
