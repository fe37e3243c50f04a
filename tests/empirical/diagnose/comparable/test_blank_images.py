"""Blank images are found, counted, and copies of nothing."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.blank_images import (
    blank_words,
    contrasts,
    faintest,
)
from convergen.empirical.diagnose.comparable.honest_sets import honest_sets
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws


def named(rows, name="points"):
    return Points(name, rows, rows.shape[1:])


def test_contrast_is_that_within_the_channels():
    images = np.zeros((4, 3, 6, 5))
    images[1] = np.array([0.1, 0.5, 0.9])[:, None, None]  # one colour
    images[2, 0, ::2] = 1.0
    images[3] = 0.01 * np.random.default_rng(0).standard_normal((3, 6, 5))
    found = contrasts(named(images))
    np.testing.assert_allclose(found[:2], 0.0, atol=1e-15)
    assert found[2] == pytest.approx(np.sqrt(0.25 / 3))
    assert found[3] == pytest.approx(np.sqrt(images[3].var(axis=(1, 2)).mean()))
    assert faintest(np.array([0.0, 3.0, 4.0])) == pytest.approx(0.06)
    assert blank_words(named(images), found < 0.0) == []
    for blank, words in ((found < 1e-9, "2 of 4 images of points are"),
                         (found > 0.1, "1 of 4 images of points is")):  # fmt: skip
        assert blank_words(named(images), blank) == [
            f"{words} blank (one colour, or nearly): blank images are no copies of each other."
        ]


def test_vectors_are_never_blank():
    found = contrasts(named(np.zeros((3, 50))))
    assert np.isinf(found).all()
    assert faintest(found) == 0.0


def test_blank_images_are_neither_repeats_nor_leaks_nor_copies():
    rows = laws.digits(240, np.random.default_rng(1))
    training, reference, samples = np.split(rows, 3)
    black = np.zeros_like(rows[:9])
    training, reference, samples = (
        np.concatenate([each, black]) for each in (training, reference, samples)
    )
    sets = honest_sets(named(training), named(reference, "r"), Orbit.of((1, 8, 8)))
    assert (sets.exact, sets.near, len(sets.leaked)) == (0, 0, 0)
    assert sets.distinct == 80
    assert sets.unseen.tolist() == list(range(80))
    assert np.flatnonzero(sets.blank).tolist() == list(range(80, 89))
    found = judge([named(samples)], named(training), named(reference))
    assert found.verdict == "not memorising"
    assert not set(range(80, 89)) & set(found.copies.suspected)
    assert found.sets.blank_samples.tolist() == list(range(80, 89))
    assert len(found.sets.samples) == 0
    assert sum("blank" in note for note in found.notes) == 3


@pytest.mark.parametrize("shape", [(16,), (2, 8), (1, 3, 8), (1, 8, 3), (1, 1, 4, 4)])
def test_what_is_no_image_of_four_pixels_a_side_is_never_blank(shape):
    rows = np.zeros((5, *shape))
    assert np.isinf(contrasts(Points("x", rows, shape))).all()
    assert faintest(np.full(5, np.inf)) == 0.0


def test_contrast_is_the_root_of_the_mean_variance_of_a_channel():
    """±1 in the one channel, ±3 in the other: √((1 + 9)/2); whatever their means are."""
    sign = np.indices((4, 4)).sum(axis=0) % 2 * 2.0 - 1.0
    image = np.stack([5.0 + sign, 3.0 * sign - 2.0])
    found = contrasts(Points("x", image[None], (2, 4, 4)))
    assert found == pytest.approx(np.sqrt(5.0))
