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
