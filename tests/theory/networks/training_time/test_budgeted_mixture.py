"""Budgeted mixtures against the mixture density, the linear model and the empirical score."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.networks.local.shrunk_linear import ShrunkLinear
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.networks.training_time.budgeted_mixture import (
    _WIDTHS,
    BudgetedMixture,
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


def test_two_levels_in_a_row_do_not_share_what_is_kept():
    model = BudgetedMixture(IMAGES, 0.3)
    first = model(NOISY, 0.5)
    model(NOISY, 1.0), model.at(0.6)(NOISY, 0.5)
    np.testing.assert_array_equal(model(NOISY, 0.5), first)


def test_a_budget_narrows_it():
    model = BudgetedMixture(IMAGES, 0.8)
    assert model.trained(0.0).width == 0.8
    assert model.trained(12.0).width == pytest.approx(0.8 * np.exp(-2.0))


def test_the_width_denoises_best_what_is_left_out():
    rng = np.random.default_rng(3)
    gaussian = rng.standard_normal((200, 6)) * [3.0, 2.0, 1.0, 1.0, 0.5, 0.5]
    assert BudgetedMixture.fit(gaussian, rng).width >= 0.9
    centres = 6.0 * rng.standard_normal((4, 6))
    clusters = centres[np.arange(200) % 4] + 0.3 * rng.standard_normal((200, 6))
    assert BudgetedMixture.fit(clusters, rng).width <= 0.05


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


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_weights_are_exponentials_of_inner_products(kind):
    """Of 64 centres one row sees all, one four, one five; two own images are left out."""
    halves = np.linspace(-1.0, 1.0, 64).astype(kind)
    logits = np.tile(np.linspace(2.0, -2.0, 64).astype(kind), (3, 1))
    logits[1, 4:] = logits[2, 5:] = -1e4
    rows, own = logits.copy(), np.array([-1, -1, 0])
    sums, few = np.empty(3, kind), np.empty(3, np.bool_)
    _weights(rows, halves, own, 2, sums, few)
    kept = np.where(np.arange(64) < 2 * (own[:, None] == 0), -np.inf, logits)
    weights = np.exp((kept - halves).astype(np.float64))
    weights /= weights.max(axis=1, keepdims=True)
    np.testing.assert_allclose(rows, weights, rtol=1e-5)
    np.testing.assert_allclose(sums, weights.sum(axis=1), rtol=1e-5)
    assert few.tolist() == [False, True, True]
    assert (rows[2] > 0).sum() == 3
