import numpy as np

from convergen.theory.forecast.crossings import last_crossing, sample_grid


def test_falling_curves_are_inverted():
    n = sample_grid(50.0)
    assert (n[0], n[-1]) == (1.0, 5e5)
    curve = 1.0 / (1.0 + n / 30.0)
    targets = np.array([0.9, 0.1, 1e-3, 1e-9])
    expected = 30.0 * (1.0 / targets - 1.0)
    found = last_crossing(n, curve, targets)
    np.testing.assert_allclose(found[:3], expected[:3], rtol=2e-3)
    # Beyond the grid the curve goes on like 1/n.
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-4)
    np.testing.assert_array_equal(last_crossing(n, curve, [0.0, 2.0]), [np.inf, 1.0])


def test_the_last_of_several_crossings_counts():
    n = np.array([1.0, 10.0, 100.0, 1000.0])
    found = last_crossing(n, np.array([1.0, 0.2, 0.6, 0.01]), [0.5])
    slope = np.log(10.0) / np.log(60.0)
    np.testing.assert_allclose(found, 100.0 * (0.6 / 0.5) ** slope, rtol=1e-12)
