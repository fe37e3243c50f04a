"""Denoising errors of elliptical data: the Gaussian law for equal amplitudes, else simulation."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError
from convergen.theory.linear.elliptical.elliptical_denoising import (
    elliptical_denoising_errors,
    elliptical_test_error,
)

POWER = theory.Spectrum.power_law(60, 1.0)


@pytest.mark.parametrize("sigma", [0.01, 0.3, 10.0])
def test_equal_amplitudes_are_gaussian_data(sigma):
    samples = np.array([[1.0, 4.0, 59.5], [60.0, 1e3, 1e9]])
    expected = theory.denoising_errors(POWER, samples, sigma).test
    for amplitudes in ([1.0], [7.0, 7.0]):
        found = elliptical_test_error(POWER, samples, sigma, amplitudes)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        every = elliptical_denoising_errors(POWER, samples, sigma, amplitudes)
        gaussian = theory.denoising_errors(POWER, samples, sigma)
        for name in ("train", "optimal", "agreement", "renormalised_noise"):
            # Differences of traces lose digits where the train error is small.
            np.testing.assert_allclose(
                getattr(every, name), getattr(gaussian, name), rtol=1e-8, err_msg=name
            )


def test_units_and_directions_without_variance():
    tau = [0.2, 1.0, 3.0]
    first = elliptical_test_error(POWER, [20.0, 200.0], 0.3, tau)
    scaled = theory.Spectrum.from_eigenvalues(
        np.append(9e4 * POWER.eigenvalues, 0.0), np.append(POWER.multiplicities, 40)
    )
    second = elliptical_test_error(scaled, [20.0, 200.0], 300.0 * 0.3, tau)
    np.testing.assert_allclose(second, 9e4 * first, rtol=1e-12)


@pytest.mark.parametrize(("samples", "sigma"), [(20, 0.1), (60, 0.1), (60, 0.5), (200, 0.5)])
def test_against_simulation(samples, sigma):
    rng = np.random.default_rng(samples)
    values, noise, found, last = POWER.eigenvalues, sigma**2, [], None
    for _ in range(100):
        tau = rng.gamma(1.5, 1.0 / 1.5, (samples, 1))
        data = rng.standard_normal((samples, 60)) * np.sqrt(values * tau)
        scatter = data.T @ data / samples
        denoiser = np.linalg.solve(scatter + noise * np.eye(60), scatter)
        missed = np.eye(60) - denoiser
        energy = np.sum(denoiser**2)
        test = np.sum(missed**2 * values[:, None]) + noise * energy
        train = np.sum((missed @ scatter) * missed) + noise * energy
        found.append([test, train, energy, 0.0 if last is None else np.sum(denoiser * last)])
        last = denoiser
    test, train, energy, overlap = np.mean(found, axis=0)
    errors = np.std(found, axis=0) / 10.0
    amplitudes = rng.gamma(1.5, 1.0 / 1.5, 4000)
    law = elliptical_denoising_errors(POWER, samples, sigma, amplitudes)
    # A finite number of dimensions adds up to 1.5 %.
    assert abs(law.test - test) < 0.015 * test + 3.0 * errors[0]
    assert abs(law.train - train) < 0.015 * train + 3.0 * errors[1]
    agreement = overlap / 0.99 / energy
    assert abs(law.agreement - agreement) < 0.015 * agreement + 3.0 * errors[3] / energy
    gaussian = theory.denoising_errors(POWER, samples, sigma)
    assert test - gaussian.test > 3.0 * abs(law.test - test)
    assert gaussian.train - train > 3.0 * abs(law.train - train)
    if sigma > 0.1:  # amplitudes matter little where the noise resolves all directions
        assert gaussian.agreement - agreement > 3.0 * abs(law.agreement - agreement)


def test_bad_input():
    for samples, sigma, tau in ((0.5, 1.0, [1.0]), (5.0, 0.0, [1.0]), (5.0, 1.0, [1.0, 0.0])):
        with pytest.raises(InputError):
            elliptical_test_error(POWER, samples, sigma, tau)
