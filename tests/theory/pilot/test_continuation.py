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
