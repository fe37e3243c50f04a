import numpy as np
import pytest
from scipy.optimize import brentq

from convergen import theory
from convergen.theory.pilot.degrees_of_freedom import (
    DegreesOfFreedom,
    _cubic,
    degrees_of_freedom,
    unseen,
)
from convergen.theory.pilot.sample import PilotSample
from convergen.theory.spectra.principal_components import principal_components


def points(count, dim, seed=0):
    rng = np.random.default_rng(seed)
    amplitudes = np.sqrt(rng.gamma(2.0, 0.5, (count, 1)))
    return amplitudes * rng.standard_normal((count, dim)) / np.sqrt(np.arange(1.0, dim + 1.0)) + 3.0


def read(data, center):
    return degrees_of_freedom(
        PilotSample.of(data, principal_components(data, center=center), center)
    )


def naive(data, noise, center):
    """Tr Σ̂Q and κ, every covariance made without the point whose loss is taken; noise: f z."""
    count = len(data)
    mean = data.mean(axis=0) if center else 0.0
    scatter = (data - mean).T @ (data - mean)
    eye = np.eye(data.shape[1])
    losses = []
    for i in range(count):
        others = np.delete(data, i, axis=0)
        middle = others.mean(axis=0) if center else 0.0
        # The distance from a mean of N − 1 points has N/(N − 1) times the variance.
        point = (data[i] - middle) / np.sqrt(count / (count - 1.0) if center else 1.0)
        rest = (others - middle).T @ (others - middle)
        losses.append(point @ np.linalg.solve(rest + noise * eye, point))
    df1 = np.trace(scatter @ np.linalg.inv(scatter + noise * eye))
    return df1, noise * np.mean(losses) / df1


def noise_at(data, df1, center):
    """f z at which Tr Σ̂Q has this value."""
    values = np.linalg.eigvalsh((data - data.mean(0) * center).T @ (data - data.mean(0) * center))
    values = values[values > 1e-12 * values.max()]
    log = brentq(
        lambda t: np.sum(values / (values + np.exp(t))) - df1, -60.0, 60.0, xtol=1e-14, rtol=1e-14
    )
    return np.exp(log)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("count", "dim"), [(12, 30), (20, 20), (40, 15)])
def test_curve_is_that_of_leaving_out_points_one_by_one(count, dim, center):
    data = points(count, dim)
    found = read(data, center)
    for node in (0, 20, 40):
        noise = noise_at(data, found.df1[node], center)
        df1, kappa = naive(data, noise, center)
        assert found.df1[node] == pytest.approx(df1, rel=1e-8)
        assert found.kappa[node] == pytest.approx(kappa, rel=1e-5)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("count", "dim"), [(14, 30), (40, 15)])
def test_influences_are_those_of_removing_points(count, dim, center):
    data = points(count, dim, seed=1)
    found = read(data, center)
    for node in (9, 24, 39):  # influences are found at every third
        noise = noise_at(data, found.df1[node], center)
        removed = [naive(np.delete(data, i, 0), noise, center) for i in range(count)]
        expected = np.log(removed) - np.log(removed).mean(axis=0)
        np.testing.assert_allclose(found.log_df1_influence[node], expected[:, 0], atol=1e-7)
        np.testing.assert_allclose(found.log_kappa_influence[node], expected[:, 1], atol=1e-6)
    middle = data.mean(axis=0) * center
    sizes = np.sum((data - middle) ** 2, axis=1)
    change = -(sizes - sizes.mean()) / sizes.sum() * (count / (count - 1.0) if center else 1.0)
    np.testing.assert_allclose(found.log_trace_influence, change, rtol=1e-8)


@pytest.mark.parametrize(("count", "dim"), [(30, 90), (400, 20)])
def test_influences_between_the_nodes_are_those_found_there(count, dim, monkeypatch):
    data = points(count, dim, seed=2)
    found = read(data, True)
    monkeypatch.setattr("convergen.theory.pilot.degrees_of_freedom._EACH", 1)
    exact = read(data, True)
    np.testing.assert_allclose(found.covariance, exact.covariance, rtol=0.06, atol=1e-9)
    for name in ("log_df1_influence", "log_kappa_influence"):
        one, other = getattr(found, name), getattr(exact, name)
        assert np.abs(one - other).max() < 0.04 * np.abs(other).max()


@pytest.mark.parametrize("shape", [None, 1.5], ids=["gaussian", "elliptical"])
@pytest.mark.parametrize(("count", "alpha"), [(120, 1.0), (400, 1.3)])
def test_population_is_met_within_the_errors(count, alpha, shape):
    spectrum = theory.Spectrum.power_law(500, alpha)
    scores = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        data = rng.standard_normal((count, 500)) * np.sqrt(spectrum.eigenvalues)
        if shape is not None:
            data *= np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))
        found = read(data, center=True)
        nodes = [15, 22, 30]
        gap = np.log(found.df1 / theory.df1(spectrum, found.kappa))[nodes]
        scores.append(gap / np.hypot(np.sqrt(np.diag(found.covariance))[nodes], 1.0 / count))
    scores = np.array(scores)
    assert np.abs(scores).max() < 5.0
    assert np.all(np.abs(scores.mean(axis=0)) < 4.0 / np.sqrt(6.0))
    # The errors are no wider than they need be.
    assert np.sqrt(np.mean(scores**2)) > 0.4


