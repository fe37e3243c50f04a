"""Pixels are compared as they are."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.encoders.pixels import encode
from convergen.empirical.diagnose.features.view import Given
from convergen.theory.sources.points import Points


@pytest.mark.parametrize(
    ("shape", "words"), [((1, 4, 4), "pixels"), ((3, 2, 2), "pixels"), ((12,), "values")]
)
def test_the_sets_themselves_are_compared(shape, words):
    s, t, u = (Points(name, np.ones((2, *shape)), shape) for name in "stu")
    view = encode(Given([s], t, u, Orbit.of(shape)))
    assert view.samples == [s]
    assert view.training is t
    assert view.reference is u
    assert (view.name, view.words, view.theory) == ("pixels", words, True)
