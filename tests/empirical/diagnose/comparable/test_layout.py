"""One layout: what a rule settles is settled, the rest is refused with both shapes."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable import layout
from convergen.empirical.diagnose.comparable.layout import (
    _alike,
    _has_seams,
    _on_white,
    _tiles,
    one_layout,
    roughness,
)
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import dresses, laws


def named(rows, name="samples"):
    rows = np.asarray(rows)
    return Points(name, rows, rows.shape[1:])


@pytest.fixture(scope="module")
def images():
    return laws.larger_colour(60, np.random.default_rng(0))


@pytest.mark.parametrize("dress", [dresses.flat, dresses.flat_channels_last])
def test_flat_rows_take_the_order_in_which_neighbours_agree(images, dress):
    flat = named(dress(images, None, None))
    for sets in ([named(images), flat], [flat, named(images)], [flat, flat]):
        found, _ = one_layout(sets)
        for each in found:
            np.testing.assert_array_equal(each.rows, images)


def test_vectors_stay_vectors():
    rng = np.random.default_rng(1)
    sets = [named(rng.standard_normal((40, 192))) for _ in range(2)]
    found, notes = one_layout(sets)
    assert [each.rows is other.rows for each, other in zip(found, sets, strict=True)] == [True] * 2
    assert notes == []


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_contact_sheets_are_cut(images, gap):
    tiles = images[:24].reshape(4, 2, 3, 3, 16, 16)
    padded = np.pad(tiles, [(0, 0)] * 4 + [(gap, 0), (gap, 0)])
    sheets = padded.transpose(0, 3, 1, 4, 2, 5).reshape(4, 3, 2 * (16 + gap), 3 * (16 + gap))
    sheets = np.pad(sheets, [(0, 0)] * 2 + [(0, gap), (0, gap)])
    found, notes = one_layout([named(images), named(sheets)])
    np.testing.assert_array_equal(found[1].rows, images[:24])
    assert "2 × 3 images: they were cut" in notes[0]


def test_large_images_are_no_contact_sheets(images):
    large = laws._patches(32, 1)[:30]
    with pytest.raises(InputError, match="images of 32 × 32 pixels, but the training set has 16 ×"):
        one_layout([named(images), named(large)])
    with pytest.raises(InputError, match=r"10 × 16 pixels"):
        one_layout([named(images), named(dresses.squashed(images, None, None))])


@pytest.mark.parametrize("times", [2, 3])
def test_enlarged_images_are_no_contact_sheets(images, times):
    """Edges of pixels look like seams, but are everywhere."""
    large = named(images.repeat(times, axis=2).repeat(times, axis=3), "large")
    with pytest.raises(InputError, match=f"large holds images of {16 * times} × {16 * times} pix"):
        one_layout([named(images), large])


def test_grey_sheets_beside_colour_are_cut(images):
    grey = dresses.grey(images, None, None)
    found, _ = one_layout([named(images), named(dresses.sheets(grey, None, None))])
    np.testing.assert_allclose(found[1].rows, grey, atol=1e-12)


def test_colour_and_transparency(images):
    found, notes = one_layout([named(images, "train"), named(dresses.grey(images, None, None))])
    np.testing.assert_allclose(found[0].rows, found[1].rows, atol=1e-12)
    assert "Colour was taken from train" in notes[0]
    half = np.concatenate([images, np.full_like(images[:, :1], 0.5)], axis=1)
    for scale in (1.0, 255.0):
        found, notes = one_layout([named(scale * images), named(scale * half)])
        np.testing.assert_allclose(found[1].flat(), scale * (0.5 * found[0].flat() / scale + 0.5))
        assert "put on white" in notes[0]


@pytest.mark.parametrize("dress", [dresses.flat, dresses.flat_channels_last])
def test_flat_rows_with_other_channels_than_the_rest(images, dress):
    grey = dresses.grey(images, None, None)
    found, notes = one_layout([named(images, "train"), named(dress(grey, None, None))])
    np.testing.assert_allclose(found[1].rows, grey, atol=1e-12)
    np.testing.assert_allclose(found[0].rows, grey, atol=1e-12)
    clear = np.concatenate([images, np.ones_like(images[:, :1])], axis=1)
    found, notes = one_layout([named(images, "train"), named(dress(clear, None, None))])
    np.testing.assert_allclose(found[1].flat(), images.reshape(len(images), -1))
    assert "put on white" in notes[-1]


def test_ambiguous_rows_and_other_shapes_are_refused():
    rng = np.random.default_rng(2)
    noise = named(rng.standard_normal((40, 3, 8, 8)))
    with pytest.raises(InputError, match="neither makes neighbouring pixels agree"):
        one_layout([noise, named(rng.standard_normal((40, 192)))])
    for dim in (2, 7):
        with pytest.raises(InputError, match=rf"{dim},\), but others have shape \(3, 8, 8\)"):
            one_layout([noise, named(rng.standard_normal((40, dim)))])


def test_roughness_is_one_for_noise():
    rng = np.random.default_rng(3)
    assert roughness(rng.standard_normal((50, 1, 20, 20))) == pytest.approx(1.0, abs=0.05)
    assert roughness(np.ones((2, 1, 4, 4))) == 1.0
    ramp = np.broadcast_to(np.arange(8.0), (1, 1, 8, 8))
    assert roughness(ramp) == pytest.approx(0.5 / (2 * ramp.var()))
    assert roughness(0.1 * ramp) == pytest.approx(0.5 / (2 * ramp.var()))


@pytest.mark.parametrize(
    ("gap", "grid", "cut"),
    [
        (1, (1, 1), False),
        (2, (1, 1), False),
        (1, (1, 2), True),
        (2, (2, 1), True),
        (3, (2, 2), False),
    ],
)
def test_frames_of_one_or_two_pixels_around_more_than_one_image(images, gap, grid, cut):
    height, width = (count * (16 + gap) + gap for count in grid)
    sheets = named(np.zeros((5, 3, height, width)), "sheets")
    if cut:
        found, _ = one_layout([named(images), sheets])
        assert found[1].rows.shape == (5 * grid[0] * grid[1], 3, 16, 16)
    else:
        with pytest.raises(InputError, match=f"sheets holds images of {height} × {width} pixels"):
            one_layout([named(images), sheets])


def test_tiles_are_read_line_by_line():
    """2 × 3 tiles of 2 × 2 pixels, one pixel apart; a tile holds its number."""
    sheet = np.full((1, 1, 7, 10), -1.0)
    for number in range(6):
        line, column = divmod(number, 3)
        sheet[0, 0, 1 + 3 * line : 3 + 3 * line, 1 + 3 * column : 3 + 3 * column] = number
    found = _tiles(named(sheet), (1, 2, 2), (2, 3), 1)
    np.testing.assert_array_equal(found, np.arange(6.0)[:, None, None, None] * np.ones((1, 2, 2)))


@pytest.mark.parametrize(
    ("step", "seams"), [(1.15, True), (1.13, False), (-1.15, True), (0.0, False)]
)
@pytest.mark.parametrize("axis", [2, 3])
def test_seams_are_rougher_by_three_tenths_than_any_other_border(step, seams, axis):
    """Neighbours differ by 1, across every fourth border by `step`: 1.15² = 1.32, 1.13² = 1.28."""
    values = np.cumsum([0.0] + [step if i % 4 == 3 else 1.0 for i in range(11)])
    rows = np.broadcast_to(values if axis == 3 else values[:, None], (3, 1, 12, 12)).copy()
    # Along the other axis there is a single tile, so that no seam is looked for.
    shape = (1, 12, 4) if axis == 3 else (1, 4, 12)
    assert _has_seams(named(rows), shape) == seams


def pattern(size, cosine=1.0, sides=(1, 4, 4), noise=1.0):
    """Forty images of a mean and of unit variance about it in each pixel."""
    board = np.indices(sides[1:]).sum(axis=0) % 2 * 2.0 - 1.0
    stripes = np.indices(sides[1:])[0] % 2 * 2.0 - 1.0
    mean = size * (cosine * board + np.sqrt(1.0 - cosine**2) * stripes)
    signs = np.resize([noise, -noise], 40)[:, None, None, None]
    return named(np.broadcast_to(mean, sides) + signs + 7.0)


@pytest.mark.parametrize(
    ("size", "cosine", "same"),
    [
        # The mean shows if its variance is 20 times that of chance, 1/40: above √0.5 = 0.707.
        (0.72, 1.0, True), (0.70, 1.0, False),
        (3.0, 0.82, True), (3.0, 0.78, False), (3.0, -1.0, False),
    ],
)  # fmt: skip
def test_means_that_look_alike_and_show_anything(size, cosine, same):
    assert _alike(pattern(1.0, cosine), pattern(size)) == same
    assert _alike(pattern(1.0, cosine, (3, 4, 4)), pattern(size)) == same
    assert _alike(pattern(1.0, cosine), pattern(size, sides=(3, 4, 4))) == same
    assert not _alike(pattern(1.0, cosine, (1, 4, 8)), pattern(size))
    assert not _alike(pattern(1.0, cosine), pattern(size, sides=(1, 4, 8)))
    assert not _alike(pattern(1.0), named(np.ones((4, 16))))


@pytest.mark.parametrize(
    ("low", "high", "white", "floor"),
    [
        (0.0, 1.0, 1.0, 0.0), (0.0, 255.0, 255.0, 0.0), (-1.0, 1.0, 1.0, -1.0),
        (-0.5, 2.0, 1.0, 0.0), (-0.6, 2.0, 1.0, -1.0), (0.0, 2.1, 255.0, 0.0),
    ],
)  # fmt: skip
def test_white_is_what_the_range_says(low, high, white, floor):
    colours = np.array([low, 0.5 * (low + high), high, 0.25 * high, high, low]).reshape(2, 3, 1, 1)
    shares = np.array([0.25, 1.0])
    alpha = (floor + shares * (white - floor)).reshape(2, 1, 1, 1)
    rows = np.concatenate([colours, np.clip(alpha, low, high)], axis=1)
    shares = ((np.clip(alpha, low, high) - floor) / (white - floor)).reshape(2, 1, 1, 1)
    expected = shares * colours + (1.0 - shares) * white
    np.testing.assert_allclose(_on_white(named(rows)), expected, rtol=1e-12)


def test_no_rows_are_taken_for_what_they_cannot_be():
    """5 channels of 8 × 8 are nothing that is known, nor 2.5; constant ones show no image."""
    noise = np.random.default_rng(4).standard_normal((40, 3, 8, 8))
    for dim in (320, 160, 64, 256):
        with pytest.raises(InputError, match=rf"shape \({dim},\), but others have shape"):
            one_layout([named(noise), named(np.ones((40, dim)))])


@pytest.mark.parametrize("dim", [512, 773, 1280])
def test_pictures_of_no_known_number_of_channels_stay_rows(images, dim):
    """Two or five channels of 16 × 16, or three and five numbers, that agree with neighbours."""
    flat = images.reshape(60, -1)
    flat = np.concatenate([flat, np.ones((60, 5))] if dim == 773 else [flat, flat], axis=1)
    with pytest.raises(InputError, match=rf"shape \({dim},\), but others have shape"):
        one_layout([named(images), named(flat[:, :dim])])


def test_roughness_over_twice_the_variance():
    """Stripes of ±1: steps of 4 along one axis and 0 along the other, variance 1."""
    stripes = np.resize([1.0, -1.0], (2, 1, 6, 6))
    assert roughness(stripes) == pytest.approx(0.5 * (4.0 + 0.0) / 2.0)


def test_sheets_without_seams_are_cut_where_their_images_look_like_the_training_set():
    """A wave that goes on from tile to tile; beside images of another mean it is a large image."""
    rng = np.random.default_rng(5)
    wave = np.cos(2.0 * np.pi * np.arange(8) / 8.0)
    rows = wave[:, None] + wave + 0.1 * rng.standard_normal((80, 1, 8, 8))
    sheets = rows[40:].reshape(10, 2, 2, 8, 8).transpose(0, 1, 3, 2, 4).reshape(10, 1, 16, 16)
    assert not _has_seams(named(sheets), (1, 8, 8))
    found, notes = one_layout([named(rows[:40]), named(sheets)])
    np.testing.assert_array_equal(found[1].rows, rows[40:])
    assert notes == ["samples holds contact sheets of 2 × 2 images: they were cut."]
    with pytest.raises(InputError, match="16 × 16 pixels, but the training set has 8 × 8"):
        one_layout([named(-rows[:40]), named(sheets)])


def test_both_sizes_are_said_height_first(images):
    with pytest.raises(InputError) as error:
        one_layout([named(images[:, :, :12], "train"), named(images[:, :, :, :10])])
    assert str(error.value) == (
        "samples holds images of 16 × 10 pixels, but the training set has 12 × 16: bring both to "
        "one size by the same crop, or give size to crop and resize all."
    )


@pytest.mark.parametrize("dress", [dresses.flat, dresses.flat_channels_last])
def test_flat_rows_in_colour_beside_grey_images_that_are_not_square(images, dress):
    colour = images[:, :, :, :12]
    grey = dresses.grey(colour, None, None)
    found, notes = one_layout([named(grey, "train"), named(dress(colour, None, None), "rows")])
    for each in found:
        np.testing.assert_allclose(each.rows, grey, atol=1e-12)
    assert notes[-1] == "Colour was taken from rows: others are grey."


@pytest.mark.parametrize("sides", [(8, 32), (32, 8)])
def test_square_grey_rows_are_not_taken_for_images_of_other_sides(images, sides):
    flat = dresses.grey(images, None, None).reshape(60, -1)
    assert one_layout([named(flat)])[0][0].shape == (1, 16, 16)
    others = named(np.random.default_rng(6).standard_normal((40, 3, *sides)))
    with pytest.raises(InputError, match=r"shape \(256,\), but others have shape \(3, "):
        one_layout([others, named(flat)])


def test_flat_rows_alone_take_the_shape_that_the_training_set_shows(images):
    flat = dresses.grey(images, None, None).reshape(60, -1)
    found, notes = one_layout([named(flat), named(flat[:5])])  # five show nothing
    assert [each.shape for each in found] == [(1, 16, 16)] * 2
    assert notes == [
        "Rows were read as images of 1 × 16 × 16 numbers, since neighbouring pixels agree then "
        "(--shape says otherwise)."
    ]


@pytest.mark.parametrize(
    ("train", "other"), [((3, 8, 8), (3, 4, 16)), ((1, 8, 8), (1, 16, 12)), ((3, 8, 8), (4, 6, 8)),
                         ((3, 8, 8), (4, 10, 8))],
)  # fmt: skip
def test_images_of_other_sides_are_refused_whatever_their_numbers(train, other):
    """As many numbers as an image of the training set, or as one in colour; or transparent."""
    smooth = np.cumsum(np.random.default_rng(7).standard_normal((40, *other)), axis=3)
    sets = [named(np.ones((40, *train))), named(smooth)]
    with pytest.raises(InputError, match=rf"images of {other[1]} × {other[2]} pixels, but the tr"):
        one_layout(sets)


@pytest.mark.parametrize(("train", "other"), [(1, 4), (5, 4), (3, 5), (3, 2)])
def test_transparency_is_known_of_four_channels_beside_three(train, other):
    sets = [named(np.ones((10, channels, 8, 8))) for channels in (train, other)]
    with pytest.raises(InputError, match=rf"\({other}, 8, 8\), but others have shape \({train}, "):
        one_layout(sets)


def test_seams_are_looked_for_in_256_images():
    """The 256th goes on from tile to tile; those before it are blank, the next has seams."""
    rows = np.zeros((257, 1, 4, 4))
    rows[255] = np.arange(4.0)
    rows[256] = [0.0, 0.0, 99.0, 99.0]
    assert not _has_seams(named(rows), (1, 4, 2))
    assert _has_seams(named(rows[[256]]), (1, 4, 2))


def test_limits_themselves(monkeypatch):
    """Seams as rough as they must be count; means as alike, or as strong, as they must exceed."""
    monkeypatch.setattr(layout, "_SEAM", 4.0)
    steps = np.broadcast_to([0.0, 1.0, 3.0, 4.0], (3, 1, 4, 4))
    assert _has_seams(named(steps), (1, 4, 2))
    for name, limit in (("_ALIKE", 1.0), ("_SHOWN", 40.0)):
        with monkeypatch.context() as patch:
            assert _alike(pattern(1.0), pattern(1.0))
            patch.setattr(layout, name, limit)
            assert not _alike(pattern(1.0), pattern(1.0))