@pytest.mark.slow
def test_influences_of_a_part_of_the_points_stand_for_all():
    data = points(1500, 6, seed=2)
    parts = principal_components(data)
    sample = PilotSample.of(data, parts, centred=True)
    assert len(sample.influential) == 375
    curve = degrees_of_freedom(sample)
    truth = np.diag(1.0 / np.arange(1.0, 7.0))
    # Errors of 1500 points, not of 375: the scatter of df₁ over independent samples.
    kappa = curve.kappa[24]
    found = []
    for seed in range(40):
        other = read(points(1500, 6, seed=100 + seed), True)
        found.append(np.interp(-np.log(kappa), -np.log(other.kappa), np.log(other.df1)))
    assert curve.covariance[24, 24] ** 0.5 == pytest.approx(np.std(found), rel=0.4)
    assert np.mean(found) == pytest.approx(
        np.log(np.trace(truth @ np.linalg.inv(truth + kappa * np.eye(6)))), abs=0.01
    )


@pytest.mark.parametrize(("count", "dim"), [(12, 30), (40, 15)])
def test_units_of_the_data_scale_kappa_alone(count, dim):
    data = points(count, dim)
    one, other = read(data, True), read(100.0 * data, True)
    np.testing.assert_allclose(other.df1, one.df1, rtol=1e-9)
    np.testing.assert_allclose(other.kappa, 1e4 * one.kappa, rtol=1e-9)
    np.testing.assert_allclose(other.log_df1_influence, one.log_df1_influence, atol=1e-9)
    # From where hardly anything is used to where nearly all is.
    assert one.df1[0] < 0.2 * min(count, dim)
    assert one.df1[-1] > 0.9 * min(count - 1, dim)


def test_values_between_nodes_are_cubics_through_two_on_each_side():
    known = np.array([0, 3, 6, 9, 12, 15, 16])
    weights = _cubic(known, 17)
    place = np.arange(17.0)
    cubic = place**3 - 20.0 * place**2 + place
    np.testing.assert_allclose(weights @ cubic[known], cubic, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weights[known], np.eye(7), atol=1e-12)
    for at, nearest in (
        (1, [0, 1, 2, 3]),
        (4, [0, 1, 2, 3]),
        (7, [1, 2, 3, 4]),
        (14, [3, 4, 5, 6]),
    ):
        assert np.flatnonzero(weights[at]).tolist() == nearest


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("count", "dim"), [(12, 30), (20, 20), (21, 20), (40, 15)])
def test_curve_has_48_nodes_between_its_ends(count, dim, center):
    """From 30 λ₁ to 1e-4 of the mean of the Gram matrix, or to 1e-2 of the least eigenvalue."""
    data = points(count, dim)
    middle = data.mean(axis=0) * center
    freedom = count - center
    values = np.linalg.svd(data - middle, compute_uv=False) ** 2 / freedom
    values = values[: min(freedom, dim)]
    low = 1e-4 * values.sum() / freedom if freedom <= dim else 1e-2 * values.min()
    noise = np.exp(np.linspace(np.log(30.0 * values.max()), np.log(low), 48))
    found = read(data, center)
    expected = [np.sum(values / (values + z)) for z in noise]
    np.testing.assert_allclose(found.df1, expected, rtol=1e-8)
    assert found.log_df1_influence.shape == found.log_kappa_influence.shape == (48, count)


def test_a_point_that_is_nearly_all_there_is_takes_no_more_than_999_parts_of_1000():
    data = 1e-4 * np.random.default_rng(0).standard_normal((9, 20))
    data[4, 0] = 1.0
    found = read(data, False)
    change = np.full(9, np.log(1e-3) / -9.0)
    change[4] += np.log(1e-3)
    np.testing.assert_allclose(found.log_df1_influence[0], change, atol=1e-4)


@pytest.mark.parametrize(("count", "left"), [(10**9, 1.0), (10**9 + 1, 0.0), (2 * 10**9, 0.0)])
def test_what_a_point_leaves_unseen_below_1e_9_is_rounding(count, left):
    sample = PilotSample(np.ones(1), np.zeros((2, 1)), 1, count, 1)
    np.testing.assert_allclose(unseen(sample, np.ones((1, 1))), np.full((1, 2), left))


def test_other_samples_move_the_curve_by_what_their_points_count():
    """Three points followed of ten: each squared influence stands for 9/3 of a jackknife."""
    rng = np.random.default_rng(1)
    kappa, df1 = np.array([8.0, 4.0, 2.0, 1.0]), np.array([1.0, 2.0, 4.0, 8.0])
    of_df1, of_kappa = rng.standard_normal((2, 4, 3))
    of_trace = rng.standard_normal(3)
    curve = DegreesOfFreedom(kappa, df1, 5.0, of_df1, of_kappa, of_trace, 10)
    # log df₁ falls by as much as log κ grows.
    moves = [*(of_df1 + of_kappa), of_trace]
    covariance = [[3.0 * np.sum(one * other) for other in moves] for one in moves]
    np.testing.assert_allclose(curve.covariance, covariance, rtol=1e-12)
    counts = curve.another_sample(np.random.default_rng(2))
    np.testing.assert_allclose(
        counts, np.sqrt(3.0) * np.random.default_rng(2).standard_normal(3), rtol=1e-14
    )
    moved = curve.moved(counts)
    np.testing.assert_allclose(np.log(moved[0] / kappa), of_kappa @ counts, rtol=1e-12)
    np.testing.assert_allclose(np.log(moved[1] / df1), of_df1 @ counts, rtol=1e-12)
    assert np.log(moved[2] / 5.0) == pytest.approx(of_trace @ counts, rel=1e-12)
