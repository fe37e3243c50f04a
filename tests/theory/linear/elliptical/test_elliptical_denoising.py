"""Denoising errors of elliptical data: the Gaussian law for equal amplitudes, else simulation."""

import numpy as np
import pytest
from scipy.optimize import brentq

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


def bisected(lam, n, z, tau):
    """κ = z/ψ(e), e ψ(e) = df₁(κ)/n, ψ(e) = E τ/(1 + τe), by bracketing log e."""

    def kappa(log_e):
        return z / np.mean(tau / (1.0 + tau * np.exp(log_e)))

    def excess(log_e):
        return np.exp(log_e) * z / kappa(log_e) - np.sum(lam / (lam + kappa(log_e))) / n

    return kappa(brentq(excess, -60.0, 60.0, xtol=1e-14, rtol=1e-14))


@pytest.mark.parametrize("n", [2.0, 9.0, 60.0, 1e4])
@pytest.mark.parametrize("sigma", [0.05, 1.0, 30.0])
def test_unequal_amplitudes_against_bracketing(n, sigma):
    """Every error from κ and its slope, which is taken from differences of κ."""
    tau, lam = np.array([0.1, 0.4, 2.5]), np.repeat([2.0, 0.5, 0.1], [2, 5, 8])
    spectrum, z = theory.Spectrum.from_eigenvalues([2.0, 0.5, 0.1], [2, 5, 8]), sigma**2
    below, kappa, above = (bisected(lam, n, z * step, tau) for step in (0.9999, 1.0, 1.0001))
    slope = (above - below) / (0.0002 * z)
    used, square = np.sum(lam / (lam + kappa)), np.sum((lam / (lam + kappa)) ** 2)
    rest = np.sum(lam / (lam + kappa) ** 2)
    energy = used - z * slope * rest
    found = elliptical_denoising_errors(spectrum, n, sigma, 7.0 * tau)
    assert found.renormalised_noise == pytest.approx(kappa, rel=1e-10)
    assert found.agreement == pytest.approx(square / energy, rel=1e-5)
    test = kappa * used - z * slope * square + z * energy
    assert found.test == pytest.approx(test, rel=1e-6)
    assert found.train == pytest.approx(z**2 * slope * rest + z * energy, rel=1e-6)
    assert found.optimal == pytest.approx(np.sum(lam * z / (lam + z)), rel=1e-12)
