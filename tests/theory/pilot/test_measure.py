import numpy as np
import pytest

from convergen import theory
from convergen.theory.pilot.measure import Constraints, extreme_measures, fit_measure


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
