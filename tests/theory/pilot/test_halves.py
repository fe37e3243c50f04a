from itertools import combinations

import numpy as np
import pytest

from convergen import theory
from convergen.theory.linear.elliptical.fourth_moments import large_sample_gap
from convergen.theory.pilot import halves
from convergen.theory.pilot.halves import _LeadingOrder, compare_halves, far_end
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.spectra.principal_components import principal_components


def points(count, dim, seed=0, shape=None):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((count, dim)) / np.sqrt(np.arange(1.0, dim + 1.0)) + 2.0
    if shape is not None:
        data = 2.0 + (data - 2.0) * np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))
    return data


def sample(data, center=True):
    return PilotSample.of(data, principal_components(data, center=center), center)


def root(rows):
    values, vectors = np.linalg.eigh(rows)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("count", "dim"), [(16, 40), (40, 12)])
def test_gap_of_the_first_split_is_that_of_covariance_roots(count, dim, center, monkeypatch):
    monkeypatch.setattr("convergen.theory.pilot.halves._SPLITS", (2, 2))
    monkeypatch.setattr("convergen.theory.pilot.halves._STEADY", np.inf)
    data = points(count, dim)
    found = compare_halves(sample(data, center), np.random.default_rng(5))
    rng, half = np.random.default_rng(5), count // 2
    apart = norm = 0.0
    for _ in range(2):
        order = rng.permutation(count)
        covariances = []
        for part in (data[order[:half]], data[order[half:]]):
            scale = half - 1.0 if center else half
            rows = part - part.mean(axis=0) if center else part
            covariances.append(rows.T @ rows / scale)
        apart += 0.5 * np.sum((root(covariances[0]) - root(covariances[1])) ** 2)
        norm += 0.5 * sum(np.trace(each) for each in covariances)
    assert found.gap[0] == pytest.approx(apart / norm, rel=1e-6)
    assert found.freedom[0] == half - center
    sizes = np.array([half, half // 2] + [half // 4] * (half >= 16))
    np.testing.assert_array_equal(found.freedom, sizes - center)


def test_gaps_are_those_of_the_law():
    spectrum = theory.Spectrum.power_law(80, 1.0)
    logs = []
    for seed in range(8):
        found = compare_halves(sample(points(128, 80, seed)), np.random.default_rng(seed))
        law = 1.0 - theory.convergence(spectrum, found.freedom)
        # Of fewer than ten points the law, a limit, is a few per cent off.
        logs.append(np.log(found.gap / law)[:3])
    error = np.std(logs, axis=0, ddof=1) / np.sqrt(8.0)
    assert np.all(np.abs(np.mean(logs, axis=0)) < 3.5 * error + 1.0 / found.freedom[:3])
    assert np.all(error < 0.02)


@pytest.mark.parametrize("center", [True, False])
def test_leading_order_has_its_mean_over_all_splits(center):
    pilot = sample(points(9, 4), center)
    order = _LeadingOrder.of(pilot)
    rows = pilot.left * np.sqrt(pilot.freedom * pilot.eigenvalues)
    root = np.sqrt(pilot.eigenvalues)
    found = []
    for first in combinations(range(9), 3):
        for second in combinations(sorted(set(range(9)) - set(first)), 3):
            parts = rows[np.array([first, second])]
            apart = np.diff([part.T @ part / 3.0 for part in parts], axis=0)[0]
            expected = 0.5 * np.sum((apart / (root[:, None] + root)) ** 2)
            found.append(order.apart(parts)[0, 1])
            assert found[-1] == pytest.approx(expected, rel=1e-10)
    assert np.mean(found) == pytest.approx(order.variance / 3.0, rel=1e-10)


@pytest.mark.parametrize("shape", [None, 1.5], ids=["gaussian", "elliptical"])
def test_few_splits_with_a_control_say_more_than_hundreds(shape, monkeypatch):
    pilot = sample(points(128, 6, 1, shape))
    few = [compare_halves(pilot, np.random.default_rng(seed)) for seed in range(6)]
    monkeypatch.setattr("convergen.theory.pilot.halves._STEADY", np.inf)
    monkeypatch.setattr("convergen.theory.pilot.halves._SPLITS", (600, 600))
    many = compare_halves(pilot, np.random.default_rng(9))
    gaps, errors = np.array([each.gap for each in few]), np.array([each.error for each in few])
    error = np.hypot(many.error, np.sqrt(np.mean(errors**2, axis=0) / 6.0))
    assert np.all(np.abs(np.log(gaps.mean(axis=0) / many.gap)) < 3.5 * error)
    assert np.all(errors[:, 0] < many.error[0])
    # With 600 splits the error would be an eleventh of that of five.
    assert np.all(np.mean(errors[:, :3], axis=0) < 6.0 * many.error[:3])


@pytest.mark.parametrize("dim", [30, 7], ids=["plain", "control"])
@pytest.mark.parametrize("shape", [None, 1.5], ids=["gaussian", "elliptical"])
def test_errors_are_what_other_splits_of_the_pilot_change(shape, dim):
    pilot = sample(points(48, dim, 3, shape))
    found = [compare_halves(pilot, np.random.default_rng(seed)) for seed in range(24)]
    scatter = np.std(np.log([each.gap for each in found]), axis=0, ddof=1)
    error = np.sqrt(np.mean([each.error**2 for each in found], axis=0))
    np.testing.assert_allclose(error, scatter, rtol=0.45)
    assert found[0].share == 1.0


def test_large_pilots_are_compared_in_parts_of_1024():
    found = compare_halves(sample(points(2300, 5)), np.random.default_rng(0))
    np.testing.assert_array_equal(found.freedom[:2], [1023, 511])
    assert np.all(np.diff(found.gap) > 0.0)


def test_far_end_is_that_of_the_law_and_not_of_the_sample():
    """Fourth moments of 240 points in 40 dimensions are 10 % too small; halves say how much."""
    truth = large_sample_gap(points(60_000, 40, 99, 1.5)).ratio
    plain, mended = [], []
    for seed in range(8):
        data = points(240, 40, seed, 1.5)
        found = far_end(sample(data), 40.0, np.random.default_rng(seed))
        plain.append(large_sample_gap(data).ratio)
        mended.append(found.ratio)
        assert 0.01 < found.error < 0.15
    assert np.mean(plain) < 0.95 * truth
    assert np.mean(mended) == pytest.approx(truth, rel=0.05)
    assert abs(np.mean(mended) - truth) < 0.6 * abs(np.mean(plain) - truth)


def test_few_points_do_not_show_their_fourth_moments():
    few = sample(points(159, 40))
    assert far_end(few, 40.0, np.random.default_rng(0)) is None
    assert far_end(few, 39.0, np.random.default_rng(0)) is not None


def test_square_roots_are_compared_in_strips(monkeypatch):
    data = points(200, 7)
    whole = compare_halves(sample(data), np.random.default_rng(5))
    monkeypatch.setattr("convergen.theory.pilot.halves._VALUES", 50)
    strips = compare_halves(sample(data), np.random.default_rng(5))
    np.testing.assert_allclose(strips.gap, whole.gap, rtol=1e-12)
    np.testing.assert_allclose(strips.error, whole.error, rtol=1e-10)


@pytest.mark.parametrize(("parts", "count", "dim"), [(2, 3, 50), (6, 40, 12), (4, 9, 9)])
def test_operations_of_the_cheaper_way_to_compare_roots(parts, count, dim):
    """(m, k) by (k, n) is 2mkn: RᵀR of every part and their products, or products of all rows."""
    squares = parts * 2 * dim * count * dim + 2 * parts * dim**2 * parts
    rows = 2 * (parts * count) * dim * (parts * count)
    assert halves._products(parts, count, dim) == min(squares, rows)
