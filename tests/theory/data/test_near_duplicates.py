import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from convergen.empirical.data.kinds import load_data
from convergen.theory.common.checks import InputError
from convergen.theory.data import near_duplicates as module
from convergen.theory.data.near_duplicates import near_duplicates


def brute_force(points, limit):
    flat = points.reshape(len(points), -1).astype(np.float64)
    unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return connected_components(np.abs(unit @ unit.T) >= limit)[1]


def assert_same_partition(found, expected):
    pairs = np.unique(np.stack([found, expected]), axis=1)
    assert pairs.shape[1] == len(np.unique(found)) == len(np.unique(expected))


@pytest.mark.parametrize("limit", [0.999, 0.9, 0.6])
def test_digits_against_brute_force(limit):
    points = load_data("digits").points
    assert_same_partition(near_duplicates(points, limit), brute_force(points, limit))


@pytest.mark.parametrize("limit", [1.0, 0.9999, 0.99, 0.9])
def test_planted_copies_in_many_dimensions(limit, monkeypatch):
    # More coordinates than axes of the search, and tiles that cut through clusters.
    monkeypatch.setattr(module, "_TILE", 37)
    monkeypatch.setattr(module, "_PAIR_VALUES", 1000)
    rng = np.random.default_rng(4)
    base = rng.standard_normal((150, 200))
    noisy = base[:60] + 0.05 * rng.standard_normal((60, 200))
    points = np.concatenate([base, -3.0 * base[20:40], noisy, base[50:55]]).astype(np.float32)
    points = points[rng.permutation(len(points))]
    expected = brute_force(points, limit - 1e-12)
    assert 1 < np.bincount(expected).max() < 10
    assert_same_partition(near_duplicates(points, limit), expected)
    assert_same_partition(near_duplicates(points, limit, principal=True), expected)


def test_chains_are_one_cluster():
    angle = np.linspace(0.0, 1.0, 60)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    assert len(np.unique(near_duplicates(points, np.cos(0.02)))) == 1
    assert len(np.unique(near_duplicates(points, np.cos(0.016)))) == 60


def test_zero_points_are_one_cluster():
    points = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    points[[1, 4]] = 0.0
    labels = near_duplicates(points, 0.99)
    assert labels[1] == labels[4]
    assert len(np.unique(labels)) == 5
    assert len(np.unique(near_duplicates(np.zeros((3, 2), np.float32), 0.5))) == 1


@pytest.mark.parametrize(("limit", "words"), [(0.0, "positive"), (1.5, "at most 1")])
def test_bad_limits(limit, words):
    with pytest.raises(InputError, match=words):
        near_duplicates(np.ones((2, 2), np.float32), limit)


@pytest.mark.parametrize("rows", [60, 500])
def test_axes_hold_nearly_as_much_as_principal_ones(rows):
    points = np.random.default_rng(0).standard_normal((rows, 200)) * np.arange(1, 201) ** -0.4
    norms = np.linalg.norm(points, axis=1)
    axes, units = module._axes(points, norms, 200), points / norms[:, None]
    np.testing.assert_allclose(axes.T @ axes, np.eye(min(rows, 64)), atol=1e-12)
    best = np.linalg.eigvalsh(units.T @ units)[::-1]
    held = ((units @ axes) ** 2).sum(axis=0)
    assert held.sum() > 0.95 * best[: len(held)].sum()
    assert held[0] > 0.999 * best[0]


def test_axes_are_found_unless_coordinates_are_principal(monkeypatch):
    asked = []
    plain = module._axes
    monkeypatch.setattr(module, "_axes", lambda *given: asked.append(1) or plain(*given))
    points = np.random.default_rng(1).standard_normal((6, 3))
    near_duplicates(points, 0.9, principal=True)
    assert asked == []
    near_duplicates(points, 0.9)
    assert asked == [1]


def test_only_near_pairs_are_looked_at_in_all_coordinates(monkeypatch):
    asked = []
    plain = module.as_float_rows
    monkeypatch.setattr(
        module, "as_float_rows", lambda rows, dim: asked.append(len(rows)) or plain(rows, dim)
    )
    angle = np.arange(10.0) / 10.0
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    norms, views = np.ones(10), points.astype(np.float32)
    every = np.arange(10)
    for limit, asked_for, kept in (
        (np.cos(0.15), [18, 18], 18), (np.cos(0.1) + 5e-6, [18, 18], 0),
        (np.cos(0.1) + 3e-5, [], 0),
    ):  # fmt: skip
        asked.clear()
        assert module._close(points, norms, views, every, every, limit, every).shape == (2, kept)
        assert asked == asked_for
    monkeypatch.setattr(module, "_PAIR_VALUES", 1)
    assert module._close(points, norms, views, every, every, np.cos(0.15), every).shape == (2, 18)


def test_points_count_as_copies_from_a_cosine_of_0_999_on():
    assert module.DUPLICATE_LIMIT == 0.999


def test_only_blocks_within_reach_are_multiplied(monkeypatch):
    asked = []

    def close(points, norms, views, first, second, *_):
        asked.append((first.tolist(), second.tolist()))
        return np.zeros((2, 0), np.int64)

    monkeypatch.setattr(module, "_close", close)
    monkeypatch.setattr(module, "_TILE", 3)
    angle = np.random.default_rng(2).uniform(0.2, 1.4, 20)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    near_duplicates(points, np.cos(0.2), principal=True)
    order = np.argsort(np.cos(angle))
    height = np.cos(angle)[order]
    expected = []
    for start in range(0, 20, 3):
        end = min(start + 3, 20)
        # Unit vectors at that angle are a chord apart.
        stop = np.sum(height <= height[end - 1] + 2.0 * np.sin(0.1) + 1e-5)
        for other in range(start, stop, 3):
            expected.append(
                (order[start:end].tolist(), order[other : min(other + 3, stop)].tolist())
            )
    assert asked == expected
    assert len(asked) < 20


def test_axes_are_found_from_two_thousand_points(monkeypatch):
    asked = []
    plain = module.spread_rows
    monkeypatch.setattr(
        module, "spread_rows", lambda count, most: asked.append(most) or plain(count, most)
    )
    module._axes(np.random.default_rng(1).standard_normal((9, 3)), np.ones(9), 3)
    assert asked == [2000, 3]
