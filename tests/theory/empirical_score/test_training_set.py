"""What is known of a training set before a pass, against whole-array expressions."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.row_blocks import as_blocks
from convergen.theory.empirical_score.training_set import TrainingSet, squared_lengths

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_blocks_are_measured_as_one(dtype):
    y = (3.0 + RNG.standard_normal((9, 4))).astype(dtype)
    y[7] = y[2]
    found = TrainingSet.measured(as_blocks([y[:5], y[5:]]))
    exact = y.astype(float)
    np.testing.assert_allclose(found.squares, np.sum(exact**2, axis=1), rtol=1e-12)
    assert found.squares.dtype == found.origin.dtype == np.float64
    # A point amid them: the mean of the first block.
    np.testing.assert_allclose(found.origin, exact[:5].mean(axis=0), rtol=1e-12)
    farthest = np.linalg.norm(exact - found.origin, axis=1).max()
    assert found.radius == pytest.approx(farthest, rel=1e-9)
    assert found.length == pytest.approx(np.linalg.norm(exact, axis=1).max(), rel=1e-12)
    assert (found.samples, found.copies) == (9, 2)


def test_the_farthest_point_may_lie_in_any_block():
    near, far = 0.1 * RNG.standard_normal((5, 3)), np.array([[7.0, 0.0, 0.0]])
    for blocks in ([near, far], [np.concatenate([near, far]), near]):
        found = TrainingSet.measured(as_blocks(blocks))
        assert found.radius == pytest.approx(np.linalg.norm(far[0] - found.origin), rel=1e-9)


@pytest.mark.parametrize(("dim", "direct"), [(1, True), (32, True), (33, False)])
def test_few_coordinates_are_compared_by_differences(dim, direct):
    assert TrainingSet.measured(as_blocks(np.ones((2, dim)))).direct == direct


def test_points_that_are_not_finite_are_counted():
    y = RNG.standard_normal((6, 3))
    y[1, 0], y[2, 1], y[5, 2] = np.nan, np.inf, 1e200
    for data in (y, [y[:2], y[2:]], [y[3:5], y[:3], y[5:]]):
        with pytest.raises(InputError, match="3 training point"):
            TrainingSet.measured(as_blocks(data))


def test_squared_lengths_are_those_of_double_precision():
    points = np.array([[3e19, 4e19], [1.0, 2.0]], dtype=np.float32)
    np.testing.assert_allclose(squared_lengths(points), [2.5e39, 5.0], rtol=1e-6)


def test_a_radius_may_be_small_or_nothing():
    y = 5.0 + 1e-3 * RNG.standard_normal((6, 3))
    found = TrainingSet.measured(as_blocks(y))
    farthest = np.linalg.norm(y - found.origin, axis=1).max()
    assert found.radius == pytest.approx(farthest, rel=1e-5)
    alike = TrainingSet.measured(as_blocks([np.ones((2, 3)), np.ones((3, 3))]))
    assert (alike.radius, alike.copies) == (0.0, 5)
