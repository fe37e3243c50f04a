"""The compiled loop of local denoisers against a plain loop over coordinates."""

import numpy as np
import pytest

from convergen.theory.networks.local import local_kernel, local_means
from convergen.theory.networks.local.local_means import LocalMeans
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import NestedWindows, Windows, squares
from convergen.theory.networks.symmetry.orbits import Orbit
from tests.plain_kernels import uncompiled
from tests.theory.networks.local.plain_means import plain

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((9, 2, 4, 4))
NOISY = IMAGES[:5] + 0.4 * RNG.standard_normal((5, 2, 4, 4))
LEVELS = np.array([0.1, 0.4, 0.4, 1.0, 20.0])
WINDOWS = squares((2, 4, 4), 3)


def test_it_is_the_posterior_mean_on_each_window():
    found = WindowDenoiser(IMAGES, WINDOWS)(NOISY, LEVELS)
    np.testing.assert_allclose(found, plain(IMAGES, WINDOWS, NOISY, LEVELS), rtol=1e-10)


def test_single_precision_is_kept():
    found = WindowDenoiser(IMAGES.astype(np.float32), WINDOWS)(NOISY.astype(np.float32), 0.4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain(IMAGES, WINDOWS, NOISY, [0.4] * 5), atol=2e-5)


@pytest.mark.parametrize(("count", "seen"), [(1008, 2), (2100, 5), (1009, 7), (2020, 6)])
def test_points_of_many_tiles_are_added_up(count, seen):
    points, noisy = RNG.standard_normal((count, 7)), RNG.standard_normal((37, 7))
    windows = Windows.of(np.abs(np.subtract.outer(np.arange(7), np.arange(7))) < seen)
    sigma = RNG.uniform(0.1, 0.5, 37)
    found = WindowDenoiser(points, windows)(noisy, sigma)
    np.testing.assert_allclose(found, plain(points, windows, noisy, sigma), rtol=1e-10)


@pytest.mark.parametrize("side", [1, 5])
def test_an_orbit_that_lies_in_two_tiles_is_left_out(side):
    # 25 translations of each of 41 images: the last but one begins in the first 1008.
    images = RNG.standard_normal((41, 1, 5, 5))
    windows, own = squares((1, 5, 5), side), np.array([40, 0, 39])
    noisy = images[own] + 0.3 * RNG.standard_normal((3, 1, 5, 5))
    found = WindowDenoiser(images, windows, Orbit(1)).leave_one_out(noisy, 0.3, own)
    for i, row in enumerate(own):
        rest = Orbit(1).of(np.delete(images, row, axis=0))
        expected = plain(rest, windows, noisy[i : i + 1], [0.3])
        np.testing.assert_allclose(found[i : i + 1], expected, rtol=1e-10)


def test_a_point_far_away_gets_the_nearest_without_overflow():
    single = IMAGES.astype(np.float32)
    found = WindowDenoiser(single, WINDOWS)(single + 100.0, 0.05)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("own", [None, np.array([3, 0, 8, 3, 5])])
def test_nested_windows_give_what_each_gives_alone(own):
    # Rings of no coordinate, of few and of many; pixels of which two windows are the same.
    cuts = np.array([[1] * 32, [2] * 16 + [1] * 16, [30] * 8 + [9] * 24, [32] * 32])
    places = np.concatenate([RNG.permutation(32) for _ in range(32)])
    nested = NestedWindows(32 * np.arange(32), places, cuts)
    found = LocalMeans(IMAGES).through(nested, NOISY.reshape(5, 32), LEVELS, own)
    for means, windows in zip(found, nested, strict=True):
        alone = WindowDenoiser(IMAGES, windows)
        expected = alone(NOISY, LEVELS) if own is None else alone.leave_one_out(NOISY, LEVELS, own)
        np.testing.assert_allclose(means.reshape(NOISY.shape), expected, rtol=1e-10)
    few = LocalMeans(IMAGES).through(nested.only([1, 2]), NOISY.reshape(5, 32), LEVELS, own)
    np.testing.assert_allclose(few, found[1:3], rtol=1e-10)


@pytest.mark.parametrize("side", [1, 3])
@pytest.mark.parametrize("own", [None, np.array([2, -1, 0])])
def test_the_loop_as_it_is_written(monkeypatch, side, own):
    """In plain Python, with tiles of a few points and queries."""
    uncompiled(monkeypatch, local_kernel, local_means)
    monkeypatch.setattr(local_kernel, "_POINTS", 5)
    monkeypatch.setattr(local_kernel, "_FEW", 2)
    monkeypatch.setattr(local_kernel, "_MANY", 2)
    images, noisy = IMAGES[:7, :, :2, :3], NOISY[:3, :, :2, :3]
    windows = squares((2, 2, 3), side)
    found = WindowDenoiser(images, windows)
    given = found(noisy, LEVELS[1:4]) if own is None else None
    if own is None:
        np.testing.assert_allclose(given, plain(images, windows, noisy, LEVELS[1:4]), rtol=1e-10)
        return
    means = LocalMeans(images).through(windows.alone(), noisy.reshape(3, 12), LEVELS[1:4], own)[0]
    for i, row in enumerate(own):
        rest = images if row < 0 else np.delete(images, row, axis=0)
        expected = plain(rest, windows, noisy[i : i + 1], LEVELS[i + 1 : i + 2])
        np.testing.assert_allclose(means[i], expected.ravel(), rtol=1e-10)


