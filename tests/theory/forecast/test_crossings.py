import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq

from convergen import theory
from convergen.theory.forecast.crossings import last_crossing, sample_grid


def test_falling_curves_are_inverted():
    n = sample_grid(50.0)
    assert (n[0], n[-1]) == (1.0, 5e5)
    curve = 1.0 / (1.0 + n / 30.0)
    targets = np.array([0.9, 0.1, 1e-3, 1e-9])
    expected = 30.0 * (1.0 / targets - 1.0)
    found = last_crossing(n, curve, targets)
    np.testing.assert_allclose(found[:3], expected[:3], rtol=1e-4)
    # Beyond the grid the curve goes on like 1/n.
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-4)
    np.testing.assert_array_equal(last_crossing(n, curve, [0.0, 2.0]), [np.inf, 1.0])


def test_the_last_of_several_crossings_counts():
    n, curve = np.array([1.0, 10.0, 100.0, 1000.0]), np.array([1.0, 0.2, 0.6, 0.01])
    found = last_crossing(n, curve, [0.5])[0]
    x, y = np.log(n), np.log(curve)
    cubic = CubicHermiteSpline(x, y, np.gradient(y, x, edge_order=2))
    expected = brentq(lambda at: cubic(at) - np.log(0.5), x[2] + 0.1, x[3])
    assert np.log(found) == pytest.approx(expected, abs=0.02)
    assert found > 100.0


def test_coarse_grids_do():
    """28 % from n to n, as for a pilot of 500 points."""
    spectrum, levels = theory.Spectrum.isotropic(300), np.array([0.5, 0.9, 0.99])
    truth = [float(theory.samples_for(spectrum, convergence=level)) for level in levels]
    n, targets = np.geomspace(1.0, 5e6, 64), (1.0 - levels) / levels
    found = theory.order_parameters(spectrum, n)
    curve = found.gap / found.convergence
    np.testing.assert_allclose(last_crossing(n, curve, targets), truth, rtol=3e-4)
    straight = np.exp(np.interp(-np.log(targets), -np.log(curve), np.log(n)))
    assert np.abs(straight / truth - 1.0).max() > 1.5e-3
