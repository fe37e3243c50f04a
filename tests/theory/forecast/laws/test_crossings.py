import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq

from convergen import theory
from convergen.theory.forecast.laws.crossings import (
    _smooth,
    last_crossing,
    never_rising,
    sample_grid,
)
from convergen.theory.pilot.interval import Interval


def test_falling_curves_are_inverted():
    n = sample_grid(50.0)
    assert (n[0], n[-1], n.shape) == (1.0, 5e5, (128,))
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


def interval(value, low, high):
    zero = np.zeros(len(value))
    return Interval(*(np.array(each, float) for each in (value, low, high)), zero, zero)


def test_ends_of_a_curve_that_falls_do_not_rise():
    n = np.array([1.0, 10.0, 100.0, 1000.0])
    found = never_rising(interval([8, 4, 2, 1], [6, 1, 1.5, 0.5], [9, 5, 7, 2]), n, 4)
    np.testing.assert_array_equal(found.low, [6.0, 1.5, 1.5, 0.5])
    np.testing.assert_array_equal(found.high, [9.0, 5.0, 5.0, 2.0])
    np.testing.assert_array_equal(found.value, [8.0, 4.0, 2.0, 1.0])


def test_ends_at_other_sizes_are_held_against_the_grid_alone():
    grid, asked = [1.0, 10.0, 100.0], [0.5, 30.0, 50.0, 10.0, 500.0]
    values = [9.0, 3.0, 2.9, 4.0, 1.0, 8.0, 4.0, 2.0]
    low = [7.0, 1.0, 2.5, 0.1, 0.1, 6.0, 1.2, 1.5]
    high = [9.5, 7.0, 4.0, 9.0, 6.0, 9.0, 5.0, 4.5]
    found = never_rising(interval(values, low, high), np.array(asked + grid), 3)
    # The one at 30 is not moved by that at 50.
    np.testing.assert_array_equal(found.low, [7.0, 1.5, 2.5, 1.5, 0.1, 6.0, 1.5, 1.5])
    np.testing.assert_array_equal(found.high, [9.5, 5.0, 4.0, 5.0, 4.5, 9.0, 5.0, 4.5])


def test_ends_stay_on_either_side_of_the_estimate():
    n = np.array([1.0, 10.0])
    found = never_rising(interval([2.0, 3.0], [1.0, 2.5], [2.2, 4.0]), n, 2)
    np.testing.assert_array_equal(found.low, [2.0, 2.5])
    np.testing.assert_array_equal(found.high, [2.2, 3.0])


def test_each_interval_is_divided_into_eight_on_a_cubic():
    x, y = np.log([1.0, 10.0, 30.0, 1000.0]), np.array([2.0, 1.5, 1.7, -1.0])
    places, values = _smooth(x, y)
    expected = np.interp(np.arange(25) / 8.0, np.arange(4), x)
    np.testing.assert_allclose(places, expected, atol=1e-12)
    cubic = CubicHermiteSpline(x, y, np.gradient(y, x, edge_order=2))
    np.testing.assert_allclose(values, cubic(places), atol=1e-12)


def test_a_curve_ends_where_it_ends_and_goes_on_from_there():
    n = np.array([1.0, 10.0, 100.0])
    found = last_crossing(n, 5.0 / n, [0.05 * (1.0 + 1e-12), 0.05, 0.04, 5.0, 6.0])
    np.testing.assert_allclose(found, [100.0, 100.0, 125.0, 1.0, 1.0])


def test_low_ends_that_nothing_holds_stay():
    """Beyond the last n of the grid no end is known, however low."""
    found = never_rising(interval([2.0, 3.0], [-0.5, 2.5], [4.0, 4.0]), np.array([9.0, 1.0]), 1)
    np.testing.assert_array_equal(found.low, [-0.5, 2.5])
