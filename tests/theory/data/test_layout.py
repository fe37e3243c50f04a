import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.digits import load_digits
from convergen.theory.data.layout import as_images, found_layout, likely_image, oriented
from convergen.theory.data.reading import load_array


@pytest.fixture(scope="module")
def photographs():
    """scikit-learn's two photographs, (2, 427, 640, 3)."""
    from importlib.util import find_spec
    from pathlib import Path

    folder = Path(find_spec("sklearn").origin).parent / "datasets" / "images"
    return load_array(folder).reshape(2, 427, 640, 3)


def crops(photographs, count, side, rng):
    found = np.empty((count, side, side, 3), np.float32)
    for number in range(count):
        y, x = rng.integers(0, 427 - side), rng.integers(0, 640 - side)
        found[number] = photographs[number % 2, y : y + side, x : x + side]
    return found


@pytest.mark.parametrize("side", [8, 16, 32])
@pytest.mark.parametrize("grey", [False, True])
def test_the_layout_of_photographs_is_found(photographs, side, grey):
    rng = np.random.default_rng(0)
    for _ in range(5):
        last = crops(photographs, 40, side, rng)
        if grey:
            last[:] = last.mean(axis=3, keepdims=True)
        first, shape = np.moveaxis(last, 3, 1), (3, side, side)
        if grey and side == 8:  # too few numbers: not every time, but never wrongly
            assert found_layout(last.reshape(40, -1), shape) in (None, "last")
            continue
        assert found_layout(last.reshape(40, -1), shape) == "last"
        assert found_layout(first.reshape(40, -1), shape) == "first"
        for flat in (last.reshape(40, -1), np.ascontiguousarray(first).reshape(40, -1)):
            laid = oriented(flat, "x", shape)
            assert laid.point == shape
            np.testing.assert_array_equal(laid.rows.reshape(40, -1), first.reshape(40, -1))
        if not grey:
            flat = last.reshape(40, -1)
            assert likely_image(flat) == (shape, "last")
            assert oriented(flat, "x").image_layout == "flattened, channels last"
            assert oriented(flat, "x").point == (3 * side**2,)


def test_few_images_are_never_laid_out_wrongly(photographs):
    rng, found = np.random.default_rng(1), []
    for count in (2, 3, 5):
        for side in (8, 16, 32):
            for _ in range(8):
                last = crops(photographs, count, side, rng)
                for layout in ("first", "last"):
                    rows = last if layout == "last" else np.moveaxis(last, 3, 1)
                    answer = found_layout(rows.reshape(count, -1), (3, side, side))
                    assert answer in (None, layout)
                    found.append(answer is not None)
    assert np.mean(found) > 0.6


def test_noise_is_undecided():
    rng, shape = np.random.default_rng(2), (3, 8, 8)
    for count in (2, 3, 10, 64):
        for _ in range(50):
            assert found_layout(rng.standard_normal((count, 192)), shape) is None
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


def test_only_pictures_look_like_images():
    rng, digits = np.random.default_rng(4), load_digits()
    assert likely_image(digits) == ((1, 8, 8), "first")
    assert oriented(digits, "x").image == (1, 8, 8)
    assert likely_image(digits[:7]) is None
    steps = np.arange(1024.0)
    waves = np.sin(steps * rng.uniform(0.01, 0.5, (200, 1)) + rng.uniform(0, 6, (200, 1)))
    for rows in (
        rng.standard_normal((200, 64)), digits @ rng.standard_normal((64, 64)),
        np.cumsum(rng.standard_normal((200, 1024)), axis=1), waves, np.ones((20, 64)),
        rng.standard_normal((50, 1)), rng.standard_normal((50, 64)) + 5 * rng.standard_normal(64),
    ):  # fmt: skip
        assert likely_image(rows) is None


def test_the_shape_may_name_channels_last(photographs):
    last = crops(photographs, 30, 16, np.random.default_rng(5))
    for raw in (last, last.reshape(30, -1)):
        laid = oriented(raw, "x", (16, 16, 3))
        assert laid.point == (3, 16, 16)
        np.testing.assert_array_equal(laid.rows, np.moveaxis(last, 3, 1))
    # A shape that is given no longer scrambles images that are stored the other way.
    np.testing.assert_array_equal(oriented(last, "x", (3, 16, 16)).rows, np.moveaxis(last, 3, 1))
    assert oriented(last, "x", (768,)).point == (768,)


def test_images_that_were_reshaped_by_mistake_are_noticed(photographs):
    last = crops(photographs, 30, 16, np.random.default_rng(6))
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


def test_a_layout_that_is_meant_for_another_file_does_no_harm(photographs):
    last = crops(photographs, 30, 16, np.random.default_rng(8))
    first = np.ascontiguousarray(np.moveaxis(last, 3, 1))
    for raw, layout in ((last, "first"), (first, "last")):
        np.testing.assert_array_equal(oriented(raw, "x", layout=layout).rows, first)
        with pytest.raises(InputError, match=f"layout {layout} was given, but neighbouring pixels "
                           "of x agree only if .*: leave it out"):  # fmt: skip
            oriented(raw.reshape(30, -1), "x", (3, 16, 16), layout)


def test_tiny_images_take_the_reading_that_makes_them_square():
    for stored, point in (((3, 4, 4), (3, 4, 4)), ((4, 4, 3), (3, 4, 4)), ((1, 2, 2), (1, 2, 2))):
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
        ((9, 12), {"shape": (3, 4)}, "does not fit"),
        ((9, 12), {"shape": (12,), "layout": "last"}, "is that of vectors: leave one of them out"),
        ((9, 12), {"layout": "last"}, "give the shape of one point beside it, or leave it out"),
        ((9, 3, 4), {"layout": "first"}, "give the shape of one point beside it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(stored, options, words):
    with pytest.raises(InputError, match=words):
        oriented(np.zeros(stored), "x", **options)


def test_values_that_are_not_finite_do_not_hide_the_layout(photographs):
    last = crops(photographs, 60, 16, np.random.default_rng(7)).reshape(60, -1)
    last[::7, 3] = np.nan
    assert found_layout(last, (3, 16, 16)) == "last"
