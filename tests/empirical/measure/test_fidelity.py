import numpy as np
import pytest

from convergen.empirical.measure.fidelity import covariance_error, sliced_wasserstein
from convergen.theory.common.checks import InputError


def drawn(count, dim, seed):
    return np.random.default_rng([6, seed]).standard_normal((count, dim))


def test_covariance_error_by_hand():
    points = np.array([[2.0, 0.0], [0.0, 1.0]])
    # The second moment is diag(2, 1/2).
    assert covariance_error(points, np.eye(2)) == pytest.approx(np.sqrt(1.25 / 2.0))
    assert covariance_error(points, np.diag([2.0, 0.5])) == 0.0


def test_covariance_error_of_the_truth_is_that_of_its_draws():
    """E|C − 1|² = (d² + d)/draws for isotropic points, relative to |1|² = d."""
    squares = [covariance_error(drawn(100, 10, seed), np.eye(10)) ** 2 for seed in range(60)]
    stderr = np.std(squares, ddof=1) / np.sqrt(60)
    assert abs(np.mean(squares) - 11.0 / 100.0) < 4.0 * stderr


def test_wasserstein_of_a_shift_is_its_mean_projection():
    """Points shifted by s: W₂² is the mean of ⟨s, u⟩² over directions, |s|²/d."""
    points, shift = drawn(60, 5, 0), np.array([3.0, 0.0, 4.0, 0.0, 0.0])
    found = sliced_wasserstein(points + shift, points, 4000, seed=1)
    # The variance of ⟨s, u⟩²/|s|² is 2 (d − 1)/(d² (d + 2)).
    stderr = np.sqrt(2 * 4 / (25 * 7) / 4000)
    assert abs(found**2 / 25.0 - 1.0 / 5.0) < 4.0 * stderr


def test_wasserstein_in_one_dimension_is_that_of_sorted_points():
    x, y = drawn(50, 1, 1), 2.0 * drawn(50, 1, 2) + 1.0
    expected = np.sqrt(np.mean((np.sort(x[:, 0]) - np.sort(y[:, 0])) ** 2))
    assert sliced_wasserstein(x, y, 3, seed=0) == pytest.approx(expected)


def test_wasserstein_takes_images_and_repeats():
    x, y = drawn(20, 16, 3).reshape(20, 1, 4, 4), drawn(30, 16, 4)
    found = sliced_wasserstein(x, y, 32, seed=5)
    assert found == sliced_wasserstein(x.reshape(20, 16), y, 32, seed=5)
    assert found != sliced_wasserstein(x, y, 32, seed=6)
    assert sliced_wasserstein(x, x, 32, seed=5) == pytest.approx(0.0, abs=1e-7)


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="3 coordinates and the reference 4"):
        sliced_wasserstein(drawn(5, 3, 0), drawn(5, 4, 0), 8, seed=0)
