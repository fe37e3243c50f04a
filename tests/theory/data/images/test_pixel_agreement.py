"""Layouts are found where pixels tell them, never wrongly, and only pictures look like images."""

import numpy as np
import pytest
from scipy import stats

from convergen.theory.data.images import pixel_agreement as module
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


def test_one_order_alone_is_neither_better_nor_worse():
    last = crops(40, 16, np.random.default_rng(8))
    assert better_order(last[..., :1], "first", (1, 16, 16)) == (0, 0.0)
    assert better_order(last[:, :1], "first", (3, 1, 16)) == (0, 0.0)
    assert better_order(last[:, :, :1], "last", (3, 16, 1)) == (0, 0.0)
    two = last[:, :2, :2]
    flat = two.reshape(40, -1) - two.mean()
    expected = 1.0 - 0.5 * np.mean(np.diff(module._sample(flat).reshape(40, 2, 6), axis=1) ** 2)
    assert better_order(flat, "last", (3, 2, 2))[1] == pytest.approx(
        abs(expected - module._agreement(module._sample(flat), 2).mean())
    )


def agreeing(monkeypatch, table):
    """Let numbers that are so many apart agree so well, and others not at all."""
    monkeypatch.setattr(module, "_agreement", lambda _, step: np.array([table.get(step, 0.0)]))


NOISE = np.random.default_rng(9).standard_normal((20, 256))


@pytest.mark.parametrize(
    ("dim", "table", "expected"),
    [
        (192, {8: 0.31}, ((3, 8, 8), "first")), (192, {8: 0.29}, None),
        (192, {24: 0.31}, ((3, 8, 8), "last")),
        (192, {8: 0.6, 24: 0.8}, ((3, 8, 8), "last")),
        (192, {8: 0.8, 24: 0.6}, ((3, 8, 8), "first")),
        (192, {8: 0.8, 24: 0.8}, ((3, 8, 8), "first")),
        # Two pixels before and behind the one below agree almost as well: no picture.
        (192, {8: 0.5, 6: 0.48}, None), (192, {8: 0.5, 10: 0.48}, None),
        (192, {8: 0.5, 6: 0.46, 10: 0.46}, ((3, 8, 8), "first")),
        (192, {8: 0.5, 7: 0.48, 9: 0.48}, ((3, 8, 8), "first")),
        (192, {24: 0.5, 18: 0.48}, None), (192, {24: 0.5, 30: 0.48}, None),
        (192, {24: 0.5, 22: 0.48, 26: 0.48}, ((3, 8, 8), "last")),
        (256, {8: 0.9}, ((4, 8, 8), "first")), (256, {32: 0.9}, ((4, 8, 8), "last")),
        (256, {16: 0.9}, ((1, 16, 16), "first")),
        # No squares, and none of seven pixels.
        (193, {8: 0.9, 24: 0.9, 13: 0.9}, None), (68, {8: 0.9}, None), (60, {7: 0.9}, None),
        (49, {7: 0.9}, None), (147, {7: 0.9, 21: 0.9}, None), (128, {8: 0.9, 16: 0.9}, None),
    ],
)  # fmt: skip
def test_a_picture_agrees_below_and_not_beside(monkeypatch, dim, table, expected):
    agreeing(monkeypatch, table)
    assert likely_image(NOISE[:, :dim]) == expected


def test_a_picture_agrees_more_than_its_neighbours_by_a_limit(monkeypatch):
    agreeing(monkeypatch, {8: 0.5, 6: 0.25})
    for peak, found in ((0.25, False), (0.2499, True)):
        monkeypatch.setattr(module, "_PEAK", peak)
        assert (likely_image(NOISE[:, :64]) is not None) == found
    for least, found in ((0.5, False), (0.4999, True)):
        monkeypatch.setattr(module, "_IMAGE", least)
        assert (likely_image(NOISE[:, :64]) is not None) == found


