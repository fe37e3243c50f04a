import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.noise_schedules import checked_schedule, karras_schedule


def test_levels_are_those_of_the_paper_and_their_ends_are_exact():
    found = karras_schedule(5, 0.01, 7.0, 3.0)
    i = np.arange(5)
    ends = 7.0 ** (1 / 3), 0.01 ** (1 / 3)
    np.testing.assert_allclose(found[:-1], (ends[0] + i / 4 * (ends[1] - ends[0])) ** 3)
    assert (found[0], found[-2], found[-1]) == (7.0, 0.01, 0.0)
    assert karras_schedule(1, 0.01, 7.0).tolist() == [7.0, 0.0]
    assert karras_schedule(2, 0.01, 7.0).tolist() == [7.0, 0.01, 0.0]
    usual = karras_schedule(18)
    assert (usual[0], usual[-2]) == (80.0, 0.002)
    np.testing.assert_allclose(np.diff(usual[:-1] ** (1 / 7), 2), 0.0, atol=1e-12)


def test_too_many_steps_are_refused():
    with pytest.raises(InputError, match="9 steps leave no distance between levels: use fewer"):
        karras_schedule(9, 1.0, 1.0 + 5e-16)


@pytest.mark.parametrize(
    "levels", [[1.0], [1.0, 1.0], [1.0, 2.0], [1.0, -1.0], [[2.0, 1.0]], [2.0, 1.0, 1.0]]
)
def test_levels_must_fall(levels):
    with pytest.raises(InputError, match="at least two noise levels"):
        checked_schedule(levels)
    assert checked_schedule([2.0, 0.0]).tolist() == [2.0, 0.0]
