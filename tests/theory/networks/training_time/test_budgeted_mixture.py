"""Budgeted mixtures against the mixture density, the linear model and the empirical score."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.networks.local.left_out import draw_queries
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.networks.training_time import budgeted_mixture as module
from convergen.theory.networks.training_time.budgeted_mixture import (
    _WIDTHS,
    BudgetedMixture,
    _add_few,
    _exponentials,
    _lower,
    _weighed,
    _weights,
)

NONE = Orbit()
RNG = np.random.default_rng(2)
IMAGES = RNG.standard_normal((6, 1, 4, 4)) * np.linspace(0.5, 2, 16).reshape(4, 4)
NOISY = RNG.standard_normal((5, 1, 4, 4)) * 2
LEVELS = np.array([0.1, 0.5, 0.5, 1.0, 4.0])


def covariance(points, orbit=NONE):
    model = ShrunkLinear(points, orbit)
    return (model.vectors * model.values) @ model.vectors.T


def test_widths_that_are_tried_rise_from_none_to_all_by_a_tenth_at_most():
    steps = np.diff(_WIDTHS)
    assert (_WIDTHS[0], _WIDTHS[-1]) == (0.0, 1.0)
    assert np.all((steps > 0.0) & (steps < 0.1001))


def test_it_is_the_posterior_mean_of_its_mixture():
    found = BudgetedMixture(IMAGES, 0.3)(NOISY, LEVELS)
    means = np.sqrt(0.7) * IMAGES.reshape(6, -1)
    law = GaussianMixture(np.full(6, 1 / 6), means, 0.3 * np.stack([covariance(IMAGES)] * 6))
    np.testing.assert_allclose(found.reshape(5, -1), law(NOISY.reshape(5, -1), LEVELS), rtol=1e-8)


@pytest.mark.parametrize("orbit", [NONE, Orbit(2)])
def test_its_ends_are_the_linear_model_and_the_empirical_score(orbit):
    linear, memory = (BudgetedMixture(IMAGES, width, orbit) for width in (1.0, 0.0))
    np.testing.assert_allclose(linear(NOISY, LEVELS), ShrunkLinear(IMAGES, orbit)(NOISY, LEVELS))
    np.testing.assert_allclose(
        memory(NOISY, LEVELS), EmpiricalScore(orbit.of(IMAGES))(NOISY, LEVELS), rtol=1e-8
    )


def test_what_is_left_out_has_no_weight():
    model = BudgetedMixture(IMAGES, 0.2, Orbit(2))
    x, own = NOISY.reshape(5, -1), np.array([2, 0, 5, 1, 1])
    found = model._means(x, LEVELS, own)
    for i, row in enumerate(own):
        rest = Orbit(2).of(np.delete(IMAGES, row, axis=0)).reshape(-1, 16)
        shared = 0.2 * covariance(IMAGES, Orbit(2))
        count = len(rest)
        law = GaussianMixture(
            np.full(count, 1 / count), np.sqrt(0.8) * rest, np.stack([shared] * count)
        )
        np.testing.assert_allclose(found[i], law(x[i : i + 1], LEVELS[i])[0], rtol=1e-8)


def test_points_of_two_levels_are_denoised_each_at_its_own():
    model, levels = BudgetedMixture(IMAGES, 0.3), np.array([0.5, 2.0, 0.5, 2.0, 2.0])
    alone = [model(NOISY[i : i + 1], levels[i]) for i in range(5)]
    np.testing.assert_allclose(model(NOISY, levels), np.concatenate(alone), rtol=1e-9)


@pytest.mark.parametrize(("centres", "rows"), [(6, 2**20 // 6), (2**20, 32)])
def test_tiles_hold_a_million_products_or_32_rows(monkeypatch, centres, rows):
    model, tiles = BudgetedMixture(IMAGES, 0.3), []
    model._centres = np.broadcast_to(0.0, (centres, 16))
    monkeypatch.setattr(
        BudgetedMixture, "_tile",
        lambda self, x, sigma, own, out, part: tiles.append((part.start, len(x), len(own))),
    )  # fmt: skip
    x = np.broadcast_to(np.float32(0.0), (rows + 1, 16))
    model._denoise(x, np.ones(rows + 1, np.float32))
    assert tiles == [(0, rows, rows), (rows, 1, 1)]


def test_two_levels_in_a_row_do_not_share_what_is_kept():
    model = BudgetedMixture(IMAGES, 0.3)
    first = model(NOISY, 0.5)
    model(NOISY, 1.0), model.at(0.6)(NOISY, 0.5)
    np.testing.assert_array_equal(model(NOISY, 0.5), first)


def test_calls_at_one_level_share_what_is_kept():
    model = BudgetedMixture(IMAGES, 0.3)
    assert model._level(0.5, np.float64) is model._level(0.5, np.float64)


def test_a_budget_narrows_it():
    model = BudgetedMixture(IMAGES, 0.8)
    assert model.power == 1.0
    assert model.trained(0.0).width == 0.8
    assert model.trained(12.0).width == pytest.approx(0.8 * np.exp(-2.0))


def test_the_width_denoises_best_what_is_left_out():
    rng = np.random.default_rng(3)
    gaussian = rng.standard_normal((200, 6)) * [3.0, 2.0, 1.0, 1.0, 0.5, 0.5]
    assert BudgetedMixture.fit(gaussian, rng).width >= 0.9
    centres = 6.0 * rng.standard_normal((4, 6))
    clusters = centres[np.arange(200) % 4] + 0.3 * rng.standard_normal((200, 6))
    assert BudgetedMixture.fit(clusters, rng).width <= 0.05


@pytest.mark.parametrize(("excess", "best"), [(0.99, 0.3), (1.01, 0.7)])
def test_errors_at_five_levels_count_by_one_plus_the_inverse_square(monkeypatch, excess, best):
    """Width 0.7 errs at the lowest level alone, width 0.3 at all others, by about as much."""
    seen, unit = {}, np.sqrt(np.mean(IMAGES**2))
    own, clean, noise = draw_queries(IMAGES.reshape(6, 16), np.random.default_rng(4), 256)
    rest = sum(1.0 + level**-2 for level in (0.2, 0.5, 1.0, 2.0))

    def answers(self, x, sigma, given):
        np.testing.assert_array_equal(given, own)
        np.testing.assert_allclose(x, clean + sigma[:, None] * noise)
        level = float(sigma[0]) / unit
        seen.setdefault(self.width, []).append(level)
        lowest = level < 0.15
        error = {0.7: lowest / 101.0, 0.3: (not lowest) * excess / rest}.get(self.width, 1.0)
        return clean + np.sqrt(error)

    monkeypatch.setattr(BudgetedMixture, "_means", answers)
    assert BudgetedMixture.fit(IMAGES, np.random.default_rng(4)).width == best
    assert sorted(seen) == sorted(_WIDTHS)
    for levels in seen.values():
        np.testing.assert_allclose(levels, [0.1, 0.2, 0.5, 1.0, 2.0], rtol=1e-9)


@pytest.mark.parametrize("width", [-0.1, 1.1, np.nan])
def test_widths_outside_of_their_range_are_refused(width):
    with pytest.raises(InputError, match="between 0 and 1"):
        BudgetedMixture(IMAGES, width)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rows_of_few_weights_and_of_many_are_summed_alike(kind):
    """Of 200 centres some rows see one, some a few blocks apart, some all."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((200, 16)).astype(kind)
    weights = np.zeros((4, 200), dtype=kind)
    weights[0, [3, 70, 199]] = 0.2, 0.3, 0.5
    weights[1] = 1.0 / 200
    weights[2, 64] = 1.0
    weights[3, :13] = 1.0 / 13
    few = np.array([True, False, True, False])
    for rows in ([0, 1, 2, 3], [0, 2], [1, 3]):
        found = _weighed(weights[rows], few[rows], centres)
        np.testing.assert_allclose(found, weights[rows] @ centres, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("count", "few", "apart"), [(8, 2, False), (8, 3, True), (11, 2, False), (11, 3, True)]
)
def test_rows_are_taken_apart_if_more_than_a_quarter_have_few_weights(
    monkeypatch, count, few, apart
):
    called = []
    monkeypatch.setattr(module, "_add_few", lambda *given: called.append(given))
    _weighed(np.zeros((count, 4)), np.arange(count) < few, np.zeros((4, 2)))
    assert bool(called) == apart


