"""The verdict from what was found; what is shared by several judgements; what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict import judgement
from convergen.empirical.diagnose.verdict.judgement import Judgement, judge, judge_each
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws
from tests.options import unsaid


def points(rows, name="points"):
    return Points(name, rows, rows.shape[1:])


def gaussian(seed, *counts, dim=6):
    rng = np.random.default_rng(seed)
    return [points(rng.standard_normal((count, dim)), f"set {i}") for i, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("significant", "low", "leaning", "visible", "verdict"),
    [
        (True, 0.51, None, 0.1, "memorising"),
        (True, 0.5, None, 0.1, "partly memorising"),
        (True, 0.1, False, 0.9, "partly memorising"),
        (False, 0.9, True, 0.9, "partly memorising"),
        (False, 0.9, False, 0.5, "not memorising"),
        (False, 0.9, None, 0.5, "not memorising"),
        (False, 0.9, None, 0.51, "undecided"),
        (False, 0.9, False, 0.51, "undecided"),
    ],
)
def test_the_verdict(significant, low, leaning, visible, verdict):
    found = SimpleNamespace(
        copies=SimpleNamespace(
            significant=significant, share=SimpleNamespace(low=low), visible=visible
        ),
        leaning=None if leaning is None else SimpleNamespace(significant=leaning),
    )
    assert Judgement.verdict.fget(found) == verdict


@pytest.mark.parametrize("function", [judge, judge_each])
def test_what_is_done_where_nothing_is_said(function):
    expected = {"mend_units": True, "features": "pixels", "seed": 0, "workers": 1}
    assert unsaid(function) == expected


@pytest.mark.parametrize(
    ("distinct", "unseen", "refused"),
    [(2, 4, False), (2, 3, True), (6, 0, False), (5, 0, True)],
)
def test_two_training_points_and_six_real_ones_are_needed(distinct, unseen, refused):
    samples, training, reference = gaussian(1, 4, distinct, max(unseen, 1))
    # Repeats do not count.
    training = points(np.concatenate([training.rows, training.rows[:1]]))
    arguments = [samples], training, reference if unseen else None
    if not refused:
        assert len(judge(*arguments).samples[0]) == 4
        return
    with pytest.raises(
        InputError,
        match=rf"there are {distinct} different training points and {distinct + unseen} real "
        r"points: .*give at least 6\.",
    ):
        judge(*arguments)


def same(one, other):
    assert one.verdict == other.verdict
    assert one.notes == other.notes
    assert [s.value for s in one.scores] == [s.value for s in other.scores]
    np.testing.assert_array_equal(one.near.distances, other.near.distances)
    np.testing.assert_array_equal(one.copies.chance, other.copies.chance)


def test_several_judgements_are_those_of_one_at_a_time():
    """Real points are looked at once, and every group finds its own samples."""
    first, second, third, training, unseen = gaussian(2, 20, 30, 25, 50, 40)
    groups = [[first], [second, third], [points(training.rows[:30])]]
    found = list(judge_each(groups, training, unseen))
    assert [[len(each) for each in one.samples] for one in found] == [[20], [30, 25], [30]]
    assert [[len(each) for each in one.view.samples] for one in found] == [[20], [30, 25], [30]]
    assert [one.verdict for one in found] == ["not memorising", "not memorising", "memorising"]
    for group, each in zip(groups, found, strict=True):
        same(each, judge(group, training, unseen))
        np.testing.assert_array_equal(each.samples[0].rows, group[0].rows)
    # The second of two is brought along, and not judged; options may be named.
    (alone,) = judge_each(groups=[[second]], training=training, reference=unseen)
    same(found[1], alone)
    assert found[1].remarks == alone.remarks
    same(alone, judge(samples=[second], training=training, reference=unseen))


def test_threads_move_nothing():
    samples, training, unseen = gaussian(3, 30, 40, 40)
    plain = judge([samples], training, unseen)
    same(plain, judge([samples], training, unseen, seed=0))
    same(plain, judge([samples], training, unseen, workers=2))


@pytest.mark.parametrize("seed", [0, 7])
def test_seed_and_threads_reach_the_measurements(monkeypatch, seed):
    """One generator, drawn from in one order; its state tells which draws were made of it."""
    seen = []

    def rows(measured, lean, true, given):
        seen.append((measured.space.workers, given))
        return []

    monkeypatch.setattr(judgement, "score_rows", rows)
    monkeypatch.setattr(
        judgement, "remarks", lambda plain, own, lengths, rng: [rng.integers(10**9)]
    )
    samples, training, unseen = gaussian(3, 30, 40, 40)
    (found,) = judge_each([[samples]], training, unseen, seed=seed, workers=3)
    assert seen == [(3, seed)]
    assert found.remarks == [np.random.default_rng(seed).integers(10**9)]


def test_nearest_points_of_both_real_sets_and_of_the_truth():
    samples, training, unseen = gaussian(4, 9, 30, 20)
    apart = [np.linalg.norm(samples.rows[:, None] - x.rows, axis=2) for x in (training, unseen)]
    found = judge([samples], training, unseen)
    for near, known in zip((found.near, found.unseen), apart, strict=True):
        np.testing.assert_allclose(near.distances[:, 0], known.min(axis=1), rtol=1e-6)
        np.testing.assert_array_equal(near.indices[:, 0], known.argmin(axis=1))
    assert found.true_from == "unseen points"
    known = np.linalg.norm(unseen.rows[:, None] - training.rows, axis=2).min(axis=1)
    np.testing.assert_allclose(found.true.distances[:, 0], known, rtol=1e-6)
    alone = judge([samples], training)
    assert alone.true_from == "training points, each held against the others"
    assert alone.unseen is None
    assert alone.leaning is None
    assert alone.reference is None
    assert found.leaning is not None
    assert not any("repeat" in note for note in found.notes)


def test_units_are_mended_unless_told_otherwise():
    samples, training, unseen = gaussian(5, 30, 40, 40)
    centre, scale = training.rows.mean(axis=0), training.rows.std(axis=0)
    standard = points((samples.rows - centre) / scale * 1.0, "standardised")
    grown = points(training.rows * 40.0 + 7.0)
    mended = judge([standard], grown, points(unseen.rows * 40.0 + 7.0))
    assert any("was brought to the units of the training set" in note for note in mended.notes)
    assert mended.verdict == "not memorising"
    left = judge([standard], grown, points(unseen.rows * 40.0 + 7.0), mend_units=False)
    assert "Units were left as given." in left.notes
    np.testing.assert_array_equal(left.samples[0].rows, standard.rows)


def test_colours_are_turned_unless_units_are_left():
    rows = np.random.default_rng(6).random((60, 3, 4, 4))
    training, samples = points(rows), points(rows[:40, ::-1].copy())
    turned = judge([samples], training)
    np.testing.assert_array_equal(turned.samples[0].rows, rows[:40])
    assert turned.verdict == "memorising"
    assert any(note.startswith("Red and blue of points were exchanged") for note in turned.notes)
    left = judge([samples], training, mend_units=False)
    np.testing.assert_array_equal(left.samples[0].rows, rows[:40, ::-1])
    assert left.verdict != "memorising"  # green alone is that of training images


def test_leaked_points_leave_the_reference_and_its_view():
    samples, training, unseen = gaussian(7, 20, 40, 30)
    dirty = np.array(unseen.rows)
    dirty[[3, 8]] = training.rows[[0, 1]]
    found = judge([samples], training, points(dirty))
    kept = np.delete(np.arange(30), [3, 8])
    for each in (found.reference, found.view.reference):
        np.testing.assert_array_equal(each.rows, dirty[kept])
    np.testing.assert_array_equal(found.sets.unseen, kept)
    clean = judge([samples], training, unseen)
    assert len(clean.reference) == len(clean.view.reference) == 30
    assert np.shares_memory(clean.reference.rows, unseen.rows)  # a large file is not copied


def test_what_is_ignored_is_what_was_asked_for():
    rng = np.random.default_rng(8)
    rows = laws.digits(90, rng)
    samples, training = points(rows[:30, :, :, ::-1].copy()), points(rows[:60])
    mirrored = judge([samples], training)
    assert mirrored.orbit.names == ["mirror"]
    assert mirrored.verdict == "memorising"
    assert judge([samples], training, invariant=[]).orbit.names == []
    assert mirrored.view.name == "pixels"


def test_large_images_are_compared_in_half_their_size_too():
    """Copies whose noise hides in single pixels show after 2 × 2 means."""
    rng = np.random.default_rng(9)
    rows = laws.faces(130, rng)
    training, samples = points(rows[:90]), rows[90:].copy()
    samples[:12] = training.rows[:12] + 0.05 * rng.standard_normal(samples[:12].shape)
    found = judge([points(samples)], training)
    assert found.copies.significant
    assert found.copies.look.words == "by distances in half the size"
    suspected = found.copies.suspected
    assert len(suspected) >= 6
    np.testing.assert_array_equal(found.copies.points[suspected], suspected)
    assert max(suspected) < 12
    small = judge([points(laws.digits(30, rng))], points(laws.digits(60, rng)))
    assert "half" not in small.copies.look.words


def test_changed_points_are_counted_in_words():
    rng = np.random.default_rng(0)
    training, reference, samples = np.split(laws.faces(200, rng), [90, 160])
    dirty = reference.copy()
    dirty[:15] = dresses.jpeg(60)(training[:15], rng, training)
    found = judge([points(samples)], points(training), points(dirty, "unseen"))
    note = next(note for note in found.notes if "changed a little" in note)
    changed = int(note.removesuffix(".").split(" points of unseen seem to be training points")[0])
    assert changed >= 13
    assert len(found.sets.unseen) == 69  # one is blank
    assert len(found.reference) == 69 - changed
    assert len(found.view.reference) == len(found.reference)
    np.testing.assert_array_equal(found.reference.rows[-50:], dirty[-50:])


def test_remarks_are_of_distances_to_the_nearest_training_point(monkeypatch):
    given = []
    monkeypatch.setattr(judgement, "remarks", lambda *all: given.append(all) or [])
    samples, training, unseen = gaussian(10, 9, 30, 20)
    judge([samples, unseen], training, unseen)
    (compared, plain, distances, _) = given[0]
    assert [len(each) for each in compared] == [len(each) for each in plain] == [9, 30]
    for found, rows in zip(distances, (samples.rows, unseen.rows), strict=True):
        apart = np.linalg.norm(rows[:, None] - training.rows, axis=2)
        np.testing.assert_allclose(found, apart.min(axis=1), rtol=1e-6)
