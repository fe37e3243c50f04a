"""Bars of linear denoisers: their parts against definitions, and the table of the documents."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

import benchmarks.linear_bars as bars
from convergen.empirical import TrainingSettings
from convergen.empirical.models.solvable.stationary_linear import StationaryDenoiser

RNG = np.random.default_rng(7)
IMAGES = RNG.standard_normal((5, 1, 4, 4)) + RNG.standard_normal((5, 1, 1, 1))
ROWS = IMAGES.reshape(5, -1)
MOMENT = ROWS.T @ ROWS / 5


def test_the_average_over_translations_is_the_moment_of_all_translated_images():
    moved = [np.roll(IMAGES, shift, (-2, -1)).reshape(5, -1) for shift in np.ndindex(4, 4)]
    expected = np.concatenate(moved)
    found = bars.stationary(MOMENT, (1, 4, 4))
    np.testing.assert_allclose(found, expected.T @ expected / len(expected), atol=1e-12)


def test_filters_run_from_that_of_the_moment_to_that_of_the_target():
    even = bars.stationary(MOMENT, (1, 4, 4))
    first, *_, last = bars.filters(MOMENT, even, 0.5)
    np.testing.assert_allclose(first, MOMENT @ np.linalg.inv(MOMENT + 0.25 * np.eye(16)))
    noisy = RNG.standard_normal((3, 1, 4, 4))
    expected = StationaryDenoiser(IMAGES)(noisy, 0.5).reshape(3, -1)
    np.testing.assert_allclose(noisy.reshape(3, -1) @ last, expected, atol=1e-12)
    ridges = list(bars.ridged(MOMENT, 0.5))
    unit = np.trace(MOMENT) / 16
    noise = (0.25 + bars.RIDGES[-1] * unit) * np.eye(16)
    np.testing.assert_allclose(ridges[-1], MOMENT @ np.linalg.inv(MOMENT + noise))


class OfTheTruth:
    """Test points of a law, and their noise."""

    def __init__(self, points):
        self.test_points, self.stream = points, partial(np.random.default_rng)


def test_the_least_error_is_that_of_the_true_covariance():
    variances = np.array([4.0, 1.0, 0.25, 0.0625])
    points = RNG.standard_normal((40_000, 4)) * np.sqrt(variances)
    tried = [np.diag(scale * variances / (scale * variances + 0.25)) for scale in (0.3, 1.0, 3.0)]
    found = bars.least_error(iter(tried), OfTheTruth(points), 0.5)
    assert found == pytest.approx(np.sum(0.25 * variances / (variances + 0.25)), rel=0.01)
    only = bars.least_error(iter(tried[:1]), OfTheTruth(points), 0.5)
    assert only > 1.02 * found


def test_told_the_noise_a_homogeneous_denoiser_lacks_but_the_noise_along_a_large_mean():
    values, mean = np.array([2.0, 1.0, 0.5, 0.25, 0.0]), np.array([0.0, 0.0, 0.0, 0.0, 100.0])
    points = mean + RNG.standard_normal((3000, 5)) * np.sqrt(values)
    noisy = points + 0.4 * RNG.standard_normal(points.shape)
    told = TrainingSettings(sigma_min=0.3999, sigma_max=0.4001)
    found = bars.blind_denoised(noisy, np.diag(values), mean, told)
    wiener = mean + (noisy - mean) * values / (values + 0.16)
    # The amplitude is read off the mean, to 1/250 of it: so what is there is taken as it comes.
    np.testing.assert_allclose(found[:, :4], wiener[:, :4], atol=0.1)
    np.testing.assert_allclose(found[:, 4], noisy[:, 4], atol=0.05)


def test_the_blind_denoiser_is_homogeneous_and_no_multiple_of_it_is_better():
    values = np.array([4.0] * 3 + [0.04] * 12 + [0.0])
    mean = np.zeros(16)
    mean[-1] = 5.0
    settings = TrainingSettings(sigma_min=0.1, sigma_max=2.0, weighting="plain")
    sigma = np.exp(RNG.uniform(np.log(0.1), np.log(2.0), (3000, 1)))
    points = mean + RNG.standard_normal((3000, 16)) * np.sqrt(values)
    noisy = points + sigma * RNG.standard_normal(points.shape)
    found = bars.blind_denoised(noisy, np.diag(values), mean, settings)
    scaled = bars.blind_denoised(1.1 * noisy[:50], np.diag(values), mean, settings)
    np.testing.assert_allclose(scaled, 1.1 * found[:50], rtol=1e-9, atol=1e-9)
    # The error is orthogonal to every homogeneous function, such as D itself and parts of y.
    error = found - points
    size = np.linalg.norm(noisy, axis=1)
    share = np.linalg.norm(noisy[:, 3:15], axis=1, keepdims=True) / size[:, None]
    for other in (found, noisy, noisy * (share > np.median(share)), found * share):
        products = np.sum(error * other, axis=1)
        assert abs(products.mean()) < 4.0 * products.std() / np.sqrt(len(products))
    # Wiener filters know the noise level and the mean.
    wiener = mean + (noisy - mean) * values / (values + sigma**2)
    assert np.sum((wiener - points) ** 2) < np.sum(error**2)


@pytest.mark.slow
def test_documents_hold_the_table_as_it_is_computed():
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text()
    for name in ("digits-unet", "power1-conv"):
        assert "\n".join(bars.rows(name, 768)) in page
