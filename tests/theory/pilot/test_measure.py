from dataclasses import replace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.pilot import measure
from convergen.theory.pilot.measure import (
    Constraints,
    Continuation,
    extreme_measures,
    fit_measure,
)


def exact(spectrum, lowest):
    """Constraints of a sample without error that shows κ down to `lowest`."""
    kappa = np.geomspace(30.0 * spectrum.largest, lowest, 48)
    return Constraints(
        kappa, theory.df1(spectrum, kappa), np.full(48, 1e-3), spectrum.trace, spectrum.dim,
        spectrum.largest,
    )  # fmt: skip


CASES = {
    "power law": theory.Spectrum.power_law(400, 1.2),
    "isotropic": theory.Spectrum.isotropic(300),
    "two levels": theory.Spectrum.from_eigenvalues([3.0, 0.1, 0.0], [20, 200, 80]),
}


@pytest.mark.parametrize("name", CASES)
def test_fit_reproduces_what_is_visible(name):
    spectrum = CASES[name]
    base = float(theory.renormalised_noise(spectrum, 80.0).kappa)
    given = exact(spectrum, base)
    nodes, weights, misfit = fit_measure(given)
    assert misfit < 2e-3
    assert np.all(weights >= 0.0)
    assert weights.sum() <= spectrum.dim * 1.01
    kept = weights > 1e-9
    found = theory.Spectrum.from_eigenvalues(nodes[kept], weights[kept])
    assert found.trace == pytest.approx(spectrum.trace, rel=2e-3)
    # Convergence at n needs df₁ above κ₀(n) and nothing else.
    n = np.array([5.0, 20.0, 80.0])
    np.testing.assert_allclose(
        theory.convergence(found, n), theory.convergence(spectrum, n), atol=2e-3
    )


@pytest.mark.parametrize("name", CASES)
def test_extremes_agree_with_what_is_visible_and_enclose_the_truth(name):
    spectrum = CASES[name]
    base = float(theory.renormalised_noise(spectrum, 40.0).kappa)
    given, probe, tolerance = exact(spectrum, base), base / 20.0, 5e-3
    found = extreme_measures(given, tolerance, probe)
    assert len(found) == 2
    below = []
    for nodes, weights in found:
        assert np.all(weights >= 0.0)
        assert weights.sum() <= spectrum.dim * (1.0 + 1e-9)
        residual = given.shares(nodes) @ weights - 1.0
        assert np.abs(residual[::-2]).max() <= tolerance * (1.0 + 1e-6)
        assert np.abs(residual).max() <= tolerance * 1.05
        assert abs(weights @ nodes / spectrum.trace - 1.0) <= tolerance * (1.0 + 1e-6)
        below.append(float(weights @ (nodes / (nodes + probe))))
    assert below[0] < float(theory.df1(spectrum, probe)) < below[1]


@pytest.mark.parametrize("name", CASES)
def test_the_extremes_are_the_same_wherever_they_are_looked_for(name):
    spectrum = CASES[name]
    base = float(theory.renormalised_noise(spectrum, 40.0).kappa)
    given = exact(spectrum, base)
    near, far = (extreme_measures(given, 3e-3, base / step) for step in (3.0, 100.0))
    for one, other in zip(near, far, strict=True):
        for step in (2.0, 10.0, 50.0):
            values = [float(w @ (nodes / (nodes + base / step))) for nodes, w in (one, other)]
            assert values[0] == pytest.approx(values[1], rel=3e-3)


def test_grids_go_from_half_above_the_largest_eigenvalue_to_a_millionth():
    given = exact(CASES["isotropic"], 0.1)
    np.testing.assert_allclose(given.nodes_of(3), [1.5, np.sqrt(1.5e-6), 1e-6])
    np.testing.assert_allclose(given.nodes, given.nodes_of(160), rtol=0)


@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("dim", [4000, 30])
def test_a_fit_is_the_least_squares_that_its_weights_say(goes_on, dim, monkeypatch):
    """Slopes of the squared residuals vanish where weights are positive, and grow elsewhere.

    The curve counts as 1 in all, the trace as 3 and the dimension, only where it is exceeded, as 1;
    no error is below 1e-3, and each number that goes on has 0.3.
    """
    monkeypatch.setattr(measure, "_NODES", 25)
    spectrum = CASES["power law"]
    kappa = np.geomspace(10.0, 0.05, 9)
    error = np.array([1e-5, 0.1, 0.01, 0.02, 0.03, 0.01, 1e-2, 0.02, 0.05])
    df1 = theory.df1(spectrum, kappa) * (1.0 + error * np.sin(np.arange(9.0)))
    given = Constraints(kappa, df1, error, 1.1 * spectrum.trace, dim, spectrum.largest)
    below = np.array([0.02, 0.005])
    likely = Continuation(below, 0.7 * theory.df1(spectrum, below)) if goes_on else None
    nodes, weights, misfit = fit_measure(given, likely)
    certainty = 1.0 / np.array([1e-3, *error[1:]])
    unit = np.sqrt(np.sum(certainty**2))
    curve = nodes / (nodes + kappa[:, None]) / df1[:, None]
    rows = [*(curve * certainty[:, None] / unit), 3.0 * nodes / given.trace]
    wanted = [*(certainty / unit), 3.0]
    if goes_on:
        rows += [*(nodes / (nodes + below[:, None]) / likely.df1[:, None] / (0.3 * unit))]
        wanted += [1.0 / (0.3 * unit)] * 2
    if weights.sum() > dim:
        rows.append(np.full(25, 1.0 / dim))
        wanted.append(1.0)
    assert (weights.sum() > dim) == (dim == 30 or not goes_on)
    slopes = np.array(rows).T @ (np.array(rows) @ weights - wanted)
    assert np.all(weights >= 0.0)
    assert slopes.min() > -1e-11
    np.testing.assert_allclose(slopes[weights > 0.0], 0.0, atol=1e-11)
    missed = certainty / unit * (curve @ weights - 1.0)
    assert misfit == pytest.approx(np.sqrt(np.sum(missed**2)), rel=1e-9)


@pytest.mark.parametrize("dim", [400, 60])
def test_extremes_are_those_of_a_linear_program(dim, monkeypatch):
    from scipy.optimize import linprog

    monkeypatch.setattr(measure, "_NODES", 30)
    spectrum = theory.Spectrum.power_law(60, 1.2)
    kappa = np.geomspace(10.0, 0.05, 6)
    given = Constraints(
        kappa, theory.df1(spectrum, kappa), np.full(6, 1e-2), spectrum.trace, dim, spectrum.largest
    )
    found = extreme_measures(given, 0.02, 0.004)
    nodes = given.nodes
    # Every second node of the curve, counted from the lowest.
    rows = [*(nodes / (nodes + kappa[[5, 3, 1], None]) / given.df1[[5, 3, 1], None])]
    rows = np.array([*rows, nodes / spectrum.trace])
    below = nodes / (nodes + 0.004)
    bounds = np.array([*rows, *-rows, np.full(30, 1.0 / dim)])
    limits = [1.02] * 4 + [-0.98] * 4 + [1.0]
    for sign, (same, weights) in zip((1.0, -1.0), found, strict=True):
        np.testing.assert_array_equal(same, nodes)
        assert np.all(bounds @ weights <= np.array(limits) + 1e-9)
        best = linprog(sign * below, bounds, limits)
        assert below @ weights == pytest.approx(sign * best.fun, rel=1e-7)
    # A single dimension has no more than one degree of freedom.
    assert extreme_measures(replace(given, dim=1), 0.02, 0.004) == []
