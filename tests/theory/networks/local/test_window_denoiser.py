"""Local denoisers against a plain loop over coordinates, and against the empirical score."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import WienerFilters, Windows, squares
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
        np.testing.assert_array_equal(seen, wanted)
    sizes = [entry.size for _, entry in filters.distinct(0.5, (0.01, 0.02, 0.3, 0.9))]
    assert sizes == sorted(set(sizes), reverse=True)


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
