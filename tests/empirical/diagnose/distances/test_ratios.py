"""Ratios of distances and what chance gives: closed forms and counts."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.neighbours import Near, Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.distances.ratios import Chance, ratios, second_distances
from convergen.empirical.diagnose.evidence.copies import find_copies
from convergen.empirical.diagnose.evidence.quality import remarks
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws

PLANE = Space(Orbit.of((2,)), np.zeros(2))


def near(queries, rows):
    return nearest(np.asarray(queries, float), rows, PLANE)


def test_the_second_point_is_a_distinct_one():
    rows = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [10.0, 0.0]])
    query = np.array([[1.0, 0.0]])  # three views of one point, then another one
    found = near(query, rows)
    assert found.indices[0, 0] == 1
    assert second_distances(found, rows, PLANE)[0] == 9.0
    unseen = np.array([[3.0, 0.0]])
    ratio = ratios(query, found, near(query, unseen), rows, unseen, PLANE)
    assert ratio[0] == pytest.approx(0.9 / 2.0)
    between = np.array([[5.0, 0.0]])  # far from all of them: the next point counts
    assert ratios(between, near(between, rows), None, rows, None, PLANE)[0] == pytest.approx(
        4.9 / 5.0
    )
    assert ratios(query, near(query, rows[:1]), None, rows[:1], None, PLANE)[0] == 1.0


def test_chance_follows_a_power_law_and_is_not_misled_by_repeats():
    """Ratios of points in k dimensions obey P(ratio < x) = x^k."""
    rng = np.random.default_rng(0)
    values = rng.random(2000) ** (1.0 / 6.0)
    clean = Chance.of(values)
    dirty = Chance.of(np.concatenate([values, 1e-6 * np.ones(40)]))
    x = np.array([0.9, 0.7, 0.5])
    for chance in (clean, dirty):
        # Doubt of the tail and what was never seen only make chance larger.
        assert np.all(chance.probability(x) > 0.9 * x**6)
        assert np.all(chance.probability(x) < 2.0 * x**6 + 1e-3)
    assert clean.probability(np.array([0.0]))[0] < 1e-8
    assert clean.probability(np.array([1.5]))[0] == pytest.approx(1.0)
    natural = Chance.of(values, repeats=0.1)
    assert natural.probability(np.array([0.0]))[0] == pytest.approx(0.1)


def test_copies_are_counted_without_those_of_chance():
    rng = np.random.default_rng(1)
    chance = Chance.of(rng.random(1000) ** (1.0 / 8.0))
    found = rng.random(300) ** (1.0 / 8.0)
    points = np.arange(300)[:, None]

    def judged(values, index=points, control=None):
        return find_copies(values, Near(index, values[:, None], values), chance, control)

    assert not judged(found).significant
    copied = found.copy()
    copied[:60] = 0.05 * rng.random(60)
    seen = judged(copied)
    assert seen.significant
    assert seen.share.low < 0.2 < seen.share.high
    assert set(range(60)) <= set(seen.suspected)
    assert np.all(np.diff(copied[seen.suspected]) >= 0.0)
    assert seen.visible == pytest.approx(1.0 - 0.05 ** (1.0 / 300))
    # Unseen points that are copied as often: no memory of the training set.
    fair = copied, Near(points, copied[:, None], copied), 0.5
    assert not judged(copied, control=fair).significant
    # All suspects from one point at a middling ratio: one accident, repeated.
    accident = found.copy()
    accident[:60] = 0.6
    one = points.copy()
    one[:60] = 0
    assert not judged(accident, one).significant


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
