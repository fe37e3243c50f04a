"""One layout: what a rule settles is settled, the rest is refused with both shapes."""

import numpy as np
import pytest

from convergen.empirical.diagnose.comparable.layout import one_layout, roughness
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
    with pytest.raises(InputError, match=r"shape \(7,\), but others have shape \(3, 8, 8\)"):
        one_layout([noise, named(rng.standard_normal((40, 7)))])


def test_roughness_is_one_for_noise():
    rng = np.random.default_rng(3)
    assert roughness(rng.standard_normal((50, 1, 20, 20))) == pytest.approx(1.0, abs=0.05)
    assert roughness(np.ones((2, 1, 4, 4))) == 1.0
    ramp = np.broadcast_to(np.arange(8.0), (1, 1, 8, 8))
    assert roughness(ramp) == pytest.approx(0.5 / (2 * ramp.var()))
