"""Colour images are brought to the order of channels of the training set, and no others."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.colours import one_colour_order
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
