import numpy as np
import pytest

from convergen.empirical.models.solvable.trained_linear import (
    LinearLevels,
    TrainedLinear,
    _share,
    fit,
)
from convergen.empirical.models.table import TrainingSets
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.wiener import LinearDenoiser
from tests.empirical.models.solvable.fits import check_row

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


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("below", [0, 1])
def test_between_levels_the_matrix_is_linear_in_log_sigma(part, below):
    """Against the formula with matrices that have nothing to do with each other."""
    weights = np.random.default_rng(0).standard_normal((3, 16, 16))
    model = LinearLevels(SIGMAS, weights, (4, 4))
    x = np.random.default_rng(1).standard_normal((2, 4, 4))
    sigma = SIGMAS[below] ** (1 - part) * SIGMAS[below + 1] ** part
    matrix = (1 - part) * weights[below] + part * weights[below + 1]
    expected = (matrix @ x.reshape(2, 16, 1)).reshape(x.shape)
    np.testing.assert_allclose(model(x, sigma), expected, rtol=1e-9, atol=1e-9)
    # A level that went through float32 is still the level it was.
    np.testing.assert_allclose(model(x, np.float32(sigma)), expected, rtol=1e-5, atol=1e-5)


def test_every_point_has_its_own_level():
    weights = np.random.default_rng(0).standard_normal((3, 16, 16))
    model = LinearLevels(SIGMAS, weights, (4, 4))
    x = np.random.default_rng(1).standard_normal((4, 4, 4))
    levels = np.array([0.05, 0.7, 5.0, 0.05])
    for point, level, found in zip(x, levels, model(x, levels), strict=True):
        np.testing.assert_allclose(found, model(point[None], level)[0])
    for outside in (0.01, 6.0):
        with pytest.raises(InputError, match="outside the trained range"):
            model(x, outside)


def test_a_fit_reports_how_far_it_is_and_fails_where_steps_do_not_suffice():
    shares = []
    sets = TrainingSets(training_sets(), SIGMAS, report=shares.append)
    found = fit(sets, steps=20_000, tolerance=1e-4)
    assert len(found) == 3
    assert len(shares) > 5
    assert shares == sorted(shares) or np.diff(shares).min() > -0.2
    assert min(shares) >= 0.0
    assert 0.8 < max(shares) <= 1.0
    with pytest.raises(InputError, match=r"stopped after 30 steps within .*: give more steps"):
        fit(sets, steps=30, tolerance=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_steps_are_those_of_nesterov(steps):
    """In one dimension, variance 4 and σ = 1.5: curvature 6.25, of which at least 2.25."""
    models = TrainedLinear([np.array([[2.0], [-2.0]])], [1.5])
    end = models.train(steps, tolerance=1e-300)
    momentum = (1.0 - np.sqrt(2.25 / 6.25)) / (1.0 + np.sqrt(2.25 / 6.25))
    path = [0.0, 0.0]
    for _ in range(steps):
        ahead = path[-1] + momentum * (path[-1] - path[-2])
        path.append(ahead - (6.25 * ahead - 4.0) / 6.25)
    weight = models.weights[0, 0, 0, 0].item()
    assert weight == pytest.approx(path[-1], rel=1e-12)
    assert end.steps == steps
    assert end.error_bound == pytest.approx(
        abs(6.25 * weight - 4.0) / (2.25 * abs(weight)), abs=1e-12
    )


def test_momentum_is_that_of_each_level_and_the_largest_curvature():
    """Two coordinates of variance 4 and 1, two levels: four numbers that know nothing of others."""
    points = np.sqrt(2.0) * np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    models = TrainedLinear([points], [0.5, 2.0])
    models.train(3, tolerance=1e-300)
    for level, sigma in enumerate((0.5, 2.0)):
        largest = 4.0 + sigma**2
        root = sigma / np.sqrt(largest)
        momentum = (1.0 - root) / (1.0 + root)
        for place, variance in enumerate((4.0, 1.0)):
            path = [0.0, 0.0]
            for _ in range(3):
                ahead = path[-1] + momentum * (path[-1] - path[-2])
                path.append(ahead - ((variance + sigma**2) * ahead - variance) / largest)
            found = models.weights[0, level, place, place].item()
            assert found == pytest.approx(path[-1], rel=1e-12)
        assert models.weights[0, level, 0, 1].item() == 0.0


def test_the_bound_is_looked_at_in_every_twenty_fifth_step():
    models = TrainedLinear(training_sets(), SIGMAS)
    end = models.train(tolerance=1e-3)
    assert end.converged
    assert end.steps % 25 == 0
    with pytest.raises(InputError, match="steps"):
        models.train(steps=0)


@pytest.mark.parametrize(
    ("first", "bound", "share"),
    [(1.0, 1e-2, 0.5), (1.0, 1e-3, 0.75), (1.0, 1e-4, 0.0), (1.0, 1.0, 0.0), (1.0, 2.0, 0.0)],
)
def test_the_share_of_the_way_is_on_a_log_scale(first, bound, share):
    assert _share(first, bound, 1e-4) == pytest.approx(share)


def test_the_ends_of_the_trained_range_count_with_a_millionth_more():
    weights = np.random.default_rng(0).standard_normal((3, 16, 16))
    model = LinearLevels(SIGMAS, weights, (4, 4))
    x = np.random.default_rng(1).standard_normal((2, 4, 4))
    for end, place, sign in ((0.05, 0, -1), (5.0, 2, 1)):
        known = (weights[place] @ x.reshape(2, 16, 1)).reshape(x.shape)
        for off in (0.0, 0.9e-6):
            np.testing.assert_allclose(model(x, end * (1.0 + sign * off)), known, rtol=1e-4)
        with pytest.raises(InputError, match=r"outside the trained range 0\.05 … 5"):
            model(x, end * (1.0 + 1.1e-6 * sign))
    assert model(x.astype(np.float32), 0.5).dtype == np.float32


def test_the_row():
    options = {"steps": (20_000, 1, None, None), "tolerance": (1e-4, 1e-12, None, 1.0)}
    check_row("trained-linear", (0, (1, 3)), options, compared=False)
