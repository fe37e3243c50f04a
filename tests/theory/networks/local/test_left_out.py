import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.local.left_out import draw_queries, left_out, none_left_out


def test_queries_are_points_in_random_order_with_noise_of_their_type():
    points = np.arange(12, dtype=np.float32).reshape(4, 3)
    found = draw_queries(points, np.random.default_rng(0), 6)
    assert sorted(found.own[:4]) == [0, 1, 2, 3]
    np.testing.assert_array_equal(found.own[4:], found.own[:2])
    np.testing.assert_array_equal(found.clean, points[found.own])
    assert found.noise.dtype == np.float32
    assert found.noise.shape == (6, 3)
    assert 0.5 < found.noise.std() < 1.5


@pytest.mark.parametrize(
    ("own", "samples", "said"),
    [
        ([0], 1, "give two or more"),
        ([0, 1], 3, "from 0 to 2 for each of the 1 points"),
        ([3], 3, "from 0 to 2"),
        ([-1], 3, "from 0 to 2"),
    ],
)
def test_no_such_row(own, samples, said):
    with pytest.raises(InputError, match=said):
        left_out(own, 1, samples)
    assert left_out([1], 1, 3) == [1]
    assert left_out([1], 1, 2) == [1]


def test_minus_one_stands_for_no_row():
    assert none_left_out(3).tolist() == [-1, -1, -1]
    assert none_left_out(3).dtype == np.int64
