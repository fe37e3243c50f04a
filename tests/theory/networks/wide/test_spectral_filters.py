import numpy as np
import pytest
from scipy.linalg import expm

from convergen.theory.networks.wide.spectral_filters import flow, landmark_ridge, ridge


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    half = rng.standard_normal((12, 9))
    return half @ half.T, rng.standard_normal((12, 3))


def test_ridge_solves_its_equation(problem):
    gram, targets = problem
    found = ridge(gram.copy(), targets, 5.0)
    np.testing.assert_allclose(gram @ found + 12 / 5.0 * found, targets, rtol=1e-9, atol=1e-10)


def test_flow_is_gradient_descent_in_small_steps(problem):
    gram, targets = problem
    found = flow(gram.copy(), targets, 0.7)
    # The answers on the points relax as e^{−τK/N}.
    expected = targets - expm(-0.7 * gram / 12) @ targets
    np.testing.assert_allclose(gram @ found, expected, rtol=1e-9, atol=1e-10)
    steps, slow = 20_000, np.zeros_like(targets)
    for _ in range(steps):
        slow += 0.7 / steps / 12 * (targets - gram @ slow)
    np.testing.assert_allclose(found, slow, atol=1e-3)


def test_flow_of_modes_without_curvature(problem):
    _, targets = problem
    np.testing.assert_allclose(flow(np.zeros((12, 12)), targets, 6.0), targets * 6.0 / 12)


def test_all_points_as_landmarks_is_ridge(problem):
    gram, targets = problem
    gram = gram + np.eye(12)
    blocks = [(gram[:5], targets[:5]), (gram[5:], targets[5:])]
    found = landmark_ridge(gram, blocks, 5.0)
    np.testing.assert_allclose(gram @ found, gram @ ridge(gram.copy(), targets, 5.0), rtol=1e-5)


def test_few_landmarks_minimise_the_penalised_error(problem):
    gram, targets = problem
    gram = gram + np.eye(12)
    found = landmark_ridge(gram[:4, :4], [(gram[:, :4], targets)], 5.0)

    def loss(a):
        return np.sum((targets - gram[:, :4] @ a) ** 2) + 12 / 5.0 * np.sum(a * (gram[:4, :4] @ a))

    rng = np.random.default_rng(1)
    changes = [1e-3 * rng.standard_normal(found.shape) for _ in range(20)]
    assert all(loss(found + change) > loss(found) for change in changes)
