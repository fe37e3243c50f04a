"""Changed training points in the reference and among themselves, and copies of near-duplicates."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.honest_sets import honest_sets
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.evidence import leaks
from convergen.empirical.diagnose.evidence.leaks import changed_leaks, changed_repeats
from convergen.empirical.diagnose.evidence.measured import Measured
from convergen.empirical.diagnose.evidence.shares import share_of
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws


def sets(seed, sizes=(90, 70, 40)):
    rng = np.random.default_rng(seed)
    rows = laws.faces(sum(sizes), rng)
    return np.split(rows, np.cumsum(sizes)[:-1]), rng


def judged(samples, training, reference):
    given = {"s": samples, "t": training, "unseen.npy": reference}
    named = [Points(name, rows, rows.shape[1:]) for name, rows in given.items()]
    return judge([named[0]], *named[1:])


def test_changed_training_points_are_named_and_left_out():
    (training, reference, samples), rng = sets(0)
    dirty = reference.copy()
    dirty[:15] = dresses.jpeg(60)(training[:15], rng, training)
    found = judged(samples, training, dirty)
    note = next(note for note in found.notes if "changed a little" in note)
    assert "points of unseen.npy seem to be training points" in note
    assert "rows 0, 1, 2, 3, 4" in note
    left = {row.tobytes() for row in found.reference.rows}
    assert not left & {row.tobytes() for row in dirty[:15]}
    assert len(left) >= 50
    clean = judged(samples, training, reference)
    assert not [note for note in clean.notes if "changed a little" in note]
    assert len(clean.reference) == 70


def test_a_reference_of_changed_training_points_is_refused():
    (training, reference, samples), rng = sets(1)
    reference = dresses.jpeg(60)(training[:70], rng, training)
    with pytest.raises(InputError, match=r"about .* of the points of unseen\.npy are training"):
        judged(samples, training, reference)


def test_the_copied_member_of_a_group_is_named():
    (training, reference, samples), rng = sets(6)
    training[50:60] = training[:10] + 1e-3 * rng.standard_normal(training[:10].shape)
    training[60:70] = training[:10] + 1e-3 * rng.standard_normal(training[:10].shape)
    samples = samples.copy()
    samples[:10] = training[50:60] + 1e-5 * rng.standard_normal(training[:10].shape)
    found = judged(samples, training, reference)
    assert found.sets.near == 20
    assert found.copies.significant
    assert set(range(10)) <= set(found.copies.suspected)
    np.testing.assert_array_equal(found.copies.points[:10], range(50, 60))
    assert found.near.distances[:10, 0].max() < 1e-3


def with_repeats(training, rng):
    """A fifth of the training set is another fifth, saved as JPEG."""
    dirty, few = training.copy(), len(training) // 5
    dirty[-few:] = dresses.jpeg(75)(training[:few], rng, training)
    return dirty, {*range(few), *range(len(training) - few, len(training))}


def test_training_points_saved_again_do_not_pass_for_chance():
    (training, reference, samples), rng = sets(3)
    dirty, planted = with_repeats(training, rng)
    samples = samples.copy()
    samples[:4] = dresses.faint_noise(training[30:34], rng, training)
    found = judged(samples, dirty, reference)
    note = next(note for note in found.notes if "seem to repeat another one" in note)
    assert note.endswith("what chance gives is read from the others.")
    assert int(note.split()[0]) >= len(planted) // 2
    assert f"of {found.sets.distinct} training points that were looked at" in note
    assert found.verdict == "partly memorising"
    assert set(range(4)) <= set(found.copies.suspected)
    clean = judged(samples, training, reference)
    assert not [note for note in clean.notes if "seem to repeat" in note]


def test_only_repeats_are_taken_for_them_and_only_beside_unseen_points():
    (training, reference, samples), rng = sets(4)
    dirty, planted = with_repeats(training, rng)
    orbit = Orbit.of((1, 25, 25))
    given = [Points("", rows, (1, 25, 25)) for rows in (samples, dirty, reference)]
    alone = honest_sets(given[1], given[2], orbit)
    measured = Measured.of(*given, orbit, alone, rng)
    found = changed_repeats(measured)
    assert len(found) > len(planted) // 2
    others = set(measured.seen_points.rows[found]) - planted
    assert len(others) <= 0.1 * len(found)
    fewer = Measured.of(*given[:2], None, orbit, honest_sets(given[1], None, orbit), rng)
    assert len(changed_repeats(fewer)) == 0
    lawful = replace(measured, sets=replace(alone, natural=0.01))
    assert len(changed_repeats(lawful)) == 0
    assert len(changed_leaks(fewer)) == len(changed_leaks(lawful)) == 0


def test_samples_that_copy_the_reference_are_refused():
    (training, reference, samples), rng = sets(7)
    copying = samples.copy()
    copying[:8] = dresses.jpeg(75)(reference[:8], rng, training)
    with pytest.raises(InputError, match=r"[78] of 40 samples of s copy points of unseen\.npy"):
        judged(copying, training, reference)
    copying[:12] = dresses.jpeg(75)(reference[:12], rng, training)
    copying[12:24] = dresses.jpeg(75)(training[:12], rng, training)
    with pytest.raises(InputError, match=r"copy training points and points of unseen\.npy alike"):
        judged(copying, training, reference)
    copying[:12] = samples[:12]
    assert judged(copying, training, reference).verdict == "partly memorising"


def test_points_of_both_sets_are_a_doubt_where_the_law_may_repeat():
    (training, reference, samples), _ = sets(6)
    copying = samples.copy()
    copying[:7], copying[7:14] = reference[20:27], training[20:27]
    reference[0] = training[0]
    found = judged(copying, training, reference)
    assert found.verdict == "not memorising"
    assert any("alike (about" in note and "remembers them" in note for note in found.notes)


def test_points_that_a_space_was_learnt_from_are_not_taken_for_copied():
    """Whitening drives its own points apart: samples lie nearer to all of them, and copy none."""
    (training, unseen, samples), _ = sets(0, (60, 60, 80))
    given = [
        Points(name, rows, rows.shape[1:])
        for name, rows in (("samples", samples), ("train", training), ("unseen", unseen))
    ]
    found = judge(given[:1], *given[1:], features="whitened")
    assert found.verdict == "not memorising"
    assert not any("alike" in note for note in found.notes)


@pytest.mark.parametrize(
    ("p", "found"),
    [
        # Less than half a point in ten is expected below 0.05.
        ([0.049, *[1.0] * 9], [0]), ([0.05, *[1.0] * 9], []),
        # Of twenty that lie below 0.05 together one is another, on average.
        ([0.049] * 20, list(range(20))), ([0.051] * 20, []),
        ([0.03, 1.0, 0.03, 1.0, 0.01], [0, 2, 4]),
    ],
)  # fmt: skip
def test_points_that_are_no_work_of_chance(p, found):
    assert leaks._repeats(np.array(p)).tolist() == found


def answer(significant, *, evidence=0.0, copied=0):
    """What is found of a hundred samples, of which some are plain copies."""
    ratios = np.r_[np.full(copied, 0.333), np.full(100 - copied, 1.0 / 3.0)]
    return SimpleNamespace(
        significant=significant, evidence=evidence, ratios=ratios, suspected=np.arange(100)
    )


def checked(monkeypatch, *answers, leaked=False):
    """Copies of the reference; then of both sets, each alone."""
    given = list(answers)
    monkeypatch.setattr(leaks, "find_copies", lambda looks: given.pop(0))
    monkeypatch.setattr(leaks, "replace", lambda look, control: look)
    samples, reference = (
        Points(name, np.zeros((count, 2)), (2,)) for name, count in (("s", 100), ("u", 50))
    )
    looks = [SimpleNamespace(turned=None)]
    return leaks.check_unseen(answer(False), looks, samples, reference, leaked=leaked)


@pytest.mark.parametrize(
    ("significant", "evidence", "refused"),
    [(True, 0.9e-5, True), (True, 1e-5, False), (True, 1.1e-5, False), (False, 0.0, False)],
)
def test_copies_of_the_reference_are_refused_beyond_doubt(
    monkeypatch, significant, evidence, refused
):
    given = answer(significant, evidence=evidence), answer(False), answer(True, copied=9)
    if refused:
        with pytest.raises(InputError, match="100 of 100 samples of s copy points of u"):
            checked(monkeypatch, *given)
    else:
        assert checked(monkeypatch, *given) == []


@pytest.mark.parametrize(("leaked", "limit"), [(False, 0.25), (True, 0.5)])
def test_a_model_that_copies_many_points_of_both_sets_has_seen_both(monkeypatch, leaked, limit):
    """Lower ends of the shares, together, are held against a quarter; or a half, after leaks."""
    most = next(k for k in range(1, 100) if 2.0 * share_of(k, 100).low > limit)
    none = answer(False)
    both = answer(True, copied=most), answer(True, copied=most)
    with pytest.raises(InputError, match=r"alike .* the model has seen both"):
        checked(monkeypatch, none, *both, leaked=leaked)
    few = answer(True, copied=most - 1), answer(True, copied=most - 1)
    assert checked(monkeypatch, none, *few, leaked=leaked) == [
        "Samples of s copy training points and points of u alike "
        f"(about {most - 1}% and {most - 1}% of them): if the model was trained on both, it "
        "remembers them."
    ]
    for copied in ((0, 9), (9, 0)):  # nothing that is far nearer to one point than to the next
        pair = [answer(True, copied=each) for each in copied]
        assert checked(monkeypatch, none, *pair, leaked=leaked) == []
