"""Repeats and leaks are found, counted and named; where the law repeats itself they stay."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.honest_sets import honest_sets
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import InputError
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
    assert "3 of 50 training points nearly repeat another one" in text
    assert "2 groups, the largest of 4: rows 3, 10, 20, 30" in text
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
