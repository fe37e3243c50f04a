"""Changed training points in the reference, and copies of near-duplicates."""

import numpy as np
import pytest

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
    (training, reference, samples), rng = sets(2)
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
