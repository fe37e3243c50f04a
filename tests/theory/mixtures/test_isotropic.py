"""Mixtures of isotropic components, far from the origin of their products."""

import numpy as np
import pytest

from convergen.theory.mixtures import isotropic


@pytest.mark.parametrize("gathered", [1, 7, 2**21])
def test_squares_that_lose_digits_are_computed_again_in_blocks(monkeypatch, gathered):
    monkeypatch.setattr(isotropic, "_GATHER", gathered)
    rng = np.random.default_rng(0)
    means = 1e6 * rng.standard_normal((4, 3))
    x = means[[0, 1, 2, 3, 0]] + rng.standard_normal((5, 3))
    weights, variances = np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 2.0, 0.5, 1.5])
    found = isotropic.log_joint(x, np.full((1, 1), 0.25), weights, means, variances)
    total = variances + 0.25
    squares = np.sum((x[:, None] - means) ** 2, axis=2)
    exact = np.log(weights) - 1.5 * np.log(2.0 * np.pi * total) - 0.5 * squares / total
    near = exact > exact.max(axis=1, keepdims=True) - 45.0
    assert near.sum() == 5
    np.testing.assert_allclose(found[near], exact[near], rtol=1e-9)


def test_two_million_numbers_are_gathered_at_a_time_and_one_pair_at_least():
    sizes = [isotropic._gathered(dim) for dim in (1, 2**20, 2**20 + 1, 2**22)]
    assert sizes == [2**21, 2, 1, 1]


def test_squares_are_computed_again_where_a_component_counts_by_its_own_width():
    """Two wide components near each other: neither is negligible, whatever the unit of the data."""
    rng = np.random.default_rng(3)
    means = 1e3 * (1e6 * rng.standard_normal((1, 3)) + rng.standard_normal((2, 3)))
    x = means[[0, 1, 0, 1]] + 1e3 * rng.standard_normal((4, 3))
    weights, variances = np.array([0.4, 0.6]), 1e6 * np.array([1.0, 2.0])
    # The origin is that of the mixture: a third component far away keeps it from both.
    means, weights = np.vstack([means, -means[:1]]), np.append(0.5 * weights, 0.5)
    variances = np.append(variances, 1e6)
    found = isotropic.log_joint(x, np.zeros((1, 1)), weights, means, variances)
    squares = np.sum((x[:, None] - means) ** 2, axis=2)
    exact = np.log(weights) - 1.5 * np.log(2.0 * np.pi * variances) - 0.5 * squares / variances
    np.testing.assert_allclose(found[:, :2], exact[:, :2], rtol=1e-9)


def test_offsets_of_all_components_are_combined_and_nothing_cancels():
    rng = np.random.default_rng(1)
    x, means = rng.standard_normal((4, 3)), rng.standard_normal((5, 3))
    weights, factors = rng.dirichlet(np.ones(5), 4), rng.random(5)
    expected = np.einsum("bc,c,bcd->bd", weights, factors, x[:, None] - means)
    for given in (factors, np.tile(factors, (4, 1))):
        np.testing.assert_allclose(
            isotropic.combined(x, weights, given, means), expected, rtol=1e-9, atol=1e-12
        )
    # All of the weight on a component far away, and the point a hair beside it.
    alone, far = np.zeros((1, 5)), 1e12 + means
    alone[0, 2] = 1.0
    near = far[2] * (1.0 + 1e-15)
    np.testing.assert_array_equal(
        isotropic.combined(near[None], alone, np.full(5, 2.0), far), 2.0 * (near - far[2])[None]
    )


def test_densities_of_components_near_each_other():
    rng = np.random.default_rng(2)
    x, means = rng.standard_normal((6, 3)), rng.standard_normal((2, 3))
    weights, variances, noise = np.array([0.3, 0.7]), np.array([1.0, 0.2]), np.full((6, 1), 0.1)
    total = variances + 0.1
    squares = np.sum((x[:, None] - means) ** 2, axis=2)
    exact = np.log(weights) - 1.5 * np.log(2.0 * np.pi * total) - 0.5 * squares / total
    found = isotropic.log_joint(x, noise, weights, means, variances)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_component_counts_up_to_45_nats_below_the_best_one():
    """Widths are 1 and coordinates 1e6: what is left to the product has errors of about 1e-4."""
    base, along = 1e6 * np.array([0.7, -0.4, 0.9]), np.array([0.6, 0.8, 0.0])
    gaps = np.array([0.0, 44.6, 45.4])
    means = np.vstack([base + np.sqrt(2.0 * gaps)[:, None] * along, -base])
    weights, variances = np.array([0.125, 0.125, 0.125, 0.625]), np.ones(4)
    # The second point is far from all three: the nearest counts nonetheless.
    x = np.vstack([base, base + np.array([0.0, 0.0, 100.0])])
    found = isotropic.log_joint(x, np.zeros((1, 1)), weights, means, variances)
    squares = np.sum((x[:, None] - means) ** 2, axis=2)
    exact = np.log(weights) - 1.5 * np.log(2.0 * np.pi) - 0.5 * squares
    error = np.abs(found - exact)[:, :3]
    assert error[0, :2].max() < 1e-9
    assert error[0, 2] > 1e-7
    assert error[1, 0] < 1e-9
