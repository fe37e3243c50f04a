"""Nearest points over an orbit against a plain computation of all distances."""

import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from convergen.empirical.diagnose.distances import neighbours
from convergen.empirical.diagnose.distances.neighbours import KEPT, Space, nearest
from convergen.empirical.diagnose.distances.orbit import INVARIANCES, Orbit
from convergen.theory.common import row_blocks
from convergen.theory.common.checks import InputError

SHAPE = (2, 8, 8)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.standard_normal((20, *SHAPE)), rng.standard_normal((70, *SHAPE))


@pytest.mark.parametrize(
    "names", [None, ("none",), ("mirror", "shift"), ("crop",), ("turn", "contrast"), ("grey",)]
)
def test_neighbours_are_those_of_all_pairs(images, names, monkeypatch):
    monkeypatch.setattr(neighbours, "_VALUES", 20 * 9)  # blocks that do not divide the set
    monkeypatch.setattr(neighbours, "_QUERIES", 7)
    x, y = images
    orbit = Orbit.of(SHAPE, names)
    space = Space(orbit, orbit.still(y).mean(axis=0))
    skip = np.zeros(len(y), bool)
    skip[3] = True
    own = np.full(len(x), -1)
    own[4] = 11
    found = nearest(space.still(x), y, space, own=own, skip=skip)
    forms = np.stack(space.forms(y), axis=1)
    every = np.linalg.norm(space.still(x)[:, None, None] - forms, axis=-1).min(axis=2)
    every[:, 3] = every[4, 11] = np.inf
    order = np.argsort(every, axis=1)[:, :KEPT]
    assert order.shape == (20, 6)
    np.testing.assert_array_equal(found.indices, order)
    np.testing.assert_allclose(found.distances, np.take_along_axis(every, order, 1), rtol=1e-12)
    plain, still = forms[:, 0], space.still(x)
    cosines = np.abs(still @ plain.T) / np.linalg.norm(plain, axis=1)
    cosines /= np.linalg.norm(still, axis=1)[:, None]
    cosines[:, 3] = cosines[4, 11] = 0.0
    np.testing.assert_allclose(found.cosines, cosines.max(axis=1), rtol=1e-5)


