import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.images import layout as module
from convergen.theory.data.images.layout import as_images, oriented
from convergen.theory.data.sets.digits import load_digits
from tests.theory.data.photographs import crops


@pytest.mark.parametrize(("side", "grey"), [
    (8, False), (16, False), (16, True), (32, False), (32, True),
])  # fmt: skip
def test_flat_photographs_are_laid_out_as_they_were(side, grey):
    rng = np.random.default_rng(0)
    for _ in range(5):
        last = crops(40, side, rng)
        if grey:
            last[:] = last.mean(axis=3, keepdims=True)
        first, shape = np.moveaxis(last, 3, 1), (3, side, side)
        for flat in (last.reshape(40, -1), np.ascontiguousarray(first).reshape(40, -1)):
            laid = oriented(flat, "x", shape)
            assert laid.point == shape
            np.testing.assert_array_equal(laid.rows.reshape(40, -1), first.reshape(40, -1))
        if not grey:
            flat = last.reshape(40, -1)
            assert oriented(flat, "x").image_layout == "flattened, channels last"
            assert oriented(flat, "x").point == (3 * side**2,)


def test_what_pictures_look_like_is_said_and_noise_is_refused():
    assert oriented(load_digits(), "x").image == (1, 8, 8)
    rng, shape = np.random.default_rng(2), (3, 8, 8)
    with pytest.raises(InputError, match=r"x holds points of 3 channels of 8 × 8 pixels, and its "
                       r"pixels do not tell .*: give the layout first .* or last"):  # fmt: skip
        oriented(rng.standard_normal((40, 192)), "x", shape)


def test_a_given_layout_is_taken():
    flat = np.random.default_rng(3).standard_normal((6, 24))
    first = oriented(flat, "x", (2, 3, 4), "first")
    np.testing.assert_array_equal(first.rows.reshape(6, 2, 3, 4), flat.reshape(6, 2, 3, 4))
    assert first.layout == "flattened, channels first"
    last = oriented(flat, "x", (2, 3, 4), "last")
    np.testing.assert_array_equal(last.rows, flat.reshape(6, 3, 4, 2).transpose(0, 3, 1, 2))
    assert last.layout == "flattened, channels last"
    again = as_images(flat, (2, 3, 4), "last")
    assert np.shares_memory(again, flat)


def test_the_shape_may_name_channels_last():
    last = crops(30, 16, np.random.default_rng(5))
    for raw in (last, last.reshape(30, -1)):
        laid = oriented(raw, "x", (16, 16, 3))
        assert laid.point == (3, 16, 16)
        np.testing.assert_array_equal(laid.rows, np.moveaxis(last, 3, 1))
    low = last[:, :10]
    for raw in (low, low.reshape(30, -1)):
        np.testing.assert_array_equal(oriented(raw, "x", (10, 16, 3)).rows, np.moveaxis(low, 3, 1))
    # A shape that is given no longer scrambles images that are stored the other way.
    np.testing.assert_array_equal(oriented(last, "x", (3, 16, 16)).rows, np.moveaxis(last, 3, 1))
    assert oriented(last, "x", (768,)).point == (768,)


def test_images_that_were_reshaped_by_mistake_are_noticed():
    last = crops(30, 16, np.random.default_rng(6))
    wrong = np.ascontiguousarray(np.moveaxis(last, 3, 1)).reshape(30, 16, 16, 3)
    words = r"x has shape \(30, 16, 16, 3\), but .* only if .* channels first: give layout first"
    with pytest.raises(InputError, match=words):
        oriented(wrong, "x")
    mended = oriented(wrong, "x", layout="first")
    np.testing.assert_array_equal(mended.rows, np.moveaxis(last, 3, 1))
    np.testing.assert_array_equal(
        oriented(wrong, "x", layout="last").rows, wrong.transpose(0, 3, 1, 2)
    )
    with pytest.raises(InputError, match="channels last: give layout last if"):
        oriented(last.reshape(30, 3, 16, 16), "x")


def test_a_layout_that_is_meant_for_another_file_does_no_harm():
    last = crops(30, 16, np.random.default_rng(8))
    first = np.ascontiguousarray(np.moveaxis(last, 3, 1))
    for raw, layout in ((last, "first"), (first, "last")):
        np.testing.assert_array_equal(oriented(raw, "x", layout=layout).rows, first)
        with pytest.raises(InputError, match=f"layout {layout} was given, but neighbouring pixels "
                           "of x agree only if .*: leave it out"):  # fmt: skip
            oriented(raw.reshape(30, -1), "x", (3, 16, 16), layout)


def test_tiny_images_take_the_reading_that_makes_them_square():
    for stored, point in (
        ((3, 4, 4), (3, 4, 4)), ((4, 4, 3), (3, 4, 4)), ((1, 2, 2), (1, 2, 2)),
        ((3, 3, 4), (4, 3, 3)), ((4, 3, 3), (4, 3, 3)), ((1, 1, 2), (2, 1, 1)),
    ):  # fmt: skip
        assert oriented(np.zeros((5, *stored)), "x").point == point
    for stored in ((4, 4, 4), (3, 5, 3)):
        with pytest.raises(InputError, match=r"x holds points of shape .* give the layout first"):
            oriented(np.zeros((5, *stored)), "x")
    assert oriented(np.zeros((5, 3, 5, 4)), "x", layout="last").point == (4, 3, 5)
    assert oriented(np.zeros((5, 3, 5, 4)), "x", layout="first").point == (3, 5, 4)


