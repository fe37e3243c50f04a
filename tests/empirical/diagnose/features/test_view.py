import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.view import FormsOrbit, Given, View
from convergen.theory.sources.points import Points

ROWS = np.random.default_rng(0).standard_normal((7, 2, 3))


def points(name, rows):
    return Points(name, rows, rows.shape[1:])


def view(orbit, unseen=5):
    reference = points("u", ROWS[:unseen]) if unseen else None
    return View([points("s", ROWS)], points("t", ROWS), reference, orbit, "x", "words", False)


def test_forms_that_were_encoded_are_compared_form_by_form():
    orbit = FormsOrbit((2, 3), ())
    np.testing.assert_array_equal(orbit.still(ROWS), ROWS[:, 0])
    first, second = orbit.forms(ROWS.reshape(7, 6), np.float32)
    np.testing.assert_array_equal(first, ROWS[:, 0].astype(np.float32))
    np.testing.assert_array_equal(second, ROWS[:, 1].astype(np.float32))
    assert orbit.count == 2


def test_the_plain_form_alone_is_what_theories_look_at():
    found = view(FormsOrbit((2, 3), ())).plain(points("s", ROWS))
    assert (found.name, found.shape) == ("s", (3,))
    np.testing.assert_array_equal(found.rows, ROWS[:, 0])
    own = points("s", ROWS)
    assert view(Orbit((2, 3), ())).plain(own) is own


def test_some_of_the_reference_may_be_kept():
    whole = view(Orbit((2, 3), ()))
    assert whole.keeping(np.arange(5)) is whole
    some = whole.keeping(np.array([4, 1]))
    np.testing.assert_array_equal(some.reference.rows, ROWS[[4, 1]])
    assert (some.reference.name, some.training) == ("u", whole.training)
    none = view(Orbit((2, 3), ()), 0)
    assert none.keeping(np.array([0])) is none


@pytest.mark.parametrize("reference", [None, points("u", ROWS)])
def test_all_sets_are_samples_then_training_then_reference(reference):
    samples, training = [points("a", ROWS), points("b", ROWS)], points("t", ROWS)
    found = Given(samples, training, reference, Orbit((2, 3), ())).sets
    assert [each.name for each in found] == ["a", "b", "t", "u"][: 4 - (reference is None)]