def test_no_bit_depends_on_the_number_of_threads(monkeypatch):
    for name, value in (("_VALUES", 90 * 17), ("_QUERIES", 70), ("_SHARE", 11)):
        monkeypatch.setattr(neighbours, name, value)
    monkeypatch.setattr(neighbours, "_PAIR_VALUES", 2**11)  # several blocks of pairs
    rng = np.random.default_rng(1)
    x, y = (rng.integers(0, 4, (count, *SHAPE), np.uint8) for count in (90, 70))
    y[40:] = y[:30]  # equal distances
    used = set()
    merge = neighbours._merge

    def seen(*parts):
        used.add(threading.get_ident())
        assert {row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"} == {1}
        time.sleep(1e-3)  # lets the others have their turn
        merge(*parts)

    monkeypatch.setattr(neighbours, "_merge", seen)
    orbit = Orbit.of(SHAPE)
    origin = orbit.still(y).mean(axis=0)
    found = {}
    for workers in (1, 2, 5):
        used.clear()
        space = Space(orbit, origin, workers)
        with threadpool_limits(2, user_api="blas"):
            found[workers] = nearest(space.still(x), y, space)
        assert (used == {threading.get_ident()}) == (workers == 1)
        assert len(used) == workers
    for workers in (2, 5):
        for name in ("indices", "distances", "cosines"):
            np.testing.assert_array_equal(
                getattr(found[workers], name), getattr(found[1], name), strict=True
            )


def test_an_error_in_a_thread_is_the_error_of_the_search(images, monkeypatch):
    def broken(*parts):
        raise ZeroDivisionError

    monkeypatch.setattr(neighbours, "_merge", broken)
    x, y = images
    orbit = Orbit.of(SHAPE)
    with pytest.raises(ZeroDivisionError):
        nearest(orbit.still(x), y, Space(orbit, np.zeros(1), 2))


def test_fewer_points_than_are_kept(images):
    x, y = images
    orbit = Orbit.of(SHAPE)
    found = nearest(orbit.still(x), y[:2], Space(orbit, np.zeros(128)))
    assert np.all(found.indices[:, 2:] == -1)
    assert np.all(np.isinf(found.distances[:, 2:]))


CHANGES = {
    "mirror": lambda x: x[..., ::-1],
    "turn": lambda x: np.rot90(x, 3, (2, 3)),
    "shift": lambda x: np.roll(x, (1, -1), (2, 3)),
    "brightness": lambda x: x + 0.7,
    "contrast": lambda x: 3.0 * x - 0.7,
    "grey": lambda x: x[:, ::-1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_ignored_costs_no_distance(images, name):
    _, y = images
    orbit = Orbit.of(SHAPE, (name,))
    found = nearest(orbit.still(CHANGES[name](y[:5])), y, Space(orbit, np.zeros(1)))
    np.testing.assert_array_equal(found.indices[:, 0], range(5))
    assert found.distances[:, 0].max() < 1e-10
    assert found.distances[:, 1].min() > 1.0


def test_smooth_images_survive_zoom_and_blur():
    grid = np.linspace(-1.0, 1.0, 24)
    waves = np.array([np.sin(3.0 * np.add.outer(k * grid, grid) + k) for k in range(1, 9)])[:, None]
    for name, change in (
        ("crop", lambda x: np.sin(3.0 / 1.05 * np.add.outer(2 * grid, grid) + 2)),
        ("blur", lambda x: x + 0.3 * (-1.0) ** np.add.outer(np.arange(24), np.arange(24))),
    ):
        orbit = Orbit.of((1, 24, 24), (name,))
        dressed = np.broadcast_to(change(waves[1, 0]), (1, 1, 24, 24))
        found = nearest(orbit.still(dressed), waves, Space(orbit, np.zeros(1)))
        plain = np.linalg.norm(dressed - waves[1])
        assert found.indices[0, 0] == 1
        assert found.distances[0, 0] < 0.2 * plain


def test_names_are_checked():
    assert Orbit.of((64,)).names == []
    assert Orbit.of((1, 8, 8)).names == ["mirror"]
    assert Orbit.of((64,), ("contrast",)).names == ["contrast"]
    with pytest.raises(InputError, match=r"shape \(64,\).*--shape"):
        Orbit.of((64,), ("mirror",))
    with pytest.raises(InputError, match="did you mean 'mirror'"):
        Orbit.of((1, 8, 8), ("miror",))
    assert set(CHANGES) < set(INVARIANCES)


def test_samples_are_stilled_block_by_block(images, monkeypatch):
    _, y = images
    orbit = Orbit.of(SHAPE, ("shift",))
    space = Space(orbit, orbit.still(y).mean(axis=0))
    assert space.workers == 1
    assert space.still(y[:0]).shape == (0, 2 * 6 * 6)
    monkeypatch.setattr(row_blocks, "_BLOCK_BYTES", 9 * 8 * 2 * 8 * 8)  # nine rows
    np.testing.assert_array_equal(space.still(y), orbit.still(y) - orbit.still(y).mean(axis=0))


def test_no_queries_have_no_neighbours(images):
    found = nearest(np.empty((0, 128)), images[1], Space(Orbit.of(SHAPE), np.zeros(128)))
    assert (found.indices.shape, found.distances.shape) == ((0, KEPT), (0, KEPT))
    assert (found.indices.dtype, found.cosines.shape) == (np.int64, (0,))


PLANE = Space(Orbit.of((2,)), np.zeros(2))


def test_of_equal_rows_the_first_are_kept_and_none_is_more_than_alike():
    angles = np.linspace(0.1, 6.0, 50)
    points = 1e-3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rows = np.repeat(points, 8, axis=0)
    found = nearest(points, rows, PLANE)
    np.testing.assert_array_equal(found.indices, 8 * np.arange(50)[:, None] + np.arange(6))
    assert found.cosines.max() == 1.0
    np.testing.assert_allclose(found.cosines, 1.0, atol=1e-6)


def test_the_origin_has_no_direction():
    rows = np.array([[0.0, 0.0], [3.0, -4.0]])
    assert nearest(rows, rows, PLANE).cosines.tolist() == [0.0, 1.0]
    assert nearest(np.array([[1.0, 0.0]]), rows, PLANE).cosines == pytest.approx(0.6)


def test_near_points_are_told_apart():
    rows = np.arange(9.0, 0.0, -1.0)[:, None] * [0.01, 0.0]
    found = nearest(np.zeros((1, 2)), rows, PLANE)
    assert found.indices.tolist() == [[8, 7, 6, 5, 4, 3]]
    np.testing.assert_allclose(found.distances, [0.01 * np.arange(1.0, 7.0)])


def test_blocks_bound_the_memory_of_products(monkeypatch):
    """Sixteen million products of at most as many thousand queries, in shares of a thousand."""
    seen = []
    monkeypatch.setattr(neighbours, "_merge", lambda product, *rest: seen.append(product.shape))
    nearest(np.ones((2**14 + 1, 1)), np.ones((1025, 1)), Space(Orbit.of((1,)), np.zeros(1)))
    assert seen == [(1024, 1024)] * 16 + [(1024, 1)] * 16 + [(1, 1025)]


@pytest.mark.parametrize(("forms", "pairs"), [(2**10, 4), (2**12, 1), (2**30, 1)])
def test_pairs_whose_distances_are_found_together_hold_four_million_numbers(forms, pairs):
    space = SimpleNamespace(orbit=SimpleNamespace(count=forms))
    seen = []
    neighbours._pair_distances(
        np.zeros((3, 2**10)), np.zeros((3, 3), int), np.zeros((1, 2**10)), space,
        lambda function, starts: seen.extend(starts),
    )  # fmt: skip
    assert seen == list(range(0, 9, pairs))


def test_the_progress_is_that_of_all_pairs(images, monkeypatch):
    monkeypatch.setattr(neighbours, "_VALUES", 20 * 9)
    monkeypatch.setattr(neighbours, "_QUERIES", 7)
    seen = []

    @contextmanager
    def phase(*said):
        seen.append(said)
        yield lambda count: seen.append(count)

    monkeypatch.setattr(neighbours, "phase", phase)
    x, y = images
    orbit = Orbit.of(SHAPE)
    nearest(orbit.still(x), y, Space(orbit, np.zeros(1)))
    said, *counts = seen
    assert said == ("nearest points", 20 * 70, "pair")
    assert sum(counts) == 20 * 70
