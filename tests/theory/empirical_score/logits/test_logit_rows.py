"""Loops over a row of logits, in plain Python, against whole-array expressions."""

import numpy as np
import pytest

from convergen.theory.empirical_score.logits import logit_rows
from tests.plain_kernels import uncompiled

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    uncompiled(monkeypatch, logit_rows)


def test_rows_are_scaled_copied_and_added():
    row, other = RNG.standard_normal((2, 7))
    assert logit_rows.largest(row) == row.max()
    assert logit_rows.largest(-np.arange(3.0)) == 0.0
    expected = 3.0 * row
    logit_rows.scale(row, 3.0)
    np.testing.assert_array_equal(row, expected)
    logit_rows.add_to(row, 0.5, other)
    np.testing.assert_array_equal(row, expected + 0.5 * other)
    logit_rows.copy(row, other)
    np.testing.assert_array_equal(other, row)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shift", [0.0, 1e-3])
def test_weights_are_exponentials_relative_to_the_top(dtype, shift):
    row = np.array([-3.0, 5.0, 4.5, -30.0, -5000.0]).astype(dtype)
    logits = np.maximum(row.astype(float) - 5.0 - shift, -5000.0)
    first, second, mixed = logit_rows.weigh(row, dtype(5.0), dtype(shift))
    weights = np.exp(logits)
    assert row.dtype == first.dtype == second.dtype == mixed.dtype == dtype
    np.testing.assert_allclose(row, weights, rtol=1e-6 if dtype is np.float32 else 1e-13)
    found = [weights.sum(), (weights**2).sum(), weights @ logits]
    np.testing.assert_allclose([first, second, mixed], found, rtol=1e-6)


@pytest.mark.parametrize(("dtype", "low"), [(np.float32, -43.0), (np.float64, -354.0)])
def test_weights_whose_squares_would_be_subnormal_count_as_nothing(dtype, low):
    row = np.array([0.0, low + 0.5, low - 0.5]).astype(dtype)
    logit_rows.weigh(row, dtype(0.0), dtype(0.0))
    assert row[1] > 0.0
    assert row[1] ** 2 >= np.finfo(dtype).tiny
    assert row[2] == 0.0
    # The bound is where the squares reach the smallest normal number, to a unit of the logit.
    assert 2.0 * (low - 1.0) < np.log(float(np.finfo(dtype).tiny)) < 2.0 * low + 1.0


@pytest.mark.parametrize(
    ("size", "near", "few"),
    [(32, 1, True), (32, 2, False), (640, 20, True), (640, 21, False), (31, 1, False)],
)
def test_one_logit_in_32_is_few(size, near, few):
    row = np.full(size, -9.0)
    # At the end of the row, so that several counts are added.
    row[size - near :] = -1.0
    assert logit_rows.are_few(row, -1.0) == few
    assert logit_rows.are_few(row, -0.5)
    assert logit_rows._count(row, -1.0) == near
