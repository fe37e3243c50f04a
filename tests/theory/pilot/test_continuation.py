from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import check_grad

from convergen import theory
from convergen.theory.pilot import continuation as module
from convergen.theory.pilot.continuation import continuation
from convergen.theory.pilot.measure import Constraints, fit_measure


def shown(spectrum, points, error):
    """What so many points show, without noise, and errors of one cause each a decade of κ."""
    lowest = float(theory.renormalised_noise(spectrum, points).kappa)
    kappa = np.geomspace(30.0 * spectrum.largest, lowest, 48)
    near = np.subtract.outer(np.log10(kappa), np.log10(kappa))
    covariance = np.zeros((49, 49))
    covariance[:-1, :-1] = error**2 * np.exp(-0.5 * near**2)
    covariance[-1, -1] = error**2
    given = Constraints(
        kappa, theory.df1(spectrum, kappa), np.full(48, error), spectrum.trace, spectrum.dim,
        spectrum.largest,
    )  # fmt: skip
    return given, covariance


@pytest.mark.parametrize(("alpha", "dim"), [(0.9, 2000), (1.3, 2000), (1.7, 1000)])
def test_power_laws_go_on_as_power_laws(alpha, dim):
    spectrum = theory.Spectrum.power_law(dim, alpha)
    given, covariance = shown(spectrum, 40, 0.02)
    found = continuation(given, covariance)
    assert np.all(np.diff(found.kappa) < 0.0)
    assert found.kappa[0] < given.kappa[-1]
    truth = theory.df1(spectrum, found.kappa)
    # What it is believed to; a power law ends at λ_d, where a straight line does not.
    np.testing.assert_allclose(np.log(found.df1 / truth), 0.0, atol=np.log(1.3))
    # Five times as far in κ: what nothing but the smoothness says.
    assert found.df1[-1] > 1.5 * given.df1[-1]


def test_what_is_wholly_visible_ends_at_the_dimension():
    spectrum = theory.Spectrum.isotropic(120)
    found = continuation(*shown(spectrum, 100, 1e-3))
    np.testing.assert_allclose(found.df1, theory.df1(spectrum, found.kappa), rtol=0.05)
    assert found.df1.max() < 1.02 * 120


def test_it_bends_no_more_than_errors_ask_for(monkeypatch):
    """Of two levels, well known, no straight line is true; known badly, one may be."""
    spectrum = theory.Spectrum.from_eigenvalues([4.0, 0.2], [40, 400])
    tried = []
    solve = optimize.least_squares

    def watched(problem, logs, slopes, **options):
        found = solve(problem, logs, slopes, **options)
        tried[-1].append(found.x)
        return found

    monkeypatch.setattr(optimize, "least_squares", watched)
    for error in (1e-3, 0.3):
        tried.append([])
        continuation(*shown(spectrum, 150, error))
    well, badly = tried
    assert len(well) > len(badly) + 2
    bends = [np.abs(np.diff(logs[-1], 2)).max() for logs in (well, badly)]
    assert bends[0] > 3.0 * bends[1]


def test_slopes_are_those_of_the_residuals():
    spectrum = theory.Spectrum.power_law(30, 1.0)
    given, covariance = shown(spectrum, 20, 0.05)
    rng = np.random.default_rng(0)
    problem = module.Problem.of(given, covariance, 0.3)
    logs = np.log(given.trace / (60.0 * given.nodes_of(60))) + rng.standard_normal(60)
    assert np.exp(logs).sum() > 30.0  # dimensions above d count
    for _ in range(3):
        mix = rng.standard_normal(len(problem.residuals(logs)))
        wrong = check_grad(
            lambda x, mix=mix: mix @ problem.residuals(x),
            lambda x, mix=mix: mix @ problem.slopes(x),
            logs,
        )
        assert wrong < 1e-4 * np.linalg.norm(mix @ problem.slopes(logs))


def test_units_change_nothing():
    spectrum = theory.Spectrum.power_law(300, 1.2)
    given, covariance = shown(spectrum, 40, 0.02)
    other = Constraints(
        7e5 * given.kappa, given.df1, given.error, 7e5 * given.trace, 300, 7e5 * given.largest
    )
    first, second = continuation(given, covariance), continuation(other, covariance)
    np.testing.assert_allclose(second.kappa, 7e5 * first.kappa)
    np.testing.assert_allclose(second.df1, first.df1, rtol=1e-6)


def test_the_fit_follows_it_where_nothing_is_visible():
    spectrum = theory.Spectrum.power_law(3000, 1.0)
    given, covariance = shown(spectrum, 30, 0.01)
    likely = continuation(given, covariance)
    for shift in (0.8, 1.25):
        moved = type(likely)(likely.kappa, shift * likely.df1)
        nodes, weights, misfit = fit_measure(given, moved)
        found = nodes / (nodes + likely.kappa[:, None]) @ weights
        # Near what is visible, that decides; far below, the continuation.
        assert abs(np.log(found[-1] / moved.df1[-1])) < 0.6 * abs(np.log(shift))
        assert misfit < 3e-3


