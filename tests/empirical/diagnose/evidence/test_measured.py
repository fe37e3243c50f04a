"""Neighbours that the numbers rest on, against all pairs."""

from dataclasses import replace

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.honest_sets import honest_sets
from convergen.empirical.diagnose.distances.gaps import GapLaw
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
    assert found.space.workers == 1
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


@pytest.mark.parametrize("copied", [[5, 9, 0], [9, 0]])
def test_of_near_duplicates_the_nearest_member_counts(copied):
    """Training points 2 and 5, and 3, 8 and 9, are nearly the same; samples copy some of them."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((40, 6))
    rows[5] = rows[2] + 1e-4 * rng.standard_normal(6)
    rows[[8, 9]] = rows[3] + 1e-4 * rng.standard_normal((2, 6))
    samples = rows[copied] + 1e-6
    training = points("training", rows)
    sets = honest_sets(training, None, ORBIT).beside(points("samples", samples), ORBIT)
    assert sorted(map(sorted, sets.groups)) == [[2, 5], [3, 8, 9]]
    found = Measured.of(
        points("samples", samples), training, None, ORBIT, sets, np.random.default_rng(1)
    )
    assert found.near.indices[:, 0].tolist() == copied
    np.testing.assert_allclose(found.near.distances[:, 0], 1e-6 * np.sqrt(6), rtol=1e-2)


@pytest.mark.parametrize(
    ("scores", "significant", "doubts"),
    [
        ((3.0, -1.0), True, False),  # as real points of one law do
        ((-6.0, 1.0), False, True),  # unseen points of another law
        ((6.0, 1.0), False, True),
        ((5.1, 1.0), False, True),
        ((1.0, -5.1), False, True),
        ((1.0, 6.0), True, False),
        ((5.0, -5.0), True, False),
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


@pytest.mark.parametrize(
    ("scores", "beyond", "significant"),
    [
        ((2.1, 0.0), (False, True), False),  # as training points themselves lean
        ((2.1, 0.0), (True, False), True),
        ((2.0, 0.0), (False, False), True),
        ((1.9, 3.0), (False, False), True),
    ],
)
def test_samples_must_lean_more_than_training_points(monkeypatch, scores, beyond, significant):
    from convergen.empirical.diagnose.evidence.leaning import Leaning
    from convergen.empirical.measure.intervals import Estimate

    # Of a share of 0.9 ± 0.01, one of 0.88 is no other and one of 0.5 is.
    shares = [0.5 if each else 0.88 for each in beyond]
    answers = [Leaning(Estimate(0.9, 0.8, 1.0, 0.01), 9.0, True)]
    answers += [
        Leaning(Estimate(share, 0.4, 0.6, 0.01), score, False)
        for share, score in zip(shares, scores, strict=True)
    ]
    found = measured()
    for lean in (True, False):
        given = [replace(answers[0], significant=lean), *answers[1:]]
        monkeypatch.setattr(module, "leaning", lambda *asked, given=given: given.pop(0))
        assert found.leaning()[0].significant == (lean and significant)


def test_of_two_unseen_points_each_is_held_against_the_other(monkeypatch):
    sizes, found = [], measured(UNSEEN[:2])
    plain = module.leaning

    def leaning(near, other, given):
        sizes.append(given)
        return plain(near, other, given)

    monkeypatch.setattr(module, "leaning", leaning)
    found.leaning()
    assert sizes == [(40, 2), (39, 2), (40, 1)]


def test_gaps_are_those_of_the_nearest_points():
    found = measured()
    seen, others = found.seen_points, found.unseen_points
    real = np.concatenate([found.distances(x.training, x.unseen) for x in (seen, others)])
    own = found.distances(found.near, found.unseen)
    law = GapLaw.of(real)
    expected = law.seen_by(own, found.near.indices[:, 0]).shares(own)
    np.testing.assert_array_equal(found.looks(NOBODY)[1].values, expected)


def test_a_blank_sample_is_as_far_from_a_copy_as_any():
    found = measured()
    sets = replace(found.sets, blank_samples=np.array([2, 7]))
    blank = np.isin(np.arange(25), [2, 7])
    pairs = zip(found.looks(NOBODY), replace(found, sets=sets).looks(NOBODY), strict=True)
    for plain, look in pairs:
        for before, after in (
            (plain.values, look.values), (plain.ratios, look.ratios),
            (plain.control[0], look.control[0]),
        ):  # fmt: skip
            assert np.all(before[blank] != 1.0)
            np.testing.assert_array_equal(after, np.where(blank, 1.0, before))


def test_of_more_than_1024_real_points_as_many_are_chosen():
    asked = []

    class Choosing:
        def choice(self, rows, count, replace):
            asked.append((len(rows), count, replace))
            return rows[:count][::-1]

    rows = np.random.default_rng(5).random((2049, 2))
    orbit = Orbit((2,), ())
    training, reference, samples = (
        points(name, each)
        for name, each in (("t", rows[:1025]), ("u", rows[1025:]), ("s", rows[:2] + 1.0))
    )
    sets = honest_sets(training, reference, orbit).beside(samples, orbit)
    found = Measured.of(samples, training, reference, orbit, sets, Choosing())
    assert asked == [(1025, 1024, False)]
    assert len(found.unseen_points.rows) == 1024
