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
    pilot = sample(points(8, 4), center)
    order = _LeadingOrder.of(pilot)
    rows = pilot.left * np.sqrt(pilot.freedom * pilot.eigenvalues)
    root = np.sqrt(pilot.eigenvalues)
    found = []
    for first in combinations(range(8), 3):
        for second in combinations(sorted(set(range(8)) - set(first)), 3):
            parts = rows[np.array([first, second])]
            apart = np.diff([part.T @ part / 3.0 for part in parts], axis=0)[0]
            expected = 0.5 * np.sum((apart / (root[:, None] + root)) ** 2)
            found.append(order.apart(parts)[0, 1])
            assert found[-1] == pytest.approx(expected, rel=1e-10)
    assert np.mean(found) == pytest.approx(order.variance / 3.0, rel=1e-10)


@pytest.mark.parametrize("shape", [None, 1.5], ids=["gaussian", "elliptical"])
def test_few_splits_with_a_control_say_more_than_many(shape, monkeypatch):
    pilot = sample(points(128, 6, 1, shape))
    few = [compare_halves(pilot, np.random.default_rng(seed)) for seed in range(6)]
    monkeypatch.setattr("convergen.theory.pilot.halves._STEADY", np.inf)
    monkeypatch.setattr("convergen.theory.pilot.halves._SPLITS", (200, 200))
    many = compare_halves(pilot, np.random.default_rng(9))
    gaps, errors = np.array([each.gap for each in few]), np.array([each.error for each in few])
    error = np.hypot(many.error, np.sqrt(np.mean(errors**2, axis=0) / 6.0))
    assert np.all(np.abs(np.log(gaps.mean(axis=0) / many.gap)) < 3.5 * error)
    assert np.all(errors[:, 0] < many.error[0])
    # With 200 splits the error would be a fifth of that of eight.
    assert np.all(np.mean(errors[:, :3], axis=0) < 3.5 * many.error[:3])


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


def by_hand(pilot, size, steady, rng, splits):
    """Gap and its error from covariances of all parts of each split, and a fit of two numbers."""
    order, center = _LeadingOrder.of(pilot), pilot.freedom < pilot.points
    rows = pilot.left * np.sqrt(pilot.freedom * pilot.eigenvalues)
    count, root_all = min(len(rows) // size, 24), np.sqrt(pilot.eigenvalues)
    found = []
    for _ in range(splits):
        parts = rows[rng.permutation(len(rows))[: size * count].reshape(count, size)]
        seconds = [part.T @ part / size for part in parts]
        means = [part.mean(axis=0) * center for part in parts]
        scale = size / (size - center)
        own = [scale * (c - np.outer(m, m)) for c, m in zip(seconds, means, strict=True)]
        roots = [root(each) for each in own]
        pairs = list(combinations(range(count), 2))
        apart = np.mean([0.5 * np.sum((roots[i] - roots[j]) ** 2) for i, j in pairs])
        scale = root_all[:, None] + root_all
        lead = [0.5 * np.sum(((seconds[i] - seconds[j]) / scale) ** 2) for i, j in pairs]
        found.append((apart, np.mean([np.trace(each) for each in own]), np.mean(lead)))
    apart, norm, lead = np.array(found).T
    left = apart - apart.mean() / norm.mean() * norm
    slope = np.polyfit(lead, left, 1)[0] if steady else 0.0
    rest = left - left.mean() - slope * (lead - lead.mean())
    gap = (apart.mean() + slope * (order.variance / size - lead.mean())) / norm.mean()
    variance = rest @ rest / (splits - 1 - steady)
    return gap, np.sqrt(variance / splits) / (gap * norm.mean())


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(
    ("count", "dim", "size", "steady"),
    [(14, 12, 6, True), (14, 13, 6, False), (103, 3, 4, True), (17, 4, 5, True), (13, 9, 4, False)],
)
def test_a_level_is_the_mean_of_its_splits(count, dim, size, steady, center, monkeypatch):
    """Half a point a dimension makes the leading order a control; no more than 24 parts."""
    monkeypatch.setattr(halves, "_SPLITS", (5, 5))
    pilot = sample(points(count, dim), center)
    expected = by_hand(pilot, size, steady, np.random.default_rng(3), 5)
    order = _LeadingOrder.of(pilot)
    found = halves._level(pilot, size, order, np.random.default_rng(3))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(14, [7]), (15, [7]), (16, [8, 4]), (38, [19, 9, 4]),
     (4100, [1024, 512, 256, 128, 64, 32, 16, 8, 4])],
)  # fmt: skip
@pytest.mark.parametrize("center", [True, False])
def test_sizes_are_halved_down_to_four_points(count, sizes, center, monkeypatch):
    monkeypatch.setattr(halves, "_level", lambda sample, size, order, rng: (2.0 * size, size))
    left = np.ones((count, 1)) / np.sqrt(count)
    pilot = PilotSample(np.ones(1), left, 8000 - center, 8000, 1)
    found = compare_halves(pilot, np.random.default_rng(0))
    np.testing.assert_array_equal(found.freedom, np.array(sizes) - center)
    np.testing.assert_array_equal(found.gap, 2.0 * np.array(sizes))
    np.testing.assert_array_equal(found.error, sizes)
    assert found.share == count / 8000


