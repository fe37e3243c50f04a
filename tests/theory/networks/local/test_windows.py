"""Windows of pixels against masks made by hand."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.local.windows import NestedWindows, WienerFilters, Windows, squares

RNG = np.random.default_rng(0)
MIXED = RNG.standard_normal((50, 6)) @ RNG.standard_normal((6, 6))


def masks(windows, dim):
    """Row p: what is seen for coordinate p."""
    seen = np.zeros((dim, dim), bool)
    for p, (start, stop) in enumerate(zip(windows.starts[:-1], windows.starts[1:], strict=True)):
        seen[p, windows.places[start:stop]] = True
    return seen


@pytest.mark.parametrize("side", [3, 5])
@pytest.mark.parametrize("periodic", [False, True])
def test_squares_are_cut_at_the_edges_or_reach_around_them(periodic, side):
    channels, height, width = 2, 4, 6
    found = squares((channels, height, width), side, periodic=periodic)
    y, x = np.divmod(np.arange(height * width), width)

    def near(a, length):
        gap = np.abs(a[:, None] - a)
        return (np.minimum(gap, length - gap) if periodic else gap) <= (side - 1) / 2

    one = near(y, height) & near(x, width)
    np.testing.assert_array_equal(masks(found, 48), np.tile(one, (2, 2)))
    assert found.size == masks(found, 48).sum() / 48
    assert squares((1, 4, 6), 1).size == 1.0
    # Where nothing is said they are cut.
    assert squares((1, 4, 6), 3).size == squares((1, 4, 6), 3, periodic=False).size < 9.0


@pytest.mark.parametrize(
    ("shape", "side", "words"),
    [((24,), 3, r"points of shape \(24,\) have no square"), ((1, 4, 6), 2, "odd, not 2")],
)
def test_windows_need_images_and_a_pixel_in_their_middle(shape, side, words):
    with pytest.raises(InputError, match=words):
        squares(shape, side)


def test_windows_alone_are_a_family_of_one():
    windows = Windows.of(np.tri(4, dtype=bool))
    family = windows.alone()
    assert len(family) == 1
    (same,) = family
    np.testing.assert_array_equal(same.starts, windows.starts)
    np.testing.assert_array_equal(same.places, windows.places)
    assert windows.size == 2.5


def test_nested_windows_hold_the_first_places_of_each_coordinate():
    family = NestedWindows(
        np.array([0, 3]), np.array([0, 1, 2, 1, 2, 0]), np.array([[1, 1], [2, 1], [3, 3]])
    )
    seen = [
        [each.places[a:b].tolist() for a, b in zip(each.starts[:-1], each.starts[1:], strict=True)]
        for each in family
    ]
    assert seen == [[[0], [1]], [[0, 1], [1]], [[0, 1, 2], [1, 2, 0]]]
    assert len(family.only([0, 2])) == 2
    assert [len(each.places) for each in family.only([0, 2])] == [2, 6]


RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((30, 5)) @ (RNG.standard_normal((5, 5)) * [1.0, 1.0, 1.0, 1.0, 0.0])


def test_filters_are_the_wiener_filters_of_the_points():
    covariance = ROWS.T @ ROWS / 30
    for sigma in (0.3, 2.0):
        expected = covariance @ np.linalg.inv(covariance + sigma**2 * np.eye(5))
        np.testing.assert_allclose(WienerFilters(ROWS).at(sigma), expected, atol=1e-12)


def test_a_coordinate_is_seen_where_its_share_reaches_the_threshold():
    filters = WienerFilters(ROWS)
    share = np.abs(filters.at(0.5))
    thresholds = (0.0, 0.02, 0.1, 0.1, 1.0)
    kept, family = filters.nested(0.5, thresholds)
    assert kept[0] == 1.0
    assert list(kept) == sorted(set(kept), reverse=True)
    for threshold, windows in zip(kept, family, strict=True):
        expected = share >= threshold * share.max(axis=1, keepdims=True)
        expected[4] = np.arange(5) == 4 if threshold > 0.0 else True
        np.testing.assert_array_equal(masks(windows, 5), expected)
        np.testing.assert_array_equal(masks(filters.windows(0.5, threshold), 5), expected)
    # The first of the thresholds with equal windows stays: at 0 every coordinate is seen.
    assert kept[-1] == 0.0
    assert kept.count(0.1) == 1


def test_windows_of_a_filter_hold_its_large_entries():
    rows = np.random.default_rng(0).standard_normal((50, 6)) @ np.random.default_rng(
        0
    ).standard_normal((6, 6))
    filters = WienerFilters(rows)
    moment = rows.T @ rows / 50
    exact = moment @ np.linalg.inv(moment + 0.25 * np.eye(6))
    np.testing.assert_allclose(filters.at(0.5), exact, atol=1e-12)
    windows = filters.windows(0.5, 0.3)
    for p in range(6):
        seen = windows.places[windows.starts[p] : windows.starts[p + 1]]
        wanted = np.flatnonzero(np.abs(exact[p]) >= 0.3 * np.abs(exact[p]).max())
        np.testing.assert_array_equal(np.sort(seen), wanted)


def test_windows_of_several_thresholds_lie_in_one_another_and_repeat_none():
    filters = WienerFilters(
        np.random.default_rng(0).standard_normal((50, 6))
        @ np.random.default_rng(0).standard_normal((6, 6))
    )
    thresholds, nested = filters.nested(0.5, (1e-6, 2e-6, 0.3, 0.3, 0.9))
    assert thresholds == (0.9, 0.3, 1e-6)
    assert nested.cuts[-1].tolist() == [6] * 6
    for threshold, windows in zip(thresholds, nested, strict=True):
        alone = filters.windows(0.5, threshold)
        np.testing.assert_array_equal(windows.starts, alone.starts)
        np.testing.assert_array_equal(windows.places, alone.places)


def test_a_coordinate_that_never_varies_sees_itself():
    rows = np.c_[np.random.default_rng(0).standard_normal((20, 2)), np.zeros(20)]
    windows = WienerFilters(rows).windows(0.5, 0.2)
    assert windows.places[windows.starts[2] : windows.starts[3]].tolist() == [2]
