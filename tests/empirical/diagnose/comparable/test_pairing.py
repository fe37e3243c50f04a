"""Samples of two models pair, or it is said why they do not."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.pairing import (
    _alone,
    _directions,
    _mutual,
    _names,
    _paired,
    _shift,
    check_counts_and_names,
    check_order,
)
from convergen.theory.common.checks import InputError
from convergen.theory.data.record import Record
from convergen.theory.sources.points import Points


def named(name, names):
    names = tuple(names)
    record = Record(name, "folder", len(names), "encoded images", "uint8", names=names)
    return Points(name, np.zeros((len(names), 2)), (2,), record=record)


A = [f"{i}.png" for i in range(12)]


@pytest.mark.parametrize(
    "other", [A, [f"b_{i:04d}.jpg" for i in range(12)], [f"{chr(97 + i)}x.png" for i in range(12)]]
)
def test_files_that_pair(other):
    check_counts_and_names(named("A", A), named("B", other))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (A[:-1], "A holds 12 samples, B 11: .*Of A alone there is, for instance, 11"),
        ([f"{i}.png" for i in range(1, 13)], "number 0 is .* of the one and 1 of the other"),
        ([*A[:6], *A[7:], "12.png"], "number 6 is 6 of the one and 7 of the other.*A alone.* 6"),
    ],
)
def test_files_that_do_not_pair(other, words):
    with pytest.raises(InputError, match=words):
        check_counts_and_names(named("A", A), named("B", other))


def pair(noise, seed=0, count=100, dim=20):
    """Samples of two models that share all but some noise, and real points."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, dim))
    y = x + noise * rng.standard_normal((count, dim))
    return x, y, rng.standard_normal((count, dim))


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0, 10.0, 1e6])
def test_any_agreement_in_order_passes(noise):
    for seed in range(10):
        check_order(*pair(noise, seed), "A and B")


def test_two_models_that_copy_different_training_sets_pass():
    rng = np.random.default_rng(1)
    train, other = rng.standard_normal((2, 40, 20))
    for _ in range(10):
        rows = rng.integers(40, size=(2, 100))
        check_order(train[rows[0]], other[rows[1]], other, "A and B")


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_another_order_is_refused(noise):
    x, y, real = pair(noise)
    order = np.random.default_rng(2).permutation(len(y))
    with pytest.raises(InputError, match=r"in different orders: .*have a partner elsewhere"):
        check_order(x, y[order], real, "A and B")
    place = int(np.flatnonzero(order == 0)[0])
    with pytest.raises(InputError, match=rf"\(0 of A fits {place} of B"):
        check_order(x, y[order], real, "A and B")


def test_a_missing_sample_is_named():
    x, y, real = pair(0.3)
    shifted = np.concatenate([y[:60], y[61:], y[60:61]])
    with pytest.raises(InputError, match="fit the row 1 before their own, from 61 on"):
        check_order(x, shifted, real, "A and B")


def test_few_samples_show_no_order():
    x, y, real = pair(0.1, count=12)
    check_order(x, y[::-1], real, "A and B")


def test_twenty_samples_show_an_order():
    x, y, real = pair(0.1, count=20)
    with pytest.raises(InputError, match="95% of them fit the row 1 after their own, from 0 on"):
        check_order(x, np.roll(y, 1, axis=0), real, "A and B")
    check_order(x[:19], np.roll(y[:19], 1, axis=0), real, "A and B")


def test_partners_are_mutual():
    """Row 0 likes column 1, which likes row 1 more."""
    cosines = np.array([[0.1, 0.8, 0.2], [0.3, 0.9, 0.1], [0.2, 0.1, 0.7]])
    rows, columns = _mutual(cosines)
    assert rows.tolist() == [1, 2]
    assert columns.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ([1, 2, 3, 7], (1, 0.3)), ([3, 4, 9, 9], (3, 0.2)), ([4, 5, 6, 7], (0, 0.0)),
        ([0, 1, 2, 0], (0, 0.3)), ([9, 9, 0, 1], (-2, 0.2)), ([], (0, 0.0)),
    ],
)  # fmt: skip
def test_the_commonest_distance_of_at_most_three_rows(columns, found):
    rows = np.arange(len(columns))
    shift, share = _shift(rows, np.array(columns, int), 10)
    assert (shift, share) == (found[0], pytest.approx(found[1]))


def test_directions_have_unit_length_but_zeros():
    np.testing.assert_allclose(
        _directions(np.array([[3.0, 4.0], [0.0, 0.0], [-0.03, 0.04]])),
        [[0.6, 0.8], [0, 0], [-0.6, 0.8]],
    )


