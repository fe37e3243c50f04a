"""Layouts are found where pixels tell them, never wrongly, and only pictures look like images."""

import numpy as np
import pytest

from convergen.theory.data.images.pixel_agreement import better_order, found_layout, likely_image
from convergen.theory.data.sets.digits import load_digits
from tests.theory.data.photographs import crops


@pytest.mark.parametrize("side", [8, 16, 32])
@pytest.mark.parametrize("grey", [False, True])
def test_the_layout_of_photographs_is_found(side, grey):
    rng = np.random.default_rng(0)
    for _ in range(5):
        last = crops(40, side, rng)
        if grey:
            last[:] = last.mean(axis=3, keepdims=True)
        first, shape = np.moveaxis(last, 3, 1), (3, side, side)
        if grey and side == 8:  # too few numbers: not every time, but never wrongly
            assert found_layout(last.reshape(40, -1), shape) in (None, "last")
            continue
        assert found_layout(last.reshape(40, -1), shape) == "last"
        assert found_layout(first.reshape(40, -1), shape) == "first"
        if not grey:
            assert likely_image(last.reshape(40, -1)) == (shape, "last")


@pytest.mark.parametrize(("height", "width"), [(32, 16), (12, 32)])
def test_the_layout_of_images_that_are_not_square_is_found(height, width):
    last = crops(40, 32, np.random.default_rng(6))[:, :height, :width]
    first, shape = np.moveaxis(last, 3, 1), (3, height, width)
    assert found_layout(last.reshape(40, -1), shape) == "last"
    assert found_layout(first.reshape(40, -1), shape) == "first"
    assert better_order(last.reshape(40, -1), "last", shape)[0] == 1
    assert better_order(last.reshape(40, -1), "first", shape)[0] == -1
    # One row or column of pixels has no neighbours below or beside.
    assert found_layout(last[:, :1].reshape(40, -1), (3, 1, width)) is None
    assert found_layout(last[:, :, :1].reshape(40, -1), (3, height, 1)) is None
    assert found_layout(last[..., :1].reshape(40, -1), (1, height, width)) == "first"


def test_few_images_are_never_laid_out_wrongly():
    rng, found = np.random.default_rng(1), []
    for count in (2, 3, 5):
        for side in (8, 16, 32):
            for _ in range(8):
                last = crops(count, side, rng)
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


def test_only_pictures_look_like_images():
    rng, digits = np.random.default_rng(4), load_digits()
    assert likely_image(digits) == ((1, 8, 8), "first")
    assert likely_image(digits[:7]) is None
    steps = np.arange(1024.0)
    waves = np.sin(steps * rng.uniform(0.01, 0.5, (200, 1)) + rng.uniform(0, 6, (200, 1)))
    for rows in (
        rng.standard_normal((200, 64)), digits @ rng.standard_normal((64, 64)),
        np.cumsum(rng.standard_normal((200, 1024)), axis=1), waves, np.ones((20, 64)),
        rng.standard_normal((50, 1)), rng.standard_normal((50, 64)) + 5 * rng.standard_normal(64),
    ):  # fmt: skip
        assert likely_image(rows) is None


def test_values_that_are_not_finite_do_not_hide_the_layout():
    last = crops(60, 16, np.random.default_rng(7)).reshape(60, -1)
    last[::7, 3] = np.nan
    assert found_layout(last, (3, 16, 16)) == "last"
