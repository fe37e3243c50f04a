"""Images as a person sees them, each against values that are worked out by hand."""

import io
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from convergen.theory.common.checks import InputError
from convergen.theory.data.images import pixels as module
from convergen.theory.data.images.pixels import pixels, read_head
from convergen.theory.data.reading import load_array, read
from tests.theory.data.images.folders import save_images

CORNERS = np.array([[10, 60, 110], [160, 210, 250]], np.uint8)  # 2 rows, 3 columns


def of(tmp_path, image, suffix="png", **options):
    image.save(tmp_path / f"x.{suffix}", **options)
    found = read(tmp_path)
    return np.moveaxis(found.rows()[0], 0, 2) * 255, found


# What a viewer must do to the stored pixels, by the EXIF standard (tag 0x0112).
TURNS = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.T, 6: lambda a: a.T[:, ::-1], 7: lambda a: a.T[::-1, ::-1],
    8: lambda a: a.T[::-1],
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", TURNS)
def test_images_are_turned_as_exif_says(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    image = Image.fromarray(CORNERS).convert("RGB" if suffix == "webp" else "L")
    seen, found = of(tmp_path, image, suffix, exif=exif, **options)
    np.testing.assert_allclose(seen[..., 0], TURNS[orientation](CORNERS), atol=1e-4)
    turned = [] if orientation == 1 else ["1 image (x." + suffix + ") was turned as EXIF says"]
    assert list(found.record.notes) == turned


def test_turned_photographs_of_a_camera_share_a_size_with_upright_ones(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (16, 1))
    Image.fromarray(ramp).save(tmp_path / "a.jpg", exif=exif, quality=95)
    Image.fromarray(ramp.T[:, ::-1].copy()).save(tmp_path / "b.jpg", quality=95)
    rows = read(tmp_path).rows()
    assert rows.shape == (2, 1, 32, 16)
    np.testing.assert_allclose(rows[0], rows[1], atol=4 / 255)


def on_white(values, alpha):
    alpha = np.asarray(alpha, float) / 255
    return alpha * values + (1 - alpha) * 255


def test_transparency_is_laid_on_white(tmp_path):
    alpha = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
    grey = Image.merge("LA", [Image.fromarray(CORNERS), Image.fromarray(alpha)])
    seen, found = of(tmp_path, grey)
    assert seen.shape == (2, 3, 1)  # grey with alpha stays grey
    np.testing.assert_allclose(seen[..., 0], on_white(CORNERS, alpha), atol=0.51)
    assert found.record.notes == ("1 image (x.png) was laid on white where transparent",)
    colour = np.stack([CORNERS, CORNERS[::-1], CORNERS[:, ::-1]], axis=-1)
    seen, _ = of(tmp_path, Image.fromarray(np.dstack([colour, alpha])))
    np.testing.assert_allclose(seen, on_white(colour, alpha[..., None]), atol=0.51)
    seen, _ = of(tmp_path, Image.fromarray(CORNERS), transparency=60)  # one grey level is clear
    np.testing.assert_allclose(seen[..., 0], np.where(CORNERS == 60, 255, CORNERS), atol=1e-4)


def test_cmyk_is_ink_on_paper(tmp_path):
    ink = np.random.default_rng(0).integers(0, 256, (2, 3, 4), dtype=np.uint8)
    expected = (255.0 - ink[..., :3]) * (255.0 - ink[..., 3:]) / 255.0
    seen, _ = of(tmp_path, Image.fromarray(ink, mode="CMYK"), "tif")
    np.testing.assert_allclose(seen, expected, atol=1.01)
    (tmp_path / "x.tif").unlink()
    flat = np.full((16, 16, 4), (40, 90, 160, 20), np.uint8)  # jpeg keeps a flat picture
    seen, _ = of(tmp_path, Image.fromarray(flat, mode="CMYK"), "jpg", quality=100)
    np.testing.assert_allclose(seen[8, 8], (255.0 - flat[0, 0, :3]) * 235 / 255, atol=3)


def test_palettes_show_their_colours(tmp_path):
    colours = np.array([[200, 10, 30], [0, 250, 90], [5, 6, 7]], np.uint8)
    image = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint8), mode="P")
    image.putpalette(colours.ravel().tolist())
    seen, _ = of(tmp_path, image)
    np.testing.assert_allclose(seen, colours[np.array([[0, 1, 2], [2, 1, 0]])], atol=1e-4)


