import numpy as np
import pytest

from convergen.empirical.models.solvable.stationary_linear import StationaryDenoiser
from convergen.empirical.models.table import SOLVABLE
from convergen.theory.common.checks import InputError
from tests.empirical.models.solvable.fits import X, check_row, fitted


def images(count=30, shape=(2, 4, 6)):
    return np.random.default_rng(0).standard_normal((count, *shape))


def test_stationary_denoiser_is_the_average_of_the_wiener_filter_over_translations():
    """Against the dense way: covariance averaged over all shifts of the images."""
    data = images(5, (1, 4, 6))
    shifted = [np.roll(data, (i, j), (2, 3)) for i in range(4) for j in range(6)]
    flat = np.concatenate(shifted).reshape(-1, 24)
    covariance = flat.T @ flat / len(flat)
    x = images(3, (1, 4, 6)) + 0.3
    for sigma in (0.1, 2.0):
        wiener = covariance @ np.linalg.inv(covariance + sigma**2 * np.eye(24))
        expected = (x.reshape(3, 24) @ wiener.T).reshape(x.shape)
        np.testing.assert_allclose(StationaryDenoiser(data)(x, sigma), expected, rtol=1e-10)


def test_stationary_denoiser_commutes_with_translations():
    model = StationaryDenoiser(images())
    x = images(2)
    np.testing.assert_allclose(
        model(np.roll(x, (1, 2), (2, 3)), 0.7), np.roll(model(x, 0.7), (1, 2), (2, 3)), rtol=1e-10
    )


def test_vectors_have_no_translations():
    with pytest.raises(InputError, match="needs images"):
        StationaryDenoiser(np.ones((3, 8)))


def test_stationary_models_need_images():
    with pytest.raises(InputError, match="needs images, but a point has shape"):
        SOLVABLE.find("stationary-linear").resolve((24,), {})
    commuting = fitted("stationary-linear")
    moved = np.roll(commuting[1](X, 0.5), (1, 2), (2, 3))
    np.testing.assert_allclose(commuting[1](np.roll(X, (1, 2), (2, 3)), 0.5), moved, atol=1e-12)


def test_the_row():
    check_row("stationary-linear", "--")
