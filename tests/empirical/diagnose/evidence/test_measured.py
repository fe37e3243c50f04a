"""Neighbours that the numbers rest on, against all pairs."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.honest_sets import honest_sets
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.distances.ratios import ratios
from convergen.empirical.diagnose.evidence import measured as module
from convergen.empirical.diagnose.evidence.measured import Measured
from convergen.theory.sources.points import Points

RNG = np.random.default_rng(0)
TRAINING, UNSEEN, SAMPLES = (RNG.standard_normal((n, 6)) for n in (40, 30, 25))
ORBIT = Orbit((6,), ())
NOBODY = np.empty(0, np.int64)


def points(name, rows):
    return Points(name, rows, rows.shape[1:])


def measured(unseen=UNSEEN, samples=SAMPLES, before=None):
    training = points("training", TRAINING)
    reference = None if unseen is None else points("unseen", unseen)
    sets = honest_sets(training, reference, ORBIT).beside(points("samples", samples), ORBIT)
    return Measured.of(
        points("samples", samples), training, reference, ORBIT, sets, np.random.default_rng(1),
        before,
    )  # fmt: skip


def apart(a, b):
    return np.linalg.norm(a[:, None] - b, axis=2)


def nearest(a, b, itself=False):
    found = apart(a, b)
    if itself:
        np.fill_diagonal(found, np.inf)
    return np.sort(found, axis=1)


def test_samples_and_real_points_have_their_neighbours_in_both_sets():
    found = measured()
    for near, expected in (
        (found.near, nearest(SAMPLES, TRAINING)), (found.unseen, nearest(SAMPLES, UNSEEN)),
        (found.seen_points.training, nearest(TRAINING, TRAINING, itself=True)),
        (found.seen_points.unseen, nearest(TRAINING, UNSEEN)),
        (found.unseen_points.training, nearest(UNSEEN, TRAINING)),
        (found.unseen_points.unseen, nearest(UNSEEN, UNSEEN, itself=True)),
    ):  # fmt: skip
        np.testing.assert_allclose(near.distances[:, :3], expected[:, :3], rtol=1e-9)
    assert found.space.origin == pytest.approx(np.concatenate([TRAINING, UNSEEN]).mean(axis=0))
    near, words = found.true_points()
    assert (near, words) == (found.unseen_points.training, "unseen points")


def test_without_a_reference_training_points_are_held_against_the_others():
    found = measured(None)
    assert found.unseen is None
    assert found.unseen_points is None
    assert found.leaning() == (None, [])
    near, words = found.true_points()
    assert near is found.seen_points.training
    assert words == "training points, each held against the others"
    plain, gaps = found.looks(NOBODY)
    assert plain.control is gaps.control is None
    assert plain.chance.ratios.size == 40
    expected = ratios(found.distances(found.seen_points.training, None))
    np.testing.assert_array_equal(plain.chance.ratios, np.sort(expected))


def test_looks_hold_ratios_of_samples_against_those_of_all_real_points():
    found = measured()
    plain, gaps = found.looks(NOBODY, " here")
    assert (plain.words, gaps.words) == ("by distances here", "by gaps between distances here")
    own = nearest(SAMPLES, TRAINING)
    second = np.minimum(own[:, 1], nearest(SAMPLES, UNSEEN)[:, 0])
    np.testing.assert_allclose(plain.values, own[:, 0] / second, rtol=1e-9)
    np.testing.assert_array_equal(plain.ratios, ratios(found.distances(found.near, found.unseen)))
    assert plain.chance.ratios.size == 70
    # Of points that repeat another one nothing is learnt.
    assert found.looks(np.array([3, 8]))[0].chance.ratios.size == 68
    values, near, part = plain.control
    other = nearest(SAMPLES, UNSEEN)
    beside = np.minimum(other[:, 1], own[:, 0])
    np.testing.assert_allclose(values, other[:, 0] / beside, rtol=1e-9)
    assert near is found.unseen
    assert part == 40 / 70
    assert gaps.control[2] == part


def test_samples_that_lean_are_told_unless_real_sets_differ():
    lean, doubt = measured().leaning()
    assert not lean.significant
    assert doubt == []
    copied = TRAINING[:25] + 0.3 * RNG.standard_normal((25, 6))
    lean, doubt = measured(samples=copied).leaning()
    assert lean.significant
    assert doubt == []
    lean, doubt = measured(RNG.standard_normal((120, 6)) + 3.0, copied).leaning()
    assert not lean.significant
    assert "Points of unseen seem to follow another law" in doubt[0]


def test_real_points_of_an_earlier_measurement_are_not_looked_at_again(monkeypatch):
    first = measured()
    monkeypatch.setattr(module, "_mean", lambda *given: pytest.fail("looked at"))
    again = measured(samples=SAMPLES[::-1].copy(), before=first)
    assert again.seen_points is first.seen_points
    np.testing.assert_array_equal(again.near.distances, first.near.distances[::-1])


def test_of_many_real_points_some_are_held_against_the_others(monkeypatch):
    monkeypatch.setattr(module, "_CHANCE", 12)
    found = measured()
    rows = found.seen_points.rows
    assert len(rows) == len(set(rows)) == 12
    assert np.all(np.diff(rows) > 0)
    expected = nearest(TRAINING, TRAINING, itself=True)[rows]
    np.testing.assert_allclose(
        found.seen_points.training.distances[:, :2], expected[:, :2], rtol=1e-9
    )


def test_of_near_duplicates_the_nearest_member_counts():
    """Training points 0 and 5, and 1, 8 and 9, are nearly the same; samples copy 5, 9 and 3."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((40, 6))
    rows[5] = rows[0] + 1e-4 * rng.standard_normal(6)
    rows[[8, 9]] = rows[1] + 1e-4 * rng.standard_normal((2, 6))
    samples = rows[[5, 9, 3]] + 1e-6
    training = points("training", rows)
    sets = honest_sets(training, None, ORBIT).beside(points("samples", samples), ORBIT)
    assert sorted(map(sorted, sets.groups)) == [[0, 5], [1, 8, 9]]
    found = Measured.of(
        points("samples", samples), training, None, ORBIT, sets, np.random.default_rng(1)
    )
    assert found.near.indices[:, 0].tolist() == [5, 9, 3]
    np.testing.assert_allclose(found.near.distances[:, 0], 1e-6 * np.sqrt(6), rtol=1e-2)


