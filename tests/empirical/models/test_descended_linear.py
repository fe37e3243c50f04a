import numpy as np
import pytest

from convergen.empirical.models.descended_linear import TrainedLinear
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.wiener import LinearDenoiser

SIGMAS = np.array([0.05, 0.5, 5.0])


def training_sets(sizes=(3, 12, 200), dim=16):
    rng = np.random.default_rng(0)
    scale = np.arange(1, dim + 1) ** -0.75
    return [(rng.standard_normal((n, dim)) * scale).reshape(n, 4, 4) for n in sizes]


def test_descent_reaches_the_closed_form():
    sets = training_sets()
    models = TrainedLinear(sets, SIGMAS)
    descent = models.train(tolerance=1e-6)
    assert descent.converged
    assert descent.error_bound <= 1e-6
    probes = np.eye(16).reshape(16, 4, 4)
    for member, points in enumerate(sets):
        exact = LinearDenoiser.fit(points, center=False)
        trained = models.denoiser(member)
        for sigma in SIGMAS:
            wanted, found = exact(probes, sigma), trained(probes, sigma)
            assert np.linalg.norm(found - wanted) <= 1e-6 * np.linalg.norm(wanted)


def test_descent_says_when_it_stopped_too_early():
    models = TrainedLinear(training_sets(), SIGMAS)
    early = models.train(steps=3)
    assert not early.converged
    assert early.steps == 3
    # The bound holds: the distance to the optimum is never larger than it says.
    exact = LinearDenoiser.fit(training_sets()[1], center=False)
    probes = np.eye(16).reshape(16, 4, 4)
    wanted, found = exact(probes, 0.05), models.denoiser(1)(probes, 0.05)
    assert np.linalg.norm(found - wanted) <= early.error_bound * np.linalg.norm(found)


def test_null_directions_stay_untouched():
    sets = training_sets(sizes=(3,))
    models = TrainedLinear(sets, SIGMAS)
    models.train()
    outside = np.linalg.svd(sets[0].reshape(3, 16))[2][3:].reshape(-1, 4, 4)
    assert np.abs(models.denoiser(0)(outside, 0.5)).max() < 1e-14


def test_between_levels_the_matrix_is_interpolated():
    models = TrainedLinear(training_sets(), SIGMAS)
    models.train()
    trained = models.denoiser(2)
    x = np.random.default_rng(1).standard_normal((4, 4, 4))
    middle = trained(x, np.sqrt(SIGMAS[0] * SIGMAS[1]))
    np.testing.assert_allclose(middle, 0.5 * (trained(x, SIGMAS[0]) + trained(x, SIGMAS[1])))
    mixed = trained(x, np.array([0.05, 0.5, 5.0, 0.05]))
    np.testing.assert_allclose(mixed[1], trained(x[1:2], 0.5)[0])
    with pytest.raises(InputError, match="outside the trained range"):
        trained(x, 0.01)