def test_rings_between_windows_as_they_are_written(monkeypatch):
    """Of no coordinate, of few and of many, in any order."""
    uncompiled(monkeypatch, local_kernel, local_means)
    monkeypatch.setattr(local_kernel, "_POINTS", 4)
    monkeypatch.setattr(local_kernel, "_FEW", 2)
    monkeypatch.setattr(local_kernel, "_MANY", 2)
    points, noisy = RNG.standard_normal((6, 16)), RNG.standard_normal((3, 16))
    for sizes in ([1, 3, 3, 11, 13], [8, 9, 16], [2, 2]):
        cuts = np.array([[size] * 16 for size in sizes])
        places = np.concatenate([np.roll(np.arange(16), -p) for p in range(16)])
        nested = NestedWindows(16 * np.arange(16), places, cuts)
        found = LocalMeans(points).through(nested, noisy, LEVELS[1:4])
        for means, windows in zip(found, nested, strict=True):
            expected = plain(points, windows, noisy, LEVELS[1:4])
            np.testing.assert_allclose(means, expected, rtol=1e-10)


def test_where_all_points_are_left_out_there_is_no_mean(monkeypatch):
    uncompiled(monkeypatch, local_kernel, local_means)
    found = LocalMeans(IMAGES[:1]).through(
        WINDOWS.alone(), NOISY[:1].reshape(1, 32), LEVELS[:1], np.array([0])
    )
    np.testing.assert_array_equal(found, 0.0)


def test_rows_begin_where_lines_of_the_cache_do():
    for dtype, across in ((np.float64, 8), (np.float32, 16)):
        for width in (1, across, across + 1):
            rows = local_kernel._aligned.py_func(3, width, np.zeros(1, dtype))
            assert rows.shape == (3, across * -(-width // across))
            assert rows.dtype == dtype
            assert rows.ctypes.data % 64 == 0


def test_weights_far_below_the_largest_count_as_nothing(monkeypatch):
    """2⁻⁶⁴ of it at most, wherever the largest comes."""
    uncompiled(monkeypatch, local_kernel)
    tile, sums = np.array([[-3.0, 5.0, -900.0]]), np.array([[-1e30], [0.0], [0.0]])
    values = np.array([1.0, 2.0, 4.0])
    local_kernel._absorb(tile, 3, np.array([5.0]), values, sums, 0)
    np.testing.assert_allclose(sums[:, 0], [5.0, 1.0 + 2.0**-8, 2.0 + 2.0**-8], rtol=1e-15)
    local_kernel._absorb(tile + 4.0, 2, np.array([9.0]), values, sums, 0)
    np.testing.assert_allclose(sums[1, 0], (1.0 + 2.0**-8) * (1.0 + 2.0**-4), rtol=1e-15)
    assert sums[0, 0] == 9.0
    before = sums.copy()
    local_kernel._absorb(np.full((1, 3), -1e30), 0, np.array([-1e30]), values, sums, 0)
    np.testing.assert_array_equal(sums, before)


def test_a_weight_counts_as_two_to_the_minus_64_at_least(monkeypatch):
    uncompiled(monkeypatch, local_kernel)
    sums, values = np.array([[-1e30], [0.0], [0.0]]), np.array([0.0, 2.0**64])
    local_kernel._absorb(np.array([[5.0, -900.0]]), 2, np.array([5.0]), values, sums, 0)
    assert sums[2, 0] == 1.0
    # Exactly one weight so far: it shrinks when a larger one comes.
    sums = np.array([[3.0], [1.0], [4.0]])
    local_kernel._absorb(np.array([[5.0]]), 1, np.array([5.0]), np.array([1.0]), sums, 0)
    np.testing.assert_allclose(sums[:, 0], [5.0, 1.25, 2.0])


@pytest.mark.parametrize(
    ("sizes", "block", "terms"), [([2, 4], 3, 12), ([2, 2], 2, 6), ([9], 3, 10)]
)
def test_tiles_have_few_queries_where_all_sums_are_short(monkeypatch, sizes, block, terms):
    uncompiled(monkeypatch, local_kernel, local_means)
    monkeypatch.setattr(local_kernel, "_FEW", 2)
    monkeypatch.setattr(local_kernel, "_MANY", 3)
    rows, original = [], local_kernel._aligned
    monkeypatch.setattr(
        local_kernel, "_aligned", lambda *given: rows.append(given[0]) or original(*given)
    )
    nested = NestedWindows(
        16 * np.arange(16), np.tile(np.arange(16), 16), np.array([[size] * 16 for size in sizes])
    )
    LocalMeans(RNG.standard_normal((2, 16))).through(
        nested, RNG.standard_normal((2, 16)), LEVELS[:2]
    )
    assert rows == [terms, block] * 16


def test_a_tile_that_is_left_out_for_one_query_counts_for_the_next(monkeypatch):
    uncompiled(monkeypatch, local_kernel, local_means)
    monkeypatch.setattr(local_kernel, "_POINTS", 1)
    points, noisy = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 4))
    windows, own = Windows.of(np.ones((4, 4), dtype=bool)), np.array([0, -1, 2])
    found = LocalMeans(points).through(windows.alone(), noisy, np.ones(3), own)[0]
    for i, row in enumerate(own):
        rest = points if row < 0 else np.delete(points, row, axis=0)
        np.testing.assert_allclose(
            found[i], plain(rest, windows, noisy[i : i + 1], [1.0])[0], rtol=1e-10
        )