def test_eight_images_are_enough_to_be_recognised():
    digits = load_digits()
    assert likely_image(digits[:8]) == ((1, 8, 8), "first")
    assert likely_image(np.concatenate([digits[:7], np.ones((5, 64))])) is None


@pytest.mark.parametrize(("agreement", "found"), [(0.1, "last"), (0.0999, None)])
def test_an_order_in_which_nothing_agrees_is_not_found(monkeypatch, agreement, found):
    monkeypatch.setattr(module, "_compare", lambda *_: (-1, 0.0))
    agreeing(monkeypatch, {15: agreement})
    assert found_layout(NOISE[:, :60], (3, 4, 5)) == found


def test_some_points_are_looked_at_each_in_its_own_units(monkeypatch):
    rows = np.random.default_rng(10).standard_normal((70, 10)) + 3.0
    rows[0, 3], rows[-1] = np.inf, 2.0  # neither is looked at
    chosen = np.unique(np.linspace(0, 69, 64).astype(int))[1:-1]
    expected = stats.zscore(rows[chosen], axis=1)
    for scale in (1.0, 1e300, 1e-200):
        np.testing.assert_allclose(module._sample(rows * scale), expected, rtol=1e-9)
    # As many as there are numbers for, but two at least.
    for numbers, count in ((50, 5), (49, 4), (5, 2)):
        monkeypatch.setattr(module, "_LOOKED_AT", numbers)
        assert len(module._sample(rows[1:-1])) == count


@pytest.mark.parametrize(("dim", "most"), [(64, 64), (2**17, 32), (2**17 + 1, 31)])
def test_four_million_numbers_are_looked_at(monkeypatch, dim, most):
    asked = []
    monkeypatch.setattr(
        module, "spread_rows", lambda _, count: asked.append(count) or np.zeros(1, int)
    )
    module._sample(np.zeros((1, dim), np.float32))
    assert asked == [most]


@pytest.mark.parametrize(
    ("count", "dim", "parts"),
    [(1, 300, 8), (4, 300, 8), (5, 300, 6), (32, 300, 1), (33, 300, 1), (2, 98, 3), (2, 97, 2),
     (2, 20, 1), (1, 34, 1)],
)  # fmt: skip
def test_few_points_are_compared_in_parts(count, dim, parts):
    sample = np.random.default_rng(11).standard_normal((count, dim))
    found = module._agreement(sample, 2)
    assert found.size == count * parts
    squares = np.array_split((sample[:, 2:] - sample[:, :-2]) ** 2, parts, axis=1)
    expected = [1.0 - np.mean(square[n]) / 2.0 for square in squares for n in range(count)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("beyond", "sure"), [(1.0001, True), (0.9999, False)])
def test_an_order_is_better_by_students_test_of_ratios(monkeypatch, sign, beyond, sure):
    rng = np.random.default_rng(12)
    first, spread = rng.uniform(0.0, 0.9, 9), stats.zscore(rng.standard_normal(9), ddof=1)
    least = stats.t.isf(1e-5, 8) / 3.0  # of the mean, where the spread of one is 1
    ratio = 0.1 * (beyond * least + spread)
    second = 1.001 - (1.001 - first) * np.exp(ratio)
    answers = {3: np.append(first, 0.5), 4: second}
    monkeypatch.setattr(module, "_agreement", lambda _, step: answers[step])
    found, margin = module._compare(np.ones((1, 1)), *((3, 4) if sign == 1 else (4, 3)))
    assert found == (sign if sure else 0)
    assert margin == pytest.approx(abs(first.mean() - second.mean()))


def test_one_part_of_one_point_tells_nothing():
    assert module._compare(np.zeros((0, 30)), 1, 2) == (0, 0.0)
    assert module._compare(NOISE[:1, :30], 1, 2) == (0, 0.0)
    assert module._compare(NOISE[:2, :30], 1, 2)[1] > 0.0
