"""Two products with the weights in between, in plain Python, against all weights at once."""

import numpy as np
import pytest

from convergen.theory.empirical_score import many_coordinates
from tests.theory.empirical_score.plain_pass import absorb, check, plain_python, prepared

RNG = np.random.default_rng(0)
KINDS = {np.float64: 1e-11, np.float32: 3e-5}


@pytest.mark.parametrize("dtype", KINDS)
def test_tiles_and_groups_cover_all_points_and_queries(monkeypatch, dtype):
    """Some queries have no use for the second block, others for that alone."""
    plain_python(monkeypatch)
    monkeypatch.setattr(many_coordinates, "_QUERIES", 3)
    y = RNG.standard_normal((90, 40)).astype(dtype)
    y[50:] *= 3.0
    x = np.concatenate([y[[0, 60]], RNG.standard_normal((5, 40)), 3.0 * y[[70, 1]]]).astype(dtype)
    sigma = np.array([0.5, 0.5, 3.0, 4.0, 2.0, 8.0, 30.0, 1.0, 9.0]).astype(dtype)
    training, part = prepared(y, x, sigma, coarse=dtype is np.float32)
    absorb(training, part, block=50)
    check(part, y, x, sigma, KINDS[dtype])


def test_products_are_taken_over_tiles_of_limited_size(monkeypatch):
    shapes = []
    monkeypatch.setattr(
        many_coordinates, "_weigh_products",
        lambda products, points, rows, norms, first, *_: shapes.append(
            (products.shape, len(points), len(rows), len(norms), first)
        ) or 0,
    )  # fmt: skip
    monkeypatch.setattr(many_coordinates, "_QUERIES", 4)
    monkeypatch.setattr(many_coordinates, "_ENTRIES", 4 * 1100)
    y = RNG.standard_normal((1500, 40))
    _, part = prepared(y, y[:6], 1.0)
    many_coordinates.absorb(part, y, np.zeros(1500), 10)
    assert shapes == [
        ((4, 1100), 4, 1100, 1100, 10), ((2, 1100), 2, 1100, 1100, 10),
        ((4, 400), 4, 400, 400, 1110), ((2, 400), 2, 400, 400, 1110),
    ]  # fmt: skip
    shapes.clear()
    # No fewer than 1024 points, however few entries.
    monkeypatch.setattr(many_coordinates, "_ENTRIES", 4)
    many_coordinates.absorb(part, y, np.zeros(1500), 0)
    assert [tile for _, _, tile, _, _ in shapes] == [1024, 1024, 476, 476]


def test_tiles_have_512_queries_and_a_million_products(monkeypatch):
    shapes = []
    monkeypatch.setattr(
        many_coordinates, "_weigh_products",
        lambda products, *_: shapes.append(products.shape) or 0,
    )  # fmt: skip
    y = RNG.standard_normal((2049, 33))
    _, part = prepared(y, y[:513], 1.0)
    many_coordinates.absorb(part, y, np.zeros(2049), 0)
    assert shapes == [(512, 2048), (1, 2048), (512, 1), (1, 1)]


def test_products_become_logits_but_for_the_length_of_the_query(monkeypatch):
    plain_python(monkeypatch)
    y, x = RNG.standard_normal((7, 5)), RNG.standard_normal(5)
    row = y @ x
    best = many_coordinates._scale(row, 0.5 * np.sum(y**2, axis=1), 4.0)
    expected = -2.0 * np.sum((y - x) ** 2, axis=1) + 2.0 * x @ x
    np.testing.assert_allclose(row, expected, rtol=1e-12)
    assert best == row.max()


def test_means_of_active_queries_are_rescaled_and_added_to(monkeypatch):
    plain_python(monkeypatch)
    mean, added = np.arange(12.0).reshape(4, 3), np.ones((2, 3)) * [[1.0], [5.0]]
    many_coordinates._update_means(mean, np.array([1, 3]), np.array([0.5, 2.0]), added)
    np.testing.assert_array_equal(
        mean, [[0, 1, 2], [2.5, 3.0, 3.5], [6, 7, 8], [23.0, 25.0, 27.0]]
    )  # fmt: skip


def test_weights_of_queries_that_need_a_product_move_to_the_first_rows(monkeypatch):
    plain_python(monkeypatch)
    y = RNG.standard_normal((40, 40))
    x = np.concatenate([y[:1] + 1e-3, RNG.standard_normal((2, 40))])
    sigma = np.array([0.01, 20.0, 30.0])
    training, part = prepared(y, x, sigma)
    products = x @ y.T
    active, factors = np.full(3, -1), np.zeros(3)
    count = many_coordinates._weigh_products(
        products, x, y, 0.5 * training.squares, 0, part.limits, part.sums, active, factors
    )
    assert count == 2
    assert active[:2].tolist() == [1, 2]
    # Nothing was there to be rescaled.
    assert factors[:2].tolist() == [0.0, 0.0]
    for row, i in enumerate(active[:2]):
        logits = -0.5 * np.sum((y - x[i]) ** 2, axis=1) / sigma[i] ** 2
        np.testing.assert_allclose(products[row], np.exp(logits - logits.max()), rtol=1e-12)
    # The first, beside which nothing counts, was added at once.
    np.testing.assert_allclose(part.sums.mean[0], y[0], rtol=1e-12)
