"""The linear denoiser of a training set, against its formula with dense matrices."""

import numpy as np
import pytest

from convergen.theory import LinearDenoiser
from convergen.theory.common.checks import InputError

POINTS = np.random.default_rng(0).standard_normal((12, 2, 2)) * [[3.0, 1.0], [1.0, 0.5]] + 1.0


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("samples", [3, 12])
def test_it_is_the_wiener_filter_of_mean_and_covariance(samples, ridge, center):
    data = POINTS[:samples].reshape(samples, 4)
    mean = data.mean(axis=0) if center else np.zeros(4)
    law = (data - mean).T @ (data - mean) / samples + ridge * np.eye(4)
    x, sigma = np.arange(8.0).reshape(2, 4), 0.7
    expected = mean + (x - mean) @ np.linalg.inv(law + sigma**2 * np.eye(4)) @ law
    found = LinearDenoiser.fit(POINTS[:samples], ridge, center=center)
    np.testing.assert_allclose(found(x.reshape(2, 2, 2), sigma).reshape(2, 4), expected, rtol=1e-9)
    assert (found.samples, found.ridge, found.shape) == (samples, ridge, (2, 2))
    assert found.spectrum.source == f"linear model of {samples} samples, ridge {ridge:g}"


def test_the_mean_is_fitted_and_there_is_no_ridge_unless_it_is_said():
    found, same = LinearDenoiser.fit(POINTS), LinearDenoiser.fit(POINTS, 0.0, True)
    np.testing.assert_array_equal(found(POINTS, 1.0), same(POINTS, 1.0))
    np.testing.assert_allclose(found.spectrum.mean, POINTS.reshape(12, 4).mean(axis=0))
    assert LinearDenoiser(found.spectrum, samples=3).ridge == 0.0


def test_it_says_what_it_was_fitted_to():
    assert repr(LinearDenoiser.fit(POINTS)) == "LinearDenoiser(12 training points of shape (2, 2))"
    words = "LinearDenoiser(12 training points of shape (2, 2), ridge 0.5)"
    assert repr(LinearDenoiser.fit(POINTS, 0.5)) == words


def test_a_ridge_is_not_negative_and_samples_are_counted():
    with pytest.raises(InputError, match="ridge must not be negative"):
        LinearDenoiser.fit(POINTS, -1.0)
    with pytest.raises(InputError, match="samples"):
        LinearDenoiser(LinearDenoiser.fit(POINTS).spectrum, samples=0)
