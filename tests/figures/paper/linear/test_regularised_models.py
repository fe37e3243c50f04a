"""Early stopping against trained denoisers, ridge against the library."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm, sqrtm

from convergen import theory
from convergen.figures.paper.linear import regularised_models
from convergen.figures.paper.linear.regularised_models import Ridge, Stopped, predict, simulate
from convergen.figures.paper.linear.sample_law import SampleLaw

POWER = theory.Spectrum.power_law(40, 0.7)


@pytest.fixture(scope="module")
def covariance():
    x = np.random.default_rng(0).standard_normal((6, 9)) * np.sqrt(1.0 / np.arange(1, 10))
    return x.T @ x / 6


def _applied(function, covariance):
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * function(np.maximum(values, 0.0))) @ vectors.T


@pytest.mark.parametrize("time", [0.05, 1.0, 30.0])
def test_denoiser_is_gradient_flow_on_the_denoising_loss(covariance, time):
    sigma, size = 0.7, covariance.shape[0]
    noisy = covariance + sigma**2 * np.eye(size)

    def descend(_, flat):
        # −gradient of E|x − D(x + σε)|²/2 over training points and noise.
        return (covariance - flat.reshape(size, size) @ noisy).ravel()

    start = np.zeros(size * size)
    found = solve_ivp(descend, (0.0, time), start, rtol=1e-9, atol=1e-11).y[:, -1]
    model = Stopped(time, sigma, 0.02, 80.0)
    np.testing.assert_allclose(
        _applied(model.denoiser, covariance), found.reshape(size, size), atol=1e-7
    )


@pytest.mark.parametrize("time", [0.05, 1.0, 30.0])
def test_generator_is_the_flow_of_the_trained_denoisers(covariance, time):
    low, high, size = 0.05, 50.0, covariance.shape[0]

    def velocity(log_sigma, flat):
        sigma = np.exp(log_sigma)
        noisy = covariance + sigma**2 * np.eye(size)
        trained = covariance @ np.linalg.solve(noisy, np.eye(size) - expm(-time * noisy))
        x = flat.reshape(size, size)
        return (x - trained @ x).ravel()

    start = high * np.eye(size)
    span = (np.log(high), np.log(low))
    end = solve_ivp(velocity, span, start.ravel(), rtol=1e-8, atol=1e-8).y[:, -1]
    model = Stopped(time, 1.0, low, high)
    np.testing.assert_allclose(
        _applied(model.generator, covariance), end.reshape(size, size), atol=2e-6
    )


def test_endless_training_gives_the_closed_form_solution():
    x = np.geomspace(1e-4, 10.0, 9)
    model = Stopped(1e6, 0.5, 0.02, 80.0)
    np.testing.assert_allclose(model.denoiser(x), x / (x + 0.25), rtol=1e-12)
    flow = 80.0 * np.sqrt((x + 0.02**2) / (x + 80.0**2))
    np.testing.assert_allclose(model.generator(x), flow, rtol=1e-9)


def test_law_agrees_with_the_contour_where_that_works():
    time, sigma = 0.3, 1.0
    law = SampleLaw.of(POWER, 12)
    model = Stopped(time, sigma, 0.02, 80.0)

    def shrinkage(x):
        return x / (x + sigma**2) * -np.expm1(-time * (x + sigma**2))

    exact = theory.expected_function(POWER, 12, shrinkage)
    assert exact.converged
    np.testing.assert_allclose(law.expectation(model.denoiser(law.points)), exact.values, rtol=1e-4)


def test_ridge_equals_the_library():
    law = SampleLaw.of(POWER, 12)
    found = predict(Ridge(0.05, 0.4), law, POWER)
    exact = theory.order_parameters(POWER, 12, 0.05)
    assert found["convergence"] == pytest.approx(float(exact.convergence), rel=1e-4)
    assert found["convergence_to_truth"] == pytest.approx(
        float(exact.convergence_to_truth), rel=1e-4
    )
    plain = predict(Ridge(0.0, 0.4), law, POWER)
    errors = theory.denoising_errors(POWER, 12, 0.4)
    assert plain["test_error"] == pytest.approx(float(errors.test), rel=1e-4)
    assert plain["train_error"] == pytest.approx(float(errors.train), rel=1e-4)


def test_simulation_agrees_with_the_library():
    n, repeats = 12, 300
    found = simulate([Ridge(0.0, 0.4)], POWER, n, repeats, seed=1)
    other = theory.simulate(
        POWER, [n], sigma=[0.4], quantities=("convergence", "memorisation", "denoising"),
        repeats=repeats, seed=2,
    )  # fmt: skip
    for name, (mean, stderr) in found.items():
        spread = np.hypot(stderr[0], other[f"{name}_stderr"].item())
        assert abs(mean[0] - other[name].item()) < 4.0 * spread


def test_one_pair_is_measured_as_plain_matrices_say(covariance):
    """Generated points, nearest training points and errors, one after the other."""
    rng = np.random.default_rng(4)
    scale = np.sqrt(np.array([4.0, 2.0, 1.0]))
    sets = [rng.standard_normal((5, 3)) * scale for _ in range(2)]
    z = rng.standard_normal((3, 7))
    model = Ridge(0.3, 0.6)
    decomposed = [np.linalg.eigh(x.T @ x / 5) for x in sets]
    found = regularised_models._measure(model, sets, decomposed, z, scale)
    truth, noise = np.diag(scale**2), 0.36 * np.eye(3)
    fits = [x.T @ x / 5 + 0.3 * np.eye(3) for x in sets]
    a, b = (np.real(sqrtm(each)) for each in fits)
    energy = 0.5 * (np.trace(a @ a) + np.trace(b @ b))
    overlap = 0.5 * (np.trace(a @ np.sqrt(truth)) + np.trace(b @ np.sqrt(truth)))
    nearest = [
        np.mean([
            max(abs(x @ y) / (np.linalg.norm(x) * np.linalg.norm(y)) for x in rows)
            for y in (a @ z).T
        ])
        for rows in sets
    ]  # fmt: skip
    errors = []
    for fit, x in zip(fits, sets, strict=True):
        shrink = fit @ np.linalg.inv(fit + noise)
        left = np.eye(3) - shrink
        blur = np.trace(shrink @ noise @ shrink.T)
        errors.append(
            (np.trace(left @ truth @ left.T) + blur, np.trace(left @ (x.T @ x / 5) @ left.T) + blur)
        )
    test, train = np.mean(errors, axis=0)
    expected = [
        np.trace(a @ b), overlap / np.sqrt(np.trace(truth)), *nearest, test, train, energy, energy,
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_errors_of_ratios_are_those_of_the_jackknife():
    """q is divided by E|x̂|², q* by its root."""
    rng = np.random.default_rng(5)
    table = 2.0 + 0.1 * rng.standard_normal((400, 2, 8))
    table[..., 0] += 0.5 * (table[..., 6] - 2.0)  # overlaps go with their norms
    found = regularised_models._average(table)
    for place, name in enumerate(regularised_models.QUANTITIES):
        power = {0: 1.0, 1: 0.5}.get(place, 0.0)
        norms = table[..., 6 + place] if place < 2 else np.ones((400, 2))

        def ratio(kept, place=place, power=power, norms=norms):
            return table[kept][..., place].mean(axis=0) / norms[kept].mean(axis=0) ** power

        mean, stderr = found[name]
        np.testing.assert_allclose(mean, ratio(np.ones(400, bool)), rtol=1e-12)
        without = np.array([ratio(np.arange(400) != k) for k in range(400)])
        jackknife = np.sqrt(399.0 / 400.0 * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        np.testing.assert_allclose(stderr, jackknife, rtol=1e-3)
