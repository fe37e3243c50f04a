"""Colour images are brought to the order of channels of the training set, and no others."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.colours import _exchanged, one_colour_order
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws


def named(rows, name="samples"):
    return Points(name, rows, rows.shape[1:])


@pytest.fixture(scope="module")
def sets():
    rows = laws.larger_colour(190, np.random.default_rng(0))
    return rows[:100], rows[100:]


def test_red_and_blue_are_exchanged_back(sets):
    training, unseen = sets
    copies = training[:40]
    for images in (unseen, copies):
        for dress in (dresses.plain, dresses.mirrored, dresses.noise):
            dressed = dress(images, np.random.default_rng(1), training)
            given = [named(dressed), named(dressed[:, ::-1], "blue_first.npy")]
            found, notes = one_colour_order(named(training), given)
            assert found[0] is given[0]
            np.testing.assert_array_equal(found[1].rows, dressed)
            assert len(notes) == 1
            assert "Red and blue of blue_first.npy were exchanged" in notes[0]


def test_what_is_not_sure_stays(sets):
    training, unseen = sets
    blue = unseen[np.argsort((unseen[:, 0] - unseen[:, 2]).mean(axis=(1, 2)))[:3]]
    grey = np.repeat(unseen.mean(axis=1, keepdims=True), 3, axis=1)
    few = unseen[:5, ::-1]
    collapsed = np.repeat(blue, 30, axis=0)
    given = [named(each) for each in (grey, few, collapsed, collapsed[:, ::-1])]
    assert one_colour_order(named(training), given) == (given, [])
    single = [named(each[:, :1]) for each in (training, unseen)]
    assert one_colour_order(single[0], single[1:]) == (single[1:], [])
    vectors = [named(each.reshape(len(each), -1)) for each in (training, unseen)]
    assert one_colour_order(vectors[0], vectors[1:]) == (vectors[1:], [])


def exchanged(count, nearer, copies_of=None):
    """Noisy images, so many of them with red and blue exchanged, of training images or of one."""
    rng = np.random.default_rng(0)
    training = rng.random((60, 3, 4, 4))
    rows = training[:count] if copies_of is None else np.repeat(training[copies_of], count, axis=0)
    rows = rows + 0.05 * rng.standard_normal(rows.shape)
    rows[:nearer] = rows[:nearer, ::-1]
    return _exchanged(Points("s", rows, (3, 4, 4)), training)


@pytest.mark.parametrize(
    ("count", "nearer", "found"),
    [
        (40, 40, True), (60, 43, True), (60, 42, False),  # more than seven tenths
        (10, 10, True), (9, 9, False),  # ½¹⁰ is below a thousandth, ½⁹ is not
        (40, 0, False),
    ],
)  # fmt: skip
def test_most_images_must_be_nearer_exchanged_beyond_chance(count, nearer, found):
    assert exchanged(count, nearer) == found


def test_images_of_one_training_image_have_one_vote():
    assert not exchanged(30, 30, copies_of=[7])
    assert not exchanged(10, 90, copies_of=list(range(9)))
    assert exchanged(10, 100, copies_of=list(range(10)))