@pytest.mark.parametrize("shift", [-3, -1, 2])
def test_missing_samples_shift_all_later_ones(shift):
    x, y, real = pair(0.3)
    rows = np.arange(100)
    rows[50:] = (np.arange(50, 100) - shift) % 100
    words = f"{abs(shift)} {'after' if shift > 0 else 'before'} their own"
    with pytest.raises(InputError, match=f"fit the row {words}"):
        check_order(x, y[rows], real, "A and B")


def test_names_differ_by_numbers_or_by_stems():
    def names(*files):
        return _names(named("A", files))

    assert names("img_007.png", "img_010.png") == ["7", "10"]
    assert names("run2/img_7.png", "run2/img_8.jpg") == ["7", "8"]
    assert names("2_7.png", "2_8.png") == ["7", "8"]  # the last number of each
    assert names("a1.png", "b1.png") == ["a1", "b1"]  # one number twice
    assert names("x.png", "y.png") == ["x", "y"]
    assert names("x.png", "3.png") == ["x", "3"]
    assert names("000.png", "001.png") == ["0", "1"]
    assert _names(Points("A", np.zeros((2, 2)), (2,))) is None


@pytest.mark.parametrize("names", [None, ("0.png",), ("0.png", "1.png", "2.png")])
def test_names_of_another_number_of_files_do_not_count(names):
    record = Record("A", "array", 2, "vectors", "", names=names)
    points = Points("A", np.zeros((2, 2)), (2,), record=record)
    assert _names(points) is None
    for pair in (
        (points, named("B", ["1.png", "0.png"])),
        (named("B", ["5.png", "6.png"]), points),
    ):
        check_counts_and_names(*pair)  # nothing to compare


def test_half_of_the_names_must_be_common_to_be_compared():
    """Of 12 files 6 are common: they pair; 5, and the names mean something else."""
    other = [f"{i}.png" for i in range(6, 18)]
    with pytest.raises(InputError, match="number 0 is 0 of the one and 6 of the other"):
        check_counts_and_names(named("A", A), named("B", other))
    check_counts_and_names(named("A", A), named("B", [f"{i}.png" for i in range(7, 19)]))


def test_names_of_one_model_alone_are_said_where_they_are_few():
    assert _alone(["1", "2", "3"], ["1", "2"]) == " Of A alone there is, for instance, 3."
    assert _alone(["1", "2"], ["1", "2", "3"]) == " Of B alone there is, for instance, 3."
    assert _alone(["1", "2"], ["3", "4"]) == ""
    assert _alone(["1", "2", "9", "8"], ["1", "2"]) == " Of A alone there is, for instance, 8."
    assert _alone(["1", "2"], ["1", "2"]) == _alone(None, ["1"]) == _alone(["1"], None) == ""


def test_how_far_partners_of_one_number_rank_over_chance():
    """1, 1 and 2 of 2 others are less alike: 2/3 on average; uniform ranks vary by 1/12 each."""
    cosines = np.array([[0.5, 0.1, 0.9], [0.2, 0.3, 0.8], [0.1, 0.2, 0.7]])
    assert _paired(cosines) == pytest.approx((2.0 / 3.0 - 0.5) / np.sqrt(1.0 / 12.0 / 3.0))
    assert _paired(np.eye(3)) == pytest.approx(0.5 * 6.0)


def _partners(x, y):
    """Rows that are each other's best, by search."""

    def alike(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    best = [max(range(len(y)), key=lambda j, a=a: alike(a, y[j])) for a in x]
    back = [max(range(len(x)), key=lambda i, b=b: alike(x[i], b)) for b in y]
    return [(i, j) for i, j in enumerate(best) if back[j] == i]


def test_another_order_is_said_in_full():
    x, y, real = pair(0.6)
    y, real = y[np.random.default_rng(2).permutation(100)], real[:90]
    partners = [(i, j) for i, j in _partners(x, y) if i != j]
    shown = ", ".join(f"{i} of A fits {j} of B" for i, j in partners[:3])
    chance = len(_partners(x[:90], real)) / 90
    with pytest.raises(InputError) as error:
        check_order(x, y, real, "A and B")
    assert str(error.value) == (
        "samples of A and B are in different orders: rows of the same number have nothing in "
        f"common, but {len(partners) / 100:.0%} have a partner elsewhere ({shown}; {chance:.0%} by "
        "chance): give what both models made of the same seeds, in one order."
    )
