import numpy as np
import pytest

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.splits.row_orders import row_orders, take_in_turns
from convergen.theory.common.checks import InputError


def data(count, groups=None):
    return DataSet(np.ones((count, 2), np.float32), "x", groups=groups)


def test_without_groups_one_permutation_from_both_ends():
    front, back, reserve = row_orders(data(20), np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(front), np.arange(20))
    np.testing.assert_array_equal(front, back[::-1])
    np.testing.assert_array_equal(front, reserve)


@pytest.mark.parametrize("sizes", [[5] * 3, [1, 100, 1], [7, 1, 3, 20, 5, 5, 2, 9]])
def test_groups_are_never_divided(sizes):
    groups = np.repeat(np.arange(len(sizes)), sizes)[::-1].copy()
    for seed in range(20):
        parts = row_orders(data(len(groups), groups), np.random.default_rng(seed))
        names = [set(groups[rows].tolist()) for rows in parts]
        assert sum(map(len, names)) == len(sizes)
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(groups)))


def test_groups_in_the_middle_eighth_are_kept_for_testing():
    groups = np.repeat(np.arange(64), 5)
    front, back, reserve = row_orders(data(320, groups), np.random.default_rng(0))
    assert (len(front), len(back), len(reserve)) == (140, 140, 40)


def test_turns_by_hand():
    # Rows 0 and 5 are copies, and rows 1 and 4.
    clusters = np.array([0, 1, 2, 3, 1, 0, 4])
    order = np.array([0, 1, 2, 3, 4, 5, 6])
    a, b, owner = take_in_turns(order, order[::-1], clusters, 2)
    # a: 0; b: 6; a: 1; b passes over 5 (of a) and 4 (of a), and takes 3.
    np.testing.assert_array_equal(a, [0, 1])
    np.testing.assert_array_equal(b, [6, 3])
    np.testing.assert_array_equal(owner, [1, 1, 0, 2, 2])
    # a goes on with 2; nothing is left for b, so that two is the most.
    a, b, _ = take_in_turns(order, order[::-1], clusters, 5)
    np.testing.assert_array_equal(a, [0, 1])
    np.testing.assert_array_equal(b, [6, 3])


def test_each_order_is_a_prefix_of_the_next():
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, 40, 100)
    order = rng.permutation(100)
    longest = take_in_turns(order, order[::-1], clusters, 100)
    assert 10 < len(longest[0]) < 50
    for most in range(1, len(longest[0])):
        for rows, all_rows in zip(
            take_in_turns(order, order[::-1], clusters, most)[:2], longest[:2], strict=True
        ):
            np.testing.assert_array_equal(rows, all_rows[:most])


@pytest.mark.parametrize("count", [1, 2])
def test_two_sides_and_a_test_set_need_three_groups(count):
    groups = np.arange(12) % count
    with pytest.raises(InputError, match=rf"x has {count} group\(s\) of points .* need 3"):
        row_orders(data(12, groups), np.random.default_rng(0))


def test_nobody_takes_on_when_one_side_has_nothing_left():
    """After one turn each, a takes a second row, b finds none: rows 2 and 3 are nobody's."""
    a, b, owner = take_in_turns(np.array([0, 1, 2, 3]), np.array([4]), np.arange(5), 4)
    assert (a.tolist(), b.tolist()) == ([0], [4])
    assert owner.tolist() == [1, 1, 0, 0, 2]
