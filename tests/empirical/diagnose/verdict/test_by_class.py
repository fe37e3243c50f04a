"""Which labels count, and when there is nothing to tell apart."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.verdict import by_class
from convergen.empirical.diagnose.verdict.by_class import class_words, rows_of_classes
from convergen.theory.data.record import Record
from convergen.theory.sources.points import Points

RNG = np.random.default_rng(0)
TRAINING = RNG.standard_normal((24, 3)) * 5.0
SAMPLES = TRAINING[::2] + 0.1 * RNG.standard_normal((12, 3))


def points(rows, labels):
    record = labels and Record("x", "folder", len(rows), "vectors", "f8", labels=tuple(labels))
    return Points("x", rows, rows.shape[1:], record=record)


def judged(own, training, suspected=(0, 2, 4), significant=True):
    samples, real = points(SAMPLES, own), points(TRAINING, training)
    apart = np.linalg.norm(SAMPLES[:, None] - TRAINING, axis=2)
    order = np.argsort(apart, axis=1)[:, :4]
    near = Near(order, np.take_along_axis(apart, order, 1), np.linspace(0.5, 1.0, 12))
    copies = SimpleNamespace(suspected=np.array(suspected), cut=0.01, significant=significant)
    view = SimpleNamespace(orbit=Orbit((3,), ()), training=real)
    return SimpleNamespace(
        training=real, samples=[samples, points(SAMPLES[:2], "zz")], near=near, copies=copies,
        view=view, sets=SimpleNamespace(natural=0.0),
    )  # fmt: skip


def sizes(rows):
    return {row.label: (row.samples, row.training) for row in rows}


def test_samples_count_to_their_own_class_or_to_that_of_their_nearest_point():
    own = ["a", "b"] * 6
    training = ["p"] * 12 + ["q"] * 12
    found = judged(own, training)
    assert sizes(rows_of_classes(found)) == {"a": (6, 0), "b": (6, 0), "p": (0, 12), "q": (0, 12)}
    assert class_words(found).startswith("Classes are those of the samples' own labels")
    nearest = judged(None, training)
    assert sizes(rows_of_classes(nearest)) == {"p": (6, 12), "q": (6, 12)}
    assert "each counts to the class of its nearest training point" in class_words(nearest)
    assert sizes(rows_of_classes(judged(own, None))) == {"a": (6, 0), "b": (6, 0)}


@pytest.mark.parametrize(("own", "training"), [(None, None), (["a"] * 12, None), (None, ["a"] * 24),
                                               (["a"] * 12, ["a"] * 24)])  # fmt: skip
def test_without_labels_or_with_one_class_there_is_nothing_to_tell(own, training):
    assert rows_of_classes(judged(own, training)) == []


def test_suspects_are_counted_in_their_classes():
    found = judged(["a"] * 11 + ["b"], ["a"] * 12 + ["b"] * 12)
    first = rows_of_classes(found)[0]
    assert (first.label, first.copied) == ("a", True)
    assert first.copies.value == pytest.approx(3 / 11)
    assert not rows_of_classes(judged(["a"] * 11 + ["b"], None, significant=False))[0].copied


def test_suspects_by_chance_are_natural_pairs_and_then_the_cut(monkeypatch):
    """A sample is suspected by chance if it is naturally close, or else beyond the cut."""
    monkeypatch.setattr(by_class, "class_rows", lambda found, *_: found)
    found = judged(["a"] * 11 + ["b"], None)
    found.sets.natural, found.copies.cut = 0.3, 0.2
    assert rows_of_classes(found).rate == pytest.approx(1.0 - 0.7 * 0.8)


def test_what_is_counted_are_distances_to_the_nearest_points(monkeypatch):
    monkeypatch.setattr(by_class, "class_rows", lambda *given: given)
    training = ["p", "q"] * 12
    found, labels, known = rows_of_classes(judged(None, training))
    apart = np.linalg.norm(SAMPLES[:, None] - TRAINING, axis=2)
    assert list(labels) == [training[row] for row in apart.argmin(axis=1)]
    assert list(known) == training
    np.testing.assert_allclose(found.first, apart.min(axis=1))
    np.testing.assert_allclose(found.second, np.sort(apart, axis=1)[:, 1])
    np.testing.assert_array_equal(np.flatnonzero(found.suspected), [0, 2, 4])
