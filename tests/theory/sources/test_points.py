import numpy as np

from convergen.theory.sources.points import Points


def test_points():
    rows = np.arange(24.0).reshape(4, 1, 2, 3)
    points = Points("x", rows, (1, 2, 3))
    assert len(points) == 4
    assert points.dim == 6
    np.testing.assert_array_equal(points.flat(), rows.reshape(4, 6))
    np.testing.assert_array_equal(points.flat(np.array([2, 0])), rows.reshape(4, 6)[[2, 0]])
    np.testing.assert_array_equal(points.sum(), rows.reshape(4, 6).sum(axis=0))
