import numpy as np
import pytest

from convergen.empirical.data import standard_units
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def points(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("center", ["data", "none"])
def test_standard_units(rng, center):
    raw = 3.0 * rng.standard_normal((50, 12)) + np.arange(12)
    data = standardised(raw, (3, 2, 2), name="raw", center=center)
    mean = raw.mean(axis=0) if center == "data" else np.zeros(12)
    scale = np.sqrt(np.mean((raw - mean) ** 2))
    assert data.scale == pytest.approx(scale, rel=1e-12)
    np.testing.assert_allclose(np.ravel(data.mean) * np.ones(12), mean, atol=1e-12)
    np.testing.assert_allclose(data.flat, (raw - mean) / scale, rtol=1e-6, atol=1e-7)
    assert data.shape == (3, 2, 2)
    assert data.dim == 12
    assert len(data) == 50


def test_large_offset_costs_no_digits(rng):
    raw = rng.standard_normal((40, 5))
    far = standardised(raw + 2.0**33, (5,), name="far")
    near = standardised((raw + 2.0**33) - 2.0**33, (5,), name="near")
    np.testing.assert_array_equal(far.points, near.points)


def test_standardised_in_place_equals_new_memory(rng):
    raw = points(rng, 30, 6)
    fresh = standardised(raw.copy(), (6,), name="x")
    placed = standardised(raw, (6,), name="x", out=raw)
    np.testing.assert_array_equal(placed.points, fresh.points)
    np.testing.assert_array_equal(raw, fresh.points)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((4, 3), 0.1), "do not vary"),
        (np.array([[0.0, 1.0], [np.nan, 0.0]]), "NaN"),
        (np.array([[np.inf, 1.0], [1.0, 0.0]]), "NaN or infinite"),
        (np.array([[1e300, 1.0], [-1e300, 0.0]]), "points of x are too large: give other data"),
        (np.array([[1e308, 1.0], [-1e308, 0.0]]), "too large"),
    ],
)
def test_points_of_no_use(values, words):
    with pytest.raises(InputError, match=words):
        standardised(values, values.shape[1:], name="x")


def test_unknown_center(rng):
    with pytest.raises(InputError, match="center must be"):
        standardised(points(rng, 4, 3), (3,), name="x", center="mean")


@pytest.mark.parametrize("center", ["data", "none"])
def test_blocks_of_rows_make_no_difference(rng, monkeypatch, center):
    raw = points(rng, 7, 3) + 5.0
    whole = standardised(raw, (3,), name="x", center=center)
    monkeypatch.setattr(
        standard_units, "row_blocks", lambda rows: (rows[i : i + 3] for i in range(0, len(rows), 3))
    )
    found = standardised(raw, (3,), name="x", center=center)
    np.testing.assert_allclose(found.points, whole.points, rtol=1e-6)
    assert found.scale == pytest.approx(whole.scale, rel=1e-12)
    assert found.truth is None
