import numpy as np
import pytest

from convergen.theory.pilot.interval import Interval

FOUND = Interval(*(np.array(part) for part in (
    [2.0, 3.0], [1.0, 2.0], [8.0, np.inf], [0.1, 0.2], [0.3, 0.4],
)))  # fmt: skip


def test_a_part_has_all_its_numbers():
    part = FOUND[1]
    assert [each.item() for each in (part.value, part.low, part.high)] == [3.0, 2.0, np.inf]
    assert [part.sampling.item(), part.unseen.item()] == [0.2, 0.4]
    assert FOUND[FOUND.value < 2.5].value.tolist() == [2.0]


def test_one_more_error_adds_to_the_square_of_each_half_in_the_logarithm():
    error = np.array([0.5, 0.0])
    wider = FOUND.widened(error)
    # 90 % of a normal variable lie within 1.6449 standard deviations.
    own = 1.6449 * 0.5
    np.testing.assert_array_equal(wider.value, FOUND.value)
    assert np.log(2.0 / wider.low[0]) ** 2 == pytest.approx(np.log(2.0) ** 2 + own**2, rel=1e-3)
    assert np.log(wider.high[0] / 2.0) ** 2 == pytest.approx(np.log(4.0) ** 2 + own**2, rel=1e-3)
    np.testing.assert_allclose([wider.low[1], wider.high[1]], [2.0, np.inf])
    np.testing.assert_allclose(wider.sampling, np.hypot(FOUND.sampling, 1.6449 * error), rtol=1e-3)
    np.testing.assert_array_equal(wider.unseen, FOUND.unseen)


def test_odds_become_overlaps_with_the_ends_exchanged():
    q = FOUND.overlap()
    np.testing.assert_allclose(q.value, [1 / 3, 1 / 4])
    np.testing.assert_allclose(q.low, [1 / 9, 0.0])
    np.testing.assert_allclose(q.high, [1 / 2, 1 / 3])
    np.testing.assert_array_equal(q.sampling, FOUND.sampling)
    np.testing.assert_array_equal(q.unseen, FOUND.unseen)
