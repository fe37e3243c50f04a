import numpy as np
import pytest

from convergen.empirical.measure.denoising_errors import (
    denoising_error,
    disagreement,
    peak_signal_to_noise,
    stayed_identity,
)
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.spectra.spectrum import Spectrum

DIM, SIGMA, COUNT = 16, 0.7, 4000
SPECTRUM = Spectrum.from_eigenvalues([4.0, 0.25], [6, 10], eigenvectors=np.eye(DIM))


def shrink(factor):
    return lambda x, sigma: factor * x


def points():
    return GaussianDenoiser(SPECTRUM).sample(COUNT, np.random.default_rng(0))


def mean_square_error(repeats, function):
    values = [function(np.random.default_rng([9, seed])) for seed in range(repeats)]
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(repeats)


def test_the_error_of_the_optimum_is_the_wiener_error():
    """Σ λσ²/(λ + σ²); over fresh points and fresh noise each time."""
    optimum = GaussianDenoiser(SPECTRUM)

    def once(rng):
        return denoising_error(optimum, optimum.sample(200, rng), SIGMA, rng)

    mean, stderr = mean_square_error(40, once)
    noise = SIGMA**2
    expected = 6 * 4.0 * noise / (4.0 + noise) + 10 * 0.25 * noise / (0.25 + noise)
    assert stderr < 0.01 * expected
    assert abs(mean - expected) < 4.0 * stderr


def test_the_error_of_any_linear_map_is_bias_and_noise():
    clean = points()
    mean, stderr = mean_square_error(
        20, lambda rng: denoising_error(shrink(0.8), clean, SIGMA, rng)
    )
    expected = 0.2**2 * np.mean(np.sum(clean**2, axis=1)) + 0.8**2 * SIGMA**2 * DIM
    assert abs(mean - expected) < 4.0 * stderr


def test_equal_streams_are_equal_noise():
    clean = points()[:50]
    found = [
        denoising_error(shrink(0.5), clean, SIGMA, np.random.default_rng(seed))
        for seed in (3, 3, 4)
    ]
    assert found[0] == found[1] != found[2]


def test_disagreement_is_the_distance_of_two_maps_on_the_same_noise():
    clean = points()
    mean, stderr = mean_square_error(
        20, lambda rng: disagreement(shrink(0.9), shrink(0.4), clean, SIGMA, rng)
    )
    expected = 0.5**2 * (np.mean(np.sum(clean**2, axis=1)) + SIGMA**2 * DIM)
    assert abs(mean - expected) < 4.0 * stderr
    same = disagreement(shrink(0.9), shrink(0.9), clean, SIGMA, np.random.default_rng(0))
    assert same == 0.0


def test_images_in_single_precision_keep_their_type():
    seen = []

    def watching(x, sigma):
        seen.append((x.dtype, x.shape, sigma))
        return 0.0 * x

    clean = np.ones((5, 1, 2, 2), np.float32)
    assert denoising_error(watching, clean, 0.5, np.random.default_rng(0)) == 4.0
    assert seen == [(np.float32, (5, 1, 2, 2), 0.5)]


def test_decibels():
    """A coordinate's error of 1 % of the peak is 40 dB, and no error is infinitely many."""
    np.testing.assert_allclose(
        peak_signal_to_noise([16 * 0.04**2, 16 * 4.0**2], 16, 4.0), [40.0, 0.0]
    )
    assert peak_signal_to_noise(0.0, 16, 4.0) == np.inf


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan])
def test_noise_must_be_positive(sigma):
    with pytest.raises(InputError, match=r"sigma (must|holds)"):
        denoising_error(shrink(1.0), points()[:2], sigma, np.random.default_rng(0))


def test_networks_that_left_all_noise_in_are_told_from_those_that_learnt_little():
    rng = np.random.default_rng(0)
    sigmas, points = [0.1, 1.0, 3.0], rng.standard_normal((200, 12)).astype(np.float32)
    truth = [0.0099 * 12, 0.4 * 12, 0.7 * 12]

    def errors(model):
        return [denoising_error(model, points, s, np.random.default_rng(1)) for s in sigmas]

    def by_half(x, sigma):
        return 0.7 * x

    noise = [12.0 * s**2 for s in sigmas]
    found = [errors(lambda x, s: x), errors(by_half), truth]
    assert stayed_identity(found, truth, noise).tolist() == [True, False, False]
    # One that is the identity but at the largest level has learnt something.
    mixed = [found[0][0], found[0][1], 0.5 * found[0][2]]
    assert not stayed_identity(mixed, truth, noise)
    worse = [one * 1.2 for one in found[0]]
    assert not stayed_identity(worse, truth, noise)
    # Where the truth leaves half of it nothing can be told, nor where it removes little.
    assert not stayed_identity([2.0], [1.0], [2.0])
    assert stayed_identity([2.0], [0.99], [2.0])
    assert not stayed_identity(found[0][:1], truth[:1], noise[:1])