@pytest.mark.parametrize(
    ("parts", "steady", "splits"),
    [(2, False, 48), (3, False, 48), (5, False, 38), (12, False, 16), (24, False, 8),
     (2, True, 8), (24, True, 8), (48, True, 4)],
)  # fmt: skip
def test_splits_make_up_192_parts_or_with_a_control_eight(parts, steady, splits):
    assert halves._affordable(4, parts, 3, steady) == splits
    assert halves._affordable(5000, parts, 5000, steady) == 4


@pytest.mark.parametrize(("size", "dim"), [(3, 7), (7, 3)])
def test_operations_of_a_split_are_those_of_eigenvectors_and_products(size, dim, monkeypatch):
    """The smaller of both Gram matrices, 2 n²m there and back, and 32 n³ for eigenvectors."""
    monkeypatch.setattr(halves, "_OPERATIONS", 1e12)
    monkeypatch.setattr(halves, "_SPLITS", (1, 10**12))
    monkeypatch.setattr(halves, "_COMPARED", np.inf)
    operations = 5 * (2 * (2 * 9 * 7) + 32 * 27) + halves._products(5, 3, dim)
    assert halves._affordable(size, 5, dim, False) == int(1e12 / operations)


@pytest.mark.parametrize(("operations", "splits"), [(3e9 / 5, 5), ((3e9 + 0.5) / 5, 4)])
def test_splits_do_three_thousand_million_operations(operations, splits, monkeypatch):
    monkeypatch.setattr(halves, "_products", lambda *_: operations - 36.0)
    assert halves._affordable(1, 1, 1, False) == splits


@pytest.mark.parametrize(
    ("parts", "count", "dim", "whole"),
    [(3, 6, 12, True), (3, 6, 13, False), (2, 2, 2, True), (2, 2, 3, False), (4, 1, 9, False)],
)
def test_roots_are_compared_in_the_cheaper_way(parts, count, dim, whole, monkeypatch):
    used = []
    common = halves._common
    monkeypatch.setattr(halves, "_common", lambda rows: used.append(rows) or common(rows))
    roots = np.random.default_rng(0).standard_normal((parts, count, dim))
    apart, norm = halves._apart(roots)
    assert bool(used) == whole
    squares = np.array([each.T @ each for each in roots])
    for i in range(parts):
        for j in range(parts):
            wanted = 0.5 * np.sum((squares[i] - squares[j]) ** 2)
            assert apart[i, j] == pytest.approx(wanted, rel=1e-9, abs=1e-9)
            traces = np.sum(squares[i] ** 2) + np.sum(squares[j] ** 2)
            assert norm[i, j] == pytest.approx(0.5 * traces, rel=1e-12)


def test_strips_hold_a_fixed_number_of_values():
    assert halves._strip(1, 2**13) == 2**10
    assert halves._strip(24, 1000) == 2**23 // 24000
    assert halves._strip(24, 2**20) == 1


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("shape", [(2, 5, 9), (3, 9, 5), (2, 6, 6)])
def test_roots_are_those_of_singular_values(shape, centred):
    rows = np.random.default_rng(0).standard_normal(shape) + 1.0
    found = halves._roots(rows.copy(), centred)
    for part, own in zip(rows, found, strict=True):
        part = part - part.mean(axis=0) * centred
        _, sizes, right = np.linalg.svd(part / np.sqrt(len(part) - centred), full_matrices=False)
        assert own.shape == (min(shape[1:]), shape[2])
        # A direction without variance adds nothing, not even the root of a rounding error.
        np.testing.assert_allclose(own.T @ own, (right.T * sizes) @ right, atol=1e-13)


@pytest.mark.parametrize("count", [160, 201])
def test_far_end_takes_off_what_halves_lack(count):
    """From four points a dimension on; a bias ∝ 1/N is undone by that of random halves."""
    data = points(count, 40, 2, 1.5) - 2.0
    pilot = sample(data)
    found = far_end(pilot, 40.0, np.random.default_rng(3))
    centred = data - data.mean(axis=0)
    order, half = np.random.default_rng(3).permutation(count), count // 2
    parts = [large_sample_gap(centred[order[at : at + half]]).ratio for at in (0, half)]
    whole = large_sample_gap(data)
    step = (whole.ratio - np.mean(parts)) / (1.0 / half - 1.0 / count)
    assert found.ratio == pytest.approx(whole.ratio + step / count, rel=1e-9)
    assert found.error == pytest.approx(whole.error / whole.constant, rel=1e-9)


def test_directions_without_variance_count_for_nothing():
    rows = points(60, 3, 1) - 2.0
    seen = halves._own_ratio(rows)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    assert halves._own_ratio(rows @ turn[:3]) == pytest.approx(seen, rel=1e-9)
    assert halves._own_ratio(np.insert(rows, 1, 0.0, axis=1)) == pytest.approx(seen, rel=1e-9)
