"""Posterior means of a training set with its images, each coordinate through its own window."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.local import local_means
from convergen.theory.networks.local.local_means import LocalMeans
from convergen.theory.networks.local.windows import NestedWindows, Windows, squares
from convergen.theory.networks.symmetry.orbits import Orbit
from tests.theory.networks.local.plain_means import plain

RNG = np.random.default_rng(1)
IMAGES = RNG.standard_normal((6, 1, 3, 3))
NOISY = RNG.standard_normal((2, 1, 3, 3))
LEVELS = np.array([0.5, 2.0])
WINDOWS = squares((1, 3, 3), 3)


@pytest.mark.parametrize("orbit", [Orbit(), Orbit(1)])
def test_images_count_as_points_and_go_with_the_point_that_is_left_out(orbit):
    means = LocalMeans(IMAGES, orbit)
    assert (means.samples, means.shape) == (6, (1, 3, 3))
    found = means.through(WINDOWS.alone(), NOISY.reshape(2, 9), LEVELS)
    expected = plain(orbit.of(IMAGES), WINDOWS, NOISY, LEVELS)
    np.testing.assert_allclose(found.reshape(NOISY.shape), expected, rtol=1e-10)
    own = np.array([-1, 4])
    left = means.through(WINDOWS.alone(), NOISY.reshape(2, 9), LEVELS, own)[0]
    rest = orbit.of(np.delete(IMAGES, 4, axis=0))
    np.testing.assert_allclose(left[0], found[0, 0], rtol=1e-12)
    without = plain(rest, WINDOWS, NOISY[1:], LEVELS[1:])
    np.testing.assert_allclose(left[1], without.ravel(), rtol=1e-10)


def test_results_have_the_precision_of_the_queries():
    found = LocalMeans(IMAGES).through(
        WINDOWS.alone(), NOISY.reshape(2, 9).astype(np.float32), LEVELS.astype(np.float32)
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found[0], plain(IMAGES, WINDOWS, NOISY, LEVELS).reshape(2, 9), atol=1e-5
    )


def test_whole_numbers_are_points_as_well_and_vectors_are():
    rows = np.array([[0, 2], [4, 6]])
    windows = Windows.of(np.eye(2, dtype=bool))
    found = LocalMeans(rows).through(windows.alone(), np.array([[2.0, 4.0]]), np.array([1.0]))
    np.testing.assert_allclose(found[0], [[2.0, 4.0]])


@pytest.mark.parametrize("points", [np.ones((0, 3)), np.ones(3)])
def test_points_are_needed(points):
    with pytest.raises(InputError, match="needs points of shape"):
        LocalMeans(points)


@pytest.mark.parametrize(("points", "started"), [(127, []), (128, [2])])
def test_a_thread_has_four_million_weights(monkeypatch, points, started):
    """Through two windows, 512 queries of 64 coordinates and this many training points."""
    found, pool = [], local_means.ThreadPoolExecutor
    monkeypatch.setattr(local_means, "kernel_threads", lambda: 8)
    monkeypatch.setattr(local_means, "local_means", lambda *given: None)
    monkeypatch.setattr(
        local_means, "ThreadPoolExecutor", lambda threads: found.append(threads) or pool(threads)
    )
    nested = NestedWindows(np.arange(64), np.arange(64), np.ones((2, 64), dtype=np.int64))
    model = LocalMeans(np.zeros((points, 64)))
    model.through(nested, np.zeros((512, 64)), np.ones(512))
    assert found == started


def test_threads_share_coordinates_and_change_no_bit(monkeypatch):
    """One, two, and more than there are coordinates; few weights are not shared out."""
    started = []
    pool = local_means.ThreadPoolExecutor
    monkeypatch.setattr(
        local_means, "ThreadPoolExecutor", lambda threads: started.append(threads) or pool(threads)
    )
    cuts = np.array([np.arange(9) % 3 + 1, np.arange(9) % 2 + 4])
    nested = NestedWindows(9 * np.arange(9), np.tile(np.arange(9), 9), cuts)
    found = []
    for threads, share in ((1, 1), (2, 1), (50, 1), (50, 2 * 2 * 9 * 6), (50, 2**22)):
        monkeypatch.setattr(local_means, "kernel_threads", lambda threads=threads: threads)
        monkeypatch.setattr(local_means, "_SHARE", share)
        found.append(LocalMeans(IMAGES).through(nested, NOISY.reshape(2, 9), LEVELS))
    assert started == [2, 9]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
