"""What samples are like, apart from copying."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.neighbours import Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.evidence.quality import remarks
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws


@pytest.mark.parametrize(
    ("dress", "key", "finding"),
    [
        (dresses.plain, None, None),
        (dresses.blurred, "sharpness", "blurred"),
        (dresses.noise, "sharpness", "grainy"),
        (dresses.less_varied, "variance", "too alike"),
        (lambda x, rng, t: 2.0 * x - x.mean(axis=0), "variance", "too varied"),
        (dresses.collapsed, "variety", "less varied than the data"),
        (lambda x, rng, t: x[:, :, ::-1, :], "nearness", "outside the data"),
    ],
)
def test_what_samples_are_like_is_said(dress, key, finding):
    rng = np.random.default_rng(2)
    law = laws.digits if finding in ("blurred", "outside the data") else laws.larger_colour
    training, unseen, samples = np.split(law(300, rng), 3)
    shape = training.shape[1:]
    space = Space(Orbit.of(shape), np.zeros(1))
    dressed = dress(samples, rng, training)
    own, true = (
        nearest(space.still(x), training, space).distances[:, 0] for x in (dressed, unseen)
    )
    sets = Points("s", dressed, shape), Points("t", training, shape)
    found = remarks(sets, sets, (own, true), rng)
    said = {each.key: each.finding for each in found if each.finding}
    if key is None:
        assert said == {}
    else:
        assert said[key] == finding
