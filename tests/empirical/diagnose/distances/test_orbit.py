"""Each change that is ignored, on images that were changed by hand."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import INVARIANCES, Orbit
from convergen.theory.common.checks import InputError

SHAPE = (3, 12, 12)
IMAGE = np.random.default_rng(0).random((1, *SHAPE))


def shifted(down, right):
    return np.roll(IMAGE, (down, right), (2, 3))


@pytest.mark.parametrize(
    ("name", "changed", "forms"),
    [
        ("mirror", [IMAGE, IMAGE[..., ::-1]], 2),
        ("turn", [np.rot90(IMAGE, k, (2, 3)) for k in range(4)], 4),
        ("shift", [shifted(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)], 9),
        ("brightness", [IMAGE + 0.3, IMAGE - 0.2], 1),
        ("contrast", [0.5 * IMAGE + 0.3, 2.0 * IMAGE], 1),
        ("grey", [np.tensordot(
            IMAGE, [0.299, 0.587, 0.114], (1, 0))[:, None].repeat(3, 1)], 1),
    ],
)  # fmt: skip
def test_a_changed_image_is_one_of_the_forms(name, changed, forms):
    orbit = Orbit.of(SHAPE, [name])
    pictures = orbit.pictures(IMAGE)
    assert len(pictures) == orbit.count == forms
    plain = orbit.plain(IMAGE)
    np.testing.assert_array_equal(pictures[0], plain)
    used = set()
    for other in changed:
        apart = [np.abs(form - orbit.plain(other)).max() for form in pictures]
        assert min(apart) < 1e-12
        used.add(int(np.argmin(apart)))
    assert len(used) == min(len(changed), forms)


def test_other_images_are_none_of_them():
    other = np.random.default_rng(1).random((1, *SHAPE))
    for name in INVARIANCES:
        orbit = Orbit.of(SHAPE, [name])
        assert min(np.abs(form - orbit.plain(other)).max() for form in orbit.pictures(IMAGE)) > 0.1


WIDE = np.random.default_rng(2).random((2, 3, 26, 40))


def test_images_that_are_not_square_turn_by_halves_and_shift_by_their_shorter_side():
    turned = Orbit.of(WIDE.shape[1:], ["turn"]).pictures(WIDE)
    assert len(turned) == 2
    np.testing.assert_array_equal(turned[1], WIDE[:, :, ::-1, ::-1])
    orbit = Orbit.of(WIDE.shape[1:], ["shift"])
    # 8 % of 26 pixels are two.
    assert orbit.count == 25
    moved = np.roll(WIDE, (2, -1), (2, 3))
    assert orbit.plain(moved).shape == (2, 3, 22, 36)
    forms = orbit.pictures(WIDE)
    apart = [np.abs(form - orbit.plain(moved)).max() for form in forms]
    assert min(apart) == 0.0
    # The nearest places come first.
    found = [
        next(
            abs(i) + abs(j)
            for i in range(-2, 3)
            for j in range(-2, 3)
            if np.array_equal(form, orbit.plain(np.roll(WIDE, (i, j), (2, 3))))
        )
        for form in forms
    ]
    assert found == sorted(found)
    assert found[-1] == 4


def test_a_zoom_keeps_the_middle_and_stretches_straight_lines():
    down, right = np.meshgrid(np.arange(26.0), np.arange(40.0), indexing="ij")
    ramp = (2.0 * down - right)[None, None]
    plain, *zoomed = Orbit.of((1, 26, 40), ["crop"]).pictures(ramp)
    np.testing.assert_array_equal(plain, ramp)
    assert len(zoomed) == 2
    for picture, zoom in zip(zoomed, (1.05, 1.1), strict=True):
        # What was at distance r of the middle is at r · zoom, counted in pixels with their edges.
        edges = [0.5 * side * (1.0 - 1.0 / zoom) for side in (26, 40)]
        rows = np.linspace(edges[0], 25.0 - edges[0], 26)
        columns = np.linspace(edges[1], 39.0 - edges[1], 40)
        expected = 2.0 * rows[:, None] - columns[None]
        np.testing.assert_allclose(picture[0, 0], expected, atol=1e-12)


def test_half_the_size_are_means_of_four_pixels_and_odd_lines_are_left_out():
    orbit = Orbit.of((2, 9, 13), ()).halved()
    x = np.random.default_rng(3).random((2, 2, 9, 13))
    expected = x[:, :, :8, :12].reshape(2, 2, 4, 2, 6, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(orbit.plain(x), expected, rtol=1e-14)
    assert orbit.names == []
    assert Orbit.of((2, 8, 9), ()).halved() is not None
    for shape in ((2, 7, 9), (2, 9, 7), (64,)):
        assert Orbit.of(shape, ()).halved() is None


def test_blur_spreads_a_point_over_a_pixel_and_grey_weighs_colours():
    point = np.zeros((1, 1, 13, 13))
    point[..., 6, 6] = 1.0
    blurred = Orbit.of((1, 13, 13), ["blur"]).plain(point)[0, 0]
    place = np.arange(-6.0, 7.0)
    assert blurred.sum() == pytest.approx(1.0)
    assert (blurred.sum(axis=0) * place**2).sum() == pytest.approx(1.0, abs=0.02)
    assert (blurred.sum(axis=1) * place**2).sum() == pytest.approx(1.0, abs=0.02)
    two = np.random.default_rng(4).random((2, 2, 5, 5))
    grey = Orbit.of((2, 5, 5), ["grey"]).plain(two)
    np.testing.assert_allclose(grey, two.mean(axis=1, keepdims=True))


def test_contrast_leaves_mean_nought_and_root_mean_square_one():
    # The mean of a flat image is rounded, and what is left of it must not be taken for contrast.
    x = np.concatenate([IMAGE, np.full_like(IMAGE, 0.3)])
    orbit = Orbit.of(SHAPE, ["contrast"])
    found = orbit.still(x)
    (single,) = orbit.forms(x, np.float32)
    np.testing.assert_allclose((single**2).mean(axis=1), [1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(found.mean(axis=1), 0.0, atol=1e-14)
    np.testing.assert_allclose((found**2).mean(axis=1), [1.0, 0.0], atol=1e-14)
    vector = Orbit.of((5,), ["brightness"]).still(np.array([[1.0, 2.0, 3.0, 4.0, 10.0]]))
    np.testing.assert_allclose(vector, [[-3.0, -2.0, -1.0, 0.0, 6.0]])
    # Points of any other number of dimensions are vectors.
    for shape in ((4, 5), (2, 3, 4, 5)):
        x = np.random.default_rng(6).random((3, *shape))
        found = Orbit.of(shape, ["brightness"]).still(x)
        rows = x.reshape(3, -1)
        np.testing.assert_allclose(found, rows - rows.mean(axis=1, keepdims=True), atol=1e-14)


def test_changes_are_applied_in_the_order_of_the_table_and_multiply():
    orbit = Orbit.of(SHAPE, ["contrast", "mirror", "turn"])
    assert orbit.names == ["turn", "mirror", "contrast"]
    assert orbit.count == 8
    assert orbit.pictures(IMAGE, np.float32)[0].dtype == np.float32
    assert [form.shape for form in orbit.forms(IMAGE)] == [(1, 432)] * 8


@pytest.mark.parametrize(
    ("shape", "names", "steps"),
    [
        ((1, 4, 5), None, ["mirror"]), ((1, 3, 5), None, []), ((1, 5, 3), None, []),
        ((20,), None, []), ((1, 4, 5), ("none",), []), ((1, 4, 5), ("none", "turn"), ["turn"]),
    ],
)  # fmt: skip
def test_images_are_mirrored_unless_something_else_is_asked_for(shape, names, steps):
    assert Orbit.of(shape, names).names == steps


@pytest.mark.parametrize(
    ("shape", "name", "words"),
    [
        (
            (1, 8, 8),
            "miror",
            r"does not know 'miror' \(did you mean 'mirror'\?\): choose from none",
        ),
        ((1, 3, 8), "turn", r"turn is for images, but these points have shape \(1, 3, 8\)"),
        ((64,), "blur", r"blur is for images, but these points have shape \(64,\): leave it out"),
    ],
)
def test_changes_that_make_no_sense_are_refused(shape, name, words):
    with pytest.raises(InputError, match=words):
        Orbit.of(shape, [name])
