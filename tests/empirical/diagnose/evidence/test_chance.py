"""What chance gives, from real points."""

import numpy as np
import pytest

from convergen.empirical.diagnose.evidence.chance import Chance


@pytest.mark.parametrize(("points", "tail"), [(8, 8), (20, 10), (50, 10), (100, 10), (300, 30)])
def test_the_tail_is_the_lowest_tenth_but_ten_points_at_least(points, tail):
    values = np.linspace(0.4, 0.9, points)
    assert Chance.of(values[::-1]).start == values[tail - 1]