def test_roughness_is_the_integral_of_the_squared_second_derivative():
    given, covariance = shown(theory.Spectrum.power_law(50, 1.0), 20, 0.05)
    problem = module.Problem.of(given, covariance, 0.3)
    log = np.log(given.nodes_of(60))
    bends = problem.residuals(0.2 * log**2 - 80.0)[49:-1]
    assert bends @ bends == pytest.approx(0.3 * 0.4**2 * (log[0] - log[-1]), rel=0.05)


def test_residuals_are_whitened_and_dimensions_above_d_cost_seven_times_their_logarithm():
    """Every number is believed to 1e-3 at best; weights beyond e³⁰⁰ count as that."""
    given, covariance = shown(theory.Spectrum.power_law(50, 1.0), 20, 0.05)
    covariance[:, 3] = covariance[3, :] = 0.0
    problem = module.Problem.of(given, covariance, 0.3)
    believed = covariance + 1e-6 * np.eye(49)
    np.testing.assert_allclose(problem.whiten @ believed @ problem.whiten.T, np.eye(49), atol=1e-8)
    own = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    assert problem.random == pytest.approx(np.sum(own / (own + 1e-6)), rel=1e-6)
    assert problem.dim == 50
    nodes = np.geomspace(1.5 * given.largest, 1e-6 * given.largest, 60)
    logs = np.sin(np.arange(60.0))
    width = np.log(nodes[0] / nodes[1])
    found = problem.residuals(logs)
    missed = [
        np.log(np.exp(logs) @ (nodes / (nodes + k)) / f)
        for k, f in zip(given.kappa, given.df1, strict=True)
    ]
    missed.append(np.log(np.exp(logs) @ nodes / given.trace))
    np.testing.assert_allclose(found[:49], problem.whiten @ missed, rtol=1e-9)
    bends = logs[:-2] - 2.0 * logs[1:-1] + logs[2:]
    np.testing.assert_allclose(found[49:-1], np.sqrt(0.3) * bends / width**1.5, atol=1e-12)
    assert found[-1] == pytest.approx(7.0 * np.log(np.exp(logs).sum() / 50.0), rel=1e-12)
    assert problem.residuals(logs - 5.0)[-1] == 0.0
    far = problem.residuals(np.full(60, 1000.0))
    assert far[-1] == pytest.approx(7.0 * (300.0 + np.log(60.0 / 50.0)), rel=1e-12)
    np.testing.assert_allclose(
        problem.slopes(np.full(60, 1000.0)), problem.slopes(np.full(60, 300.0)), rtol=1e-12
    )
    assert not problem.slopes(logs - 5.0)[-1].any()


@pytest.mark.parametrize(("size", "tried"), [(2.0, 1), (2.0 + 1e-9, 11)])
def test_roughness_falls_by_tens_until_residuals_are_as_small_as_random_ones(
    size, tried, monkeypatch
):
    """From a spectrum of equal variance at each node, each fit from the one before."""
    weights, starts, options = [], [], []

    def state(given, covariance, roughness):
        weights.append(roughness)
        return SimpleNamespace(residuals=None, slopes=None, random=4.0)

    def solve(residuals, logs, slopes, **given):
        starts.append(logs)
        options.append(given)
        return SimpleNamespace(x=logs + 1.0, fun=np.array([0.0, size, 9.0]))

    monkeypatch.setattr(module.Problem, "of", state)
    monkeypatch.setattr(optimize, "least_squares", solve)
    given, _ = shown(theory.Spectrum.power_law(50, 1.0), 20, 0.05)
    found = continuation(given, np.eye(2))
    np.testing.assert_allclose(weights, [10.0**power for power in range(3, 3 - tried, -1)])
    nodes = given.nodes_of(60)
    np.testing.assert_allclose(np.exp(starts[0]) * nodes, given.trace / 60.0)
    for before, after in pairwise(starts):
        np.testing.assert_allclose(after, before + 1.0)
    # Steps end where they change less than a tenth of the trust in a number.
    assert all(each == {"method": "lm", "ftol": 1e-4, "xtol": 1e-4} for each in options)
    kappa = given.kappa[-1] * np.array([1 / 2, 1 / 5, 1 / 10, 1 / 20, 1 / 50])
    np.testing.assert_allclose(found.kappa, kappa)
    expected = [np.sum(np.exp(starts[-1] + 1.0) * nodes / (nodes + each)) for each in kappa]
    np.testing.assert_allclose(found.df1, expected)