@pytest.mark.parametrize("orientation", [1, 6])
def test_sixteen_bits_are_kept_when_turned(tmp_path, orientation):
    deep = CORNERS.astype(np.uint16) * 257 + 100
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x0112] = orientation
    seen, found = of(tmp_path, Image.fromarray(deep), "tif", tiffinfo=tags)
    np.testing.assert_allclose(seen[..., 0] * 257, TURNS[orientation](deep), atol=0.02)
    assert found.record.dtype == "uint16"


def test_inverted_bilevel_tiffs_are_not_negatives(tmp_path):
    file = io.BytesIO()
    black = np.array([[0, 255, 255], [255, 0, 255]], np.uint8)
    Image.fromarray(black).convert("1").save(file, "TIFF", compression="group4")
    (tmp_path / "x.tif").write_bytes(file.getvalue())
    np.testing.assert_array_equal(read(tmp_path).rows()[0, 0] * 255, black)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_sixteen_bit_grey_keeps_its_precision(tmp_path, rng, suffix):
    images = rng.integers(0, 65536, (2, 8, 8), dtype=np.uint16)
    images[0, :4], images[0, 4:] = 0, 65535
    folder = save_images(tmp_path / "deep", images, suffix)
    loaded = load_array(folder)
    np.testing.assert_allclose(loaded, images.reshape(2, -1) / 65535, atol=1e-7)
    resized = load_array(folder, size=16)
    assert resized.min() == 0.0  # an edge overshoots in both directions before it is clipped
    assert resized.max() == 1.0


def test_sixteen_bit_grey_joins_a_colour_folder(tmp_path, rng):
    deep = rng.integers(0, 65536, (4, 4), dtype=np.uint16)
    colour = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    loaded = load_array(save_images(tmp_path / "mixed", [deep, colour]))[0].reshape(16, 3)
    np.testing.assert_allclose(loaded[:, 0], deep.ravel() / 65535, atol=1 / 255)
    np.testing.assert_array_equal(loaded[:, 0], loaded[:, 2])


def test_palette_bilevel_and_transparent_images(tmp_path, rng):
    colour = Image.fromarray(rng.integers(0, 2, (4, 4, 3), dtype=np.uint8) * 255)
    clear = colour.convert("RGBA")
    clear.putalpha(128)
    palette = colour.quantize(8)
    bilevel = Image.fromarray(rng.integers(0, 2, (4, 4), dtype=np.uint8) * 255).convert("1")
    palette.save(tmp_path / "a.png", transparency=b"\x00\x80\xff")
    clear.save(tmp_path / "b.png")
    bilevel.save(tmp_path / "c.png")
    loaded = load_array(tmp_path).reshape(3, 4, 4, 3)
    # Laid on white: half of the colour and half of the paper at an alpha of 128/255.
    expected = (128 * np.asarray(colour, float) + 127 * 255) / 255
    np.testing.assert_allclose(loaded[1] * 255, expected, atol=0.51)
    alpha = np.full(256, 255)
    alpha[:3] = 0, 128, 255
    alpha = alpha[np.asarray(palette)][..., None]
    expected = (alpha * np.asarray(colour, float) + (255 - alpha) * 255) / 255
    np.testing.assert_allclose(loaded[0] * 255, expected, atol=0.51)
    np.testing.assert_array_equal(loaded[2, ..., 1], np.asarray(bilevel))


def test_a_coloured_palette_makes_the_folder_colour(tmp_path, rng):
    colour = Image.fromarray(rng.integers(0, 2, (4, 4, 3), dtype=np.uint8) * 255)
    colour.quantize(8).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_array(tmp_path)[0], np.asarray(colour).ravel() / 255)


