"""Local denoisers against a plain loop over coordinates, and against the empirical score."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.networks.local.local_means import LocalMeans
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import NestedWindows, WienerFilters, Windows, squares
from convergen.theory.networks.symmetry.orbits import Orbit

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((9, 2, 4, 4))
NOISY = IMAGES[:5] + 0.4 * RNG.standard_normal((5, 2, 4, 4))
LEVELS = np.array([0.1, 0.4, 0.4, 1.0, 20.0])
WINDOWS = squares((2, 4, 4), 3)


def plain(points, windows, noisy, sigma):
    """Posterior means, one coordinate and one query at a time."""
    rows, queries = points.reshape(len(points), -1), noisy.reshape(len(noisy), -1)
    out = np.empty_like(queries)
    for p in range(rows.shape[1]):
        seen = windows.places[windows.starts[p] : windows.starts[p + 1]]
        for i, query in enumerate(queries):
            logits = -np.sum((query[seen] - rows[:, seen]) ** 2, axis=1) / (2 * sigma[i] ** 2)
            weights = np.exp(logits - logits.max())
            out[i, p] = weights @ rows[:, p] / weights.sum()
    return out.reshape(noisy.shape)


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


def test_a_window_of_everything_is_the_empirical_score():
    everything = Windows.of(np.ones((32, 32), dtype=bool))
    found = WindowDenoiser(IMAGES, everything, Orbit(2))(NOISY, LEVELS)
    np.testing.assert_allclose(found, EmpiricalScore(Orbit(2).of(IMAGES))(NOISY, LEVELS), rtol=1e-9)


@pytest.mark.parametrize("orbit", [Orbit(), Orbit(2)])
def test_leaving_out_is_a_fit_without_the_point_and_its_images(orbit):
    own = np.array([3, 0, 8, 3, 5])
    found = WindowDenoiser(IMAGES, WINDOWS, orbit).leave_one_out(NOISY, LEVELS, own)
    for i, row in enumerate(own):
        without = WindowDenoiser(np.delete(IMAGES, row, axis=0), WINDOWS, orbit)
        np.testing.assert_allclose(
            found[i : i + 1], without(NOISY[i : i + 1], LEVELS[i]), rtol=1e-10
        )


def test_a_point_far_away_gets_the_nearest_without_overflow():
    single = IMAGES.astype(np.float32)
    found = WindowDenoiser(single, WINDOWS)(single + 100.0, 0.05)
    assert np.isfinite(found).all()


def test_windows_of_a_filter_hold_its_large_entries():
    rows = RNG.standard_normal((50, 6)) @ RNG.standard_normal((6, 6))
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
    filters = WienerFilters(RNG.standard_normal((50, 6)) @ RNG.standard_normal((6, 6)))
    thresholds, nested = filters.nested(0.5, (1e-6, 2e-6, 0.3, 0.3, 0.9))
    assert thresholds == (0.9, 0.3, 1e-6)
    assert nested.cuts[-1].tolist() == [6] * 6
    for threshold, windows in zip(thresholds, nested, strict=True):
        alone = filters.windows(0.5, threshold)
        np.testing.assert_array_equal(windows.starts, alone.starts)
        np.testing.assert_array_equal(windows.places, alone.places)


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


def test_a_coordinate_that_never_varies_sees_itself():
    rows = np.c_[RNG.standard_normal((20, 2)), np.zeros(20)]
    windows = WienerFilters(rows).windows(0.5, 0.2)
    assert windows.places[windows.starts[2] : windows.starts[3]].tolist() == [2]


def test_square_windows_are_cut_at_edges_or_reach_around():
    assert np.diff(squares((1, 4, 4), 3).starts).reshape(4, 4).tolist()[0] == [4, 6, 6, 4]
    assert set(np.diff(squares((2, 4, 4), 3, periodic=True).starts)) == {18}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: squares((16,), 3), "give images"),
        (lambda: squares((1, 4, 4), 2), "odd"),
        (lambda: WindowDenoiser(np.ones((0, 3)), WINDOWS), "points of shape"),
        (lambda: WindowDenoiser(IMAGES[:1], WINDOWS).leave_one_out(NOISY, 1.0, [0] * 5), "two"),
        (lambda: WindowDenoiser(IMAGES, WINDOWS).leave_one_out(NOISY, 1.0, [9] * 5), "0 to 8"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
