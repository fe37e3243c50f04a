import numpy as np
import pytest
from scipy.linalg import sqrtm

from convergen.empirical.measure.fidelity import (
    bures_wasserstein,
    covariance_error,
    sliced_wasserstein,
)
from convergen.theory.common.checks import InputError
from convergen.theory.spectra.spectrum import Spectrum


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


# ---------------------------------------------------------------------------- Bures–Wasserstein

VARIANCES = np.array([5.0, 2.0, 1.0, 0.5, 0.25])
AXES = np.linalg.qr(drawn(8, 5, 10))[0]
TRUTH = Spectrum.from_eigenvalues([*VARIANCES, 0.0], [1, 1, 1, 1, 1, 3], eigenvectors=AXES)


def bures(covariance):
    """W₂²/Tr Σ by matrix roots; the truth fills five of eight dimensions."""
    root = (AXES * np.sqrt(VARIANCES)) @ AXES.T
    cross = np.trace(sqrtm(root @ covariance @ root)).real
    return (VARIANCES.sum() + np.trace(covariance) - 2.0 * cross) / VARIANCES.sum()


def test_bures_wasserstein_against_matrix_roots():
    for count in (3, 40):  # fewer points than factors, and more
        points = drawn(count, 8, count) * 1.3
        found = bures_wasserstein(points.reshape(count, 2, 4), TRUTH, fresh=False)
        assert found == pytest.approx(bures(points.T @ points / count), abs=1e-7)
    exact = np.sqrt(8.0) * np.linalg.qr(drawn(8, 5, 11))[0] * np.sqrt(VARIANCES) @ AXES.T
    assert bures_wasserstein(exact, TRUTH, fresh=False) == pytest.approx(0.0, abs=1e-12)
    assert bures_wasserstein(2.0 * exact, TRUTH, fresh=False) == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1.0, 1.2])
def test_independent_draws_scatter_around_the_distance_of_their_law(scale):
    root = scale * np.sqrt(VARIANCES)[:, None] * AXES.T
    exact = (scale - 1.0) ** 2
    points = [drawn(100, 5, 20 + seed) @ root for seed in range(100)]
    plain, less_bias = (
        np.array([bures_wasserstein(x, TRUTH, fresh=fresh) for x in points])
        for fresh in (False, True)
    )
    stderr = less_bias.std(ddof=1) / 10.0
    assert abs(less_bias.mean() - exact) < 4.0 * stderr
    assert plain.mean() - exact > 4.0 * stderr


# ----------------------------------------------------------------------- sliced Wasserstein


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
    with pytest.raises(InputError, match="4 coordinates and the reference 3"):
        sliced_wasserstein(drawn(5, 4, 0), drawn(5, 3, 0), 8, seed=0)