def test_grey_palettes_stay_one_channel(tmp_path, rng):
    grey = Image.fromarray(rng.choice([7, 90, 200], (4, 4)).astype(np.uint8))
    grey.quantize(3).save(tmp_path / "a.png")
    grey.save(tmp_path / "b.gif")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
    loaded = load_array(tmp_path)
    assert loaded.shape == (2, 16)
    np.testing.assert_allclose(loaded * 255, [np.asarray(grey).ravel()] * 2, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_images_without_a_white_level_are_refused(tmp_path, dtype):
    Image.fromarray(np.ones((4, 4), dtype=dtype)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a.tif has 32-bit pixels, .* save the data as .npy"):
        load_array(tmp_path)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("extra", [7, 8])
def test_the_middle_of_wide_and_of_tall_images_is_kept(tmp_path, wide, extra):
    stripes = np.arange(4 + extra, dtype=np.uint8)[None].repeat(4, 0)
    Image.fromarray(stripes if wide else stripes.T).save(tmp_path / "x.png")
    (found,) = read(tmp_path, size=4).rows()
    expected = extra // 2 + np.arange(4)
    line = found[0].mean(axis=0 if wide else 1) * 255
    np.testing.assert_allclose(line, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("width", "height", "stored", "sound"),
    [
        (4096, 4096, 100, True), (4096, 4097, 100, False),
        (5000, 4000, 40_000, True), (5001, 4000, 40_000, False),
    ],
)  # fmt: skip
def test_an_image_of_many_pixels_stores_a_byte_for_500(width, height, stored, sound):
    file = io.BytesIO((b"P5 %d %d 255\n" % (width, height)).ljust(stored, b"\0"))
    if sound:
        assert read_head(file, "x").size == (width, height)
    else:
        with pytest.raises(InputError) as caught:
            read_head(file, "x")
        assert str(caught.value) == (
            f"x declares {width * height} pixels in {stored} bytes, as images that fill the memory "
            "do: make the image smaller."
        )


def test_an_unknown_format_is_said_in_words():
    with pytest.raises(InputError, match=r"^x cannot be read as an image \(its format is not kn"):
        read_head(io.BytesIO(b"no image"), "x")


def test_heads_tell_what_an_image_is():
    def head(image, **options):
        file = io.BytesIO()
        image.save(file, options.pop("kind", "PNG"), **options)
        found = read_head(file, "x")
        return found.size, found.grey, found.deep, found.transparent, found.turned

    grey = Image.new("L", (3, 2))
    assert head(grey) == ((3, 2), True, False, False, False)
    assert head(Image.new("RGB", (3, 2))) == ((3, 2), False, False, False, False)
    assert head(Image.new("LA", (3, 2))) == ((3, 2), True, False, True, False)
    assert head(Image.new("RGBA", (3, 2))) == ((3, 2), False, False, True, False)
    assert head(Image.new("1", (3, 2))) == ((3, 2), True, False, False, False)
    assert head(Image.new("I;16", (3, 2))) == ((3, 2), True, True, False, False)
    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[0x0112] = orientation
        size = (3, 2) if orientation < 5 else (2, 3)
        assert head(grey, exif=exif) == (size, True, False, False, orientation > 1)


def test_values_of_an_image_in_memory():
    image = Image.fromarray(CORNERS)
    np.testing.assert_allclose(pixels(image, 1)[..., 0] * 255, CORNERS, atol=1e-5)
    assert pixels(image, 3).shape == (2, 3, 3)
    assert pixels(image, 1, 4).shape == (4, 4, 1)


@pytest.mark.parametrize(
    ("palette", "grey"),
    [(None, True), ([7, 7, 7, 0, 0, 0], True), ([7, 7, 8], False), ([7, 7, 7, 1, 0, 0], False)],
)
def test_a_palette_of_grey_has_no_colour(monkeypatch, palette, grey):
    image = SimpleNamespace(
        mode="P", size=(3, 2), format="PNG", info={}, has_transparency_data=False,
        getpalette=lambda: palette,
    )  # fmt: skip
    monkeypatch.setattr(module, "opened", lambda file, name: nullcontext(image))
    assert read_head(io.BytesIO(), "x").grey == grey
