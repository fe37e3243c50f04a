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


def test_the_range_is_that_of_all_blocks(monkeypatch):
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 1)
    rows = np.array([[0.5, 3.0], [-2.0, 1.0], [7.0, 0.0]], dtype=np.float32)
    assert Points("x", rows, (2,)).value_range == (-2.0, 7.0)