@pytest.mark.parametrize(
    ("stored", "options", "words"),
    [
        ((9,), {}, "one point a row"),
        ((9, 5, 6, 7), {}, "neither vectors nor images .* give the shape of one point"),
        ((9, 2, 2, 2, 2), {}, r"shape \(9, 2, 2, 2, 2\), which is that of neither vectors nor"),
        ((9, 12), {"shape": (3, 4)}, "does not fit"),
        ((9, 12), {"shape": (1, 3, 3)}, r"does not fit x, whose points have shape \(12,\): give d"),
        ((9, 3, 4), {"shape": (13,)}, r"does not fit x, whose points have shape \(3, 4\): give d"),
        ((9, 12), {"shape": (12,), "layout": "last"}, "is that of vectors: leave one of them out"),
        ((9, 12), {"layout": "last"}, "give the shape of one point beside it, or leave it out"),
        ((9, 3, 4), {"layout": "first"}, "give the shape of one point beside it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(stored, options, words):
    with pytest.raises(InputError, match=words):
        oriented(np.zeros(stored), "x", **options)


def noise(*point):
    return np.random.default_rng(1).standard_normal((6, *point))


def test_three_dimensions_are_grey_images():
    found = oriented(noise(5, 7), "x")
    assert (found.point, found.layout, found.image) == ((1, 5, 7), "grey images", None)
    assert oriented(noise(35), "x", (1, 5, 7)).layout == "grey images"
    # One channel is stored in one order, whatever was said for other files.
    assert oriented(noise(35), "x", (1, 5, 7), "last").point == (1, 5, 7)


@pytest.mark.parametrize("point", [(3, 5, 6), (3, 2, 5), (2, 5, 1)])
def test_a_shape_that_says_where_channels_are_is_believed(point):
    first = noise(*point)
    last = np.moveaxis(first, 1, 3)
    for found in (
        oriented(first, "x", point), oriented(last, "x", point),
        oriented(first, "x", point, "first"),
    ):  # fmt: skip
        assert (found.point, found.rows.shape) == (point, (6, *point))
        np.testing.assert_array_equal(found.rows, first)
    assert oriented(first, "x", point).layout == "channels first"
    assert oriented(last, "x", point).layout == "channels last"
    assert oriented(first, "x", point, "first").layout == "channels first"
    # A layout that is given beside a shape counts for more.
    channels, height, width = point
    read = first.reshape(6, height, width, channels).transpose(0, 3, 1, 2)
    found = oriented(first, "x", point, "last")
    np.testing.assert_array_equal(found.rows, read)
    assert found.layout == "channels last"
    found = oriented(last, "x", point, "first")
    np.testing.assert_array_equal(found.rows.reshape(6, -1), last.reshape(6, -1))
    # Rows of another shape do not say it.
    with pytest.raises(InputError, match=f"{channels} channels of {height} × {width} pixels, and"):
        oriented(first.reshape(6, channels, -1), "x", point)


def test_without_a_shape_the_side_that_can_count_channels_does():
    for stored, point in (((3, 5, 6), (3, 5, 6)), ((5, 6, 3), (3, 5, 6)), ((5, 1, 4), (4, 5, 1))):
        assert oriented(noise(*stored), "x").point == point
    for shape, point in (((3, 5, 4), (3, 5, 4)), ((5, 3, 4), (4, 5, 3)), ((5, 4, 3), (3, 5, 4))):
        assert oriented(noise(60), "x", shape, "first").point == point


def test_the_layout_of_two_channels_is_contradicted_too():
    last = crops(40, 16, np.random.default_rng(7))[..., :2].copy()
    with pytest.raises(InputError, match=r"layout first was .* as channels last: leave"):
        oriented(last.reshape(40, -1), "x", (2, 16, 16), "first")
    with pytest.raises(InputError, match="channels last: give layout last if they"):
        oriented(last.reshape(40, 2, 16, 16), "x")


@pytest.mark.parametrize(
    ("better", "margin", "refused"),
    [(1, 0.05, False), (1, 0.0501, True), (0, 0.9, False), (-1, 0.9, False)],
)
def test_a_shape_is_contradicted_by_a_margin_alone(monkeypatch, better, margin, refused):
    asked = []
    monkeypatch.setattr(
        module, "better_order", lambda *given: asked.append(given[1:]) or (better, margin)
    )
    for raw, other in ((noise(3, 5, 6), "last"), (noise(5, 6, 3), "first")):
        if refused:
            with pytest.raises(InputError, match=rf"^x has shape .* give layout {other} if they "):
                oriented(raw, "x")
        else:
            assert oriented(raw, "x").point == (3, 5, 6)
        assert asked.pop() == (other, (3, 5, 6))


@pytest.mark.parametrize(("better", "taken"), [(1, False), (0, True), (-1, True)])
def test_a_layout_is_taken_unless_pixels_agree_as_the_shape_says(monkeypatch, better, taken):
    monkeypatch.setattr(module, "better_order", lambda *_: (better, 0.0))
    raw = noise(3, 5, 6)
    expected = raw.reshape(6, 5, 6, 3).transpose(0, 3, 1, 2) if taken else raw
    found = oriented(raw, "x", layout="last")
    np.testing.assert_array_equal(found.rows, expected)
    assert found.layout == ("channels last" if taken else "channels first")