@pytest.mark.parametrize(
    ("scores", "significant", "doubts"),
    [
        ((3.0, -1.0), True, False),  # as real points of one law do
        ((-6.0, 1.0), False, True),  # unseen points of another law
        ((6.0, 1.0), False, True),
    ],
)
def test_real_points_tell_whether_nearness_is_evidence(monkeypatch, scores, significant, doubts):
    from convergen.empirical.diagnose.evidence.leaning import Leaning
    from convergen.empirical.measure.intervals import Estimate

    answers = [Leaning(Estimate(0.9, 0.8, 1.0, 0.01), 9.0, True)]
    answers += [Leaning(Estimate(0.5, 0.4, 0.6, 0.01), score, False) for score in scores]
    sizes = []

    def leaning(near, other, given):
        sizes.append(given)
        return answers[len(sizes) - 1]

    found = measured()
    monkeypatch.setattr(module, "leaning", leaning)
    lean, doubt = found.leaning()
    assert lean.significant == significant
    assert bool(doubt) == doubts
    assert sizes == [(40, 30), (39, 30), (40, 29)]  # a real point is not held against itself


def test_a_single_unseen_point_is_held_against_training_points_alone():
    lean, doubt = measured(UNSEEN[:1]).leaning()
    assert np.isfinite(lean.score)
    assert doubt == []
