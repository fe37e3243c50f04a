"""Repeats and leaks are found, counted and named; where the law repeats itself they stay."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable import honest_sets as module
from convergen.empirical.diagnose.comparable.honest_sets import (
    _expected_repeats,
    _group_words,
    _keys,
    _leak_words,
    _natural,
    honest_sets,
    named_rows,
)
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import InputError
from convergen.theory.data.record import Record
from convergen.theory.sources.points import Points


def named(rows, name="points"):
    return Points(name, rows, rows.shape[1:])


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, 50, 1, 8, 8))


def found_in(training, reference, samples, names=None):
    orbit = Orbit.of(training.shape[1:], names)
    reference = None if reference is None else named(reference, "unseen.npy")
    return honest_sets(named(training), reference, orbit).beside(named(samples), orbit)


def test_repeats_are_grouped_mirrored_ones_too(images):
    training, reference, samples = images
    training[10] = training[3]
    training[20] = training[3][..., ::-1]
    training[30] = training[4]
    samples[5] = training[7][..., ::-1]
    found = found_in(training, reference, samples)
    assert found.first[[3, 10, 20]].tolist() == [3, 3, 3]
    assert np.flatnonzero(found.repeated).tolist() == [10, 20, 30]
    assert found.distinct == 47
    assert found.natural == 0.0
    assert found.samples.tolist() == [5]
    text = " ".join(found.notes)
    assert "3 of 50 training points repeat an earlier one (2 groups, the largest of 3: rows" in text
    assert "1 of 50 samples equal a training point" in text
    plain = found_in(training, reference, samples, ("none",))
    assert plain.distinct == 48
    assert plain.samples.size == 0


def test_a_leak_is_named_and_removed_or_refused(images):
    training, reference, samples = images
    reference[[2, 9]] = training[[5, 6]]
    found = found_in(training, reference, samples)
    assert found.leaked.tolist() == [2, 9]
    assert found.unseen.tolist() == [row for row in range(50) if row not in (2, 9)]
    assert "2 of 50 points of unseen.npy are training points (rows 2, 9)" in found.notes[0]
    with pytest.raises(InputError, match=r"50 of 50 points of unseen\.npy are training points"):
        found_in(training, training[::-1].copy(), samples)


def test_near_duplicates_are_grouped_and_named_mirrored_ones_too(images):
    training, reference, samples = images
    rng = np.random.default_rng(2)

    def again(image):
        return image + 1.0 / 255.0 + 2e-3 * rng.standard_normal(image.shape)

    training[10] = again(training[3])
    training[20] = again(training[3][..., ::-1])
    training[30] = training[3]
    training[31] = again(training[7])
    reference[[4, 8]] = again(training[20]), again(training[1])
    found = found_in(training, reference, samples)
    assert [group.tolist() for group in found.groups] == [[3, 10, 20, 30], [7, 31]]
    assert (found.exact, found.near, found.distinct) == (1, 3, 46)
    assert found.leaked.tolist() == [4, 8]
    text = " ".join(found.notes)
    assert (
        "3 of 50 training points nearly repeat another one (saved again or mirrored, perhaps) "
        "(2 groups, the largest of 4: rows 3, 10, 20, 30): they are counted once."
    ) in found.notes
    assert "2 of 50 points of unseen.npy are training points (rows 4, 8)" in text
    plain = found_in(training, reference, samples, ("none",))
    assert [group.tolist() for group in plain.groups] == [[3, 10, 30], [7, 31]]


def test_flat_points_and_few_dimensions_have_no_near_duplicates():
    rng = np.random.default_rng(3)
    flat = rng.standard_normal((400, 3))
    assert found_in(flat, None, flat[:5] + 1.0).near == 0
    vectors = rng.standard_normal((300, 40))
    vectors[7] = 1.001 * vectors[9]
    assert [g.tolist() for g in found_in(vectors, None, vectors[:3] + 1.0).groups] == [[7, 9]]


def test_duplicates_and_leaks_that_meet_are_no_law():
    rng = np.random.default_rng(4)
    levels = rng.integers(0, 17, (3, 60, 1, 8, 8)) / 16.0
    training, reference, samples = levels
    training[40:] = training[:20]
    reference[:20] = training[:20]
    found = found_in(training, reference, samples)
    assert found.natural == 0.0
    assert found.leaked.tolist() == list(range(20))
    assert found.distinct == 40


def test_repeats_that_the_law_makes_stay_in_both_sets():
    rng = np.random.default_rng(1)

    def drawn(count):
        return (rng.random((count, 30)) < np.geomspace(0.5, 0.005, 30)).astype(float)

    training, reference, samples = drawn(150), drawn(150), drawn(50)
    keys = {row.tobytes() for row in training}
    between = np.mean([row.tobytes() in keys for row in reference])
    inside = 1.0 - len(keys) / len(training)
    found = found_in(training, reference, samples)
    assert found.natural == pytest.approx(min(inside, between))
    assert 0.0 < found.natural < 0.25
    assert not any("equal a training point" in note for note in found.notes)
    assert found.notes[0].endswith("): they are as the law makes them.")
    assert len(found.unseen) == 150
    assert found.leaked.size == 0
    assert found_in(training, None, samples).natural == pytest.approx(inside)
    categories = np.eye(6)[rng.integers(6, size=90)]
    with pytest.raises(InputError, match="6 of 90 training points are different"):
        found_in(categories, None, categories[:10])


def test_blank_images_are_no_leaks_and_each_set_says_how_many_it_has(images):
    """A blank image of the reference is left out; it is no copy of one of the training set."""
    training, reference, samples = images
    training[[1, 2]] = 0.25
    reference[4] = 0.25
    samples[7] = 0.25
    found = found_in(training, reference, samples)
    assert found.leaked.size == found.samples.size == 0
    assert found.distinct == 48
    assert 4 not in found.unseen
    assert len(found.unseen) == 49
    assert found.blank_samples.tolist() == [7]
    shown = [note.split(" blank (")[0] for note in found.notes]
    assert shown == [
        "2 of 50 images of points are", "1 of 50 images of unseen.npy is",
        "1 of 50 images of points is",
    ]  # fmt: skip
    alone = found_in(training, None, samples)
    assert len(alone.notes) == 2


def test_the_first_training_point_may_leak_and_repeat(images):
    training, reference, samples = images
    reference[2] = training[0]
    found = found_in(training, reference, samples)
    assert found.leaked.tolist() == [2]
    assert found.unseen.tolist() == [0, 1, *range(3, 50)]


def test_repeats_that_independent_coordinates_would_make():
    """The chance that two points are equal, times their number; a thousand points tell it."""
    rows = np.zeros((1001, 2))
    rows[999], rows[1000] = (1.0, 2.0), 3.0
    chance = 0.999**2 + 0.001**2
    assert _expected_repeats(named(rows)) == pytest.approx(1001 * chance**2, rel=1e-12)


def test_the_law_repeats_itself_as_often_as_both_sets_show(monkeypatch):
    law = named(np.zeros((4, 2)))
    first = np.array([0, 0, 2, 3])
    assert _natural(first, np.array([0, -1, -1, -1, -1]), law, True) == pytest.approx(0.2)
    assert _natural(first, np.array([0, 0, -1, -1]), law, True) == pytest.approx(0.25)
    assert _natural(first, np.array([-1, -1]), law, True) == 0.0
    assert _natural(first, np.array([], int), law, False) == pytest.approx(0.25)
    monkeypatch.setattr(module, "_natural", lambda *rest: 0.25)  # a quarter is not too much
    assert honest_sets(law, None, Orbit.of((2,))).natural == 0.25


def test_how_many_unseen_points_must_be_left():
    """Eight, and a tenth of all."""
    for count, left, enough in ((20, 8, True), (20, 7, False), (100, 10, True), (100, 9, False)):
        reference, seen = named(np.zeros((count, 2)), "r.npy"), np.arange(count - left)
        said = f"{count - left} of {count} points of r.npy are training points (rows 0, 1, 2, 3, 4"
        if enough:
            words = _leak_words(reference, seen, left)
            assert words == f"{said}, …): they were left out."
        else:
            with pytest.raises(InputError) as error:
                _leak_words(reference, seen, left)
            assert str(error.value) == (
                f"{said}, …), so that it cannot stand for unseen data: give points that the model "
                "has not seen, or leave --reference out."
            )


def test_five_points_are_named_by_their_files_if_each_has_one():
    files = tuple(f"{row}.png" for row in range(6))
    for names, shown in ((files, "5.png, 0.png"), (files[:4], "rows 5, 0"), (None, "rows 5, 0")):
        record = Record("x", "folder", 6, "encoded images", "uint8", names=names)
        points = Points("x", np.zeros((6, 2)), (2,), record=record)
        assert named_rows(points, np.array([5, 0])) == shown
    assert named_rows(points, np.arange(5)) == "rows 0, 1, 2, 3, 4"
    assert named_rows(points, np.arange(6)) == "rows 0, 1, 2, 3, 4, …"


@pytest.mark.parametrize(
    ("first", "groups", "why"),
    [([0, 1, 1], "1 group, the largest of 2: rows 1, 2", "counted once"),
     ([0, 0, 2, 2, 2], "2 groups, the largest of 3: rows 2, 3, 4", "as the law makes them")],
)  # fmt: skip
def test_groups_are_counted_and_the_largest_is_named(first, groups, why):
    points = named(np.zeros((len(first), 2)))
    natural = 0.0 if why == "counted once" else 0.1
    assert _group_words(points, np.array(first), 2, "repeat one", natural) == [
        f"2 of {len(first)} training points repeat one ({groups}): they are {why}."
    ]
    assert _group_words(points, np.array(first), 0, "repeat one", natural) == []


def test_small_numbers_are_told_apart_and_no_sign_of_nought_is():
    rows = np.array([[0.0, 1e-9], [-0.0, 1e-9], [0.0, 2e-9]])
    one, other, third = _keys(named(rows), Orbit.of((2,)))
    assert one == other != third