def test_of_rows_with_few_weights_other_centres_are_not_looked_at():
    centres = np.random.default_rng(6).standard_normal((130, 16))
    weights = np.zeros((2, 130))
    weights[0, [0, 63, 64, 129]] = 0.1, 0.2, 0.3, 0.4
    expected = weights[0] @ centres
    centres[weights[0] == 0.0] = np.nan
    means = np.zeros((2, 16))
    _add_few(weights, np.array([True, False]), centres, means)
    np.testing.assert_allclose(means[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(means[1], 0.0)


@pytest.mark.parametrize(("kind", "least"), [(np.float32, -43.0), (np.float64, -354.0)])
def test_weights_whose_squares_are_no_normal_numbers_are_zero(kind, least):
    row = np.array([5.0, 5.0 + least + 0.5, 5.0 + least - 0.5], dtype=kind)
    total, count = _exponentials(row, kind(5.0))
    assert (total, count) == (1.0, 2.0)
    assert row[0] == 1.0
    assert row[1] == pytest.approx(np.exp(least + 0.5), rel=1e-5)
    assert row[2] == 0.0


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("size", [63, 64])
def test_weights_are_exponentials_of_inner_products(kind, size):
    """Rows see all, four or five; the largest is neither the first nor the last; two left out."""
    halves = np.cos(np.arange(size)).astype(kind)
    halves[[0, 1, -1]] = 4.0, -4.0, -4.0
    logits = np.tile(np.linspace(2.0, -2.0, size).astype(kind), (3, 1))
    logits[:, 0] += 9.0
    logits[1, 4:] = logits[2, 5:] = -1e4
    rows, own = logits.copy(), np.array([-1, -1, 0])
    sums, few = np.empty(3, kind), np.empty(3, np.bool_)
    _weights(rows, halves, own, 2, sums, few)
    kept = np.where(np.arange(size) < 2 * (own[:, None] == 0), -np.inf, logits)
    weights = np.exp((kept - halves).astype(np.float64))
    weights /= weights.max(axis=1, keepdims=True)
    np.testing.assert_allclose(rows, weights, rtol=2e-5)
    np.testing.assert_allclose(sums, weights.sum(axis=1), rtol=1e-5)
    # Four of 64 are few, of 63 they are not.
    assert few.tolist() == [False, size == 64, True]
    assert (rows[2] > 0).sum() == 3


@pytest.mark.parametrize(
    ("row", "halves"),
    [([0.0, 9.0, 9.0], [0.0, 20.0, 20.0]), ([9.0, 0.0, 0.0], [4.0, -1.0, -1.0]),
     ([0.0, 3.0, 1.0], [1.0, 1.0, 1.0])],
)  # fmt: skip
def test_the_largest_logit_is_that_of_a_centre_with_its_own_size(row, halves):
    logits, sizes = np.array(row), np.array(halves)
    expected = logits - sizes
    assert _lower(logits, sizes) == expected.max()
    np.testing.assert_array_equal(logits, expected)
