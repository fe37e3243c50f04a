import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.images import image_sets as module
from convergen.theory.data.images.sheets import Grid
from convergen.theory.data.reading import load_array, read
from convergen.theory.data.sets.digits import load_digits
from tests.theory.data.images.folders import save_images


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_grey_folder_round_trip(tmp_path, rng):
    images = rng.integers(0, 256, (5, 6, 4), dtype=np.uint8)
    loaded = load_array(save_images(tmp_path / "grey", images))
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, (images.reshape(5, -1) / np.float32(255)))


def test_colour_folder_round_trip(tmp_path, rng):
    images = rng.integers(0, 256, (5, 6, 4, 3), dtype=np.uint8)
    loaded = load_array(save_images(tmp_path / "colour", images))
    assert loaded.shape == (5, 72)
    np.testing.assert_array_equal(loaded, (images.reshape(5, -1) / np.float32(255)))


@pytest.mark.parametrize(
    "suffix", ["jpg", "JPEG", "bmp", "tif", "tiff", "webp", "gif", "ppm", "pgm"]
)
def test_every_format_is_read(tmp_path, suffix):
    flat = np.full((8, 8) if suffix in {"gif", "pgm"} else (8, 8, 3), 200, dtype=np.uint8)
    loaded = load_array(save_images(tmp_path / "flat", [flat, flat], suffix))
    assert loaded.shape == (2, flat.size)
    np.testing.assert_allclose(loaded, 200 / 255, atol=2 / 255)


def test_files_come_in_the_order_of_their_names(tmp_path):
    for name, value in [("b.png", 20), ("c.bmp", 30), ("a.PNG", 10)]:
        Image.fromarray(np.full((2, 2), value, dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("not an image")
    (tmp_path / "._a.png").write_text("a hidden companion file, not an image")
    np.testing.assert_allclose(load_array(tmp_path)[:, 0] * 255, [10, 20, 30], rtol=1e-6)


def test_one_colour_image_makes_the_folder_colour(tmp_path, rng):
    grey = rng.integers(0, 256, (4, 4), dtype=np.uint8)
    colour = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    loaded = load_array(save_images(tmp_path / "mixed", [grey, colour])) * 255
    expected = [np.repeat(grey[..., None], 3, axis=2).ravel(), colour.ravel()]
    np.testing.assert_allclose(loaded, expected, atol=1e-4)


def test_grey_turns_colour_into_luma(tmp_path, rng):
    colour = rng.integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)
    loaded = load_array(save_images(tmp_path / "colour", colour), grey=True)
    luma = colour.reshape(3, -1, 3) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(loaded * 255, luma, atol=0.51)


def test_resize_crops_the_centre_first(tmp_path):
    wide = np.zeros((4, 10), dtype=np.uint8)
    wide[:, 3:7] = 255
    tall = np.zeros((14, 6), dtype=np.uint8)
    tall[4:10] = 255
    folder = save_images(tmp_path / "shapes", [wide, tall])
    for size in (2, 4, 9):
        loaded = load_array(folder, size=size)
        assert loaded.shape == (2, size * size)
        np.testing.assert_array_equal(loaded, 1.0)


def test_resize_to_the_own_size_changes_nothing(tmp_path, rng):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (3, 6, 6, 3), dtype=np.uint8))
    np.testing.assert_array_equal(load_array(folder, size=6), load_array(folder))


def test_resize_keeps_a_smooth_gradient(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 64), (64, 1)).astype(np.uint8)
    folder = save_images(tmp_path / "ramp", [np.stack([ramp, ramp.T, 255 - ramp], axis=-1)])
    small = load_array(folder, size=8).reshape(8, 8, 3)
    middle = (np.arange(8) * 8 + 3.5) / 63
    np.testing.assert_allclose(small[3, 1:-1, 0], middle[1:-1], atol=0.01)
    np.testing.assert_allclose(small[1:-1, 3, 1], middle[1:-1], atol=0.01)
    np.testing.assert_allclose(small[3, 1:-1, 2], 1 - middle[1:-1], atol=0.01)
    assert load_array(folder, size=8, grey=True).shape == (1, 64)


def test_all_grey_kinds_stay_one_channel(tmp_path, rng):
    grey = Image.fromarray(rng.integers(0, 256, (4, 4), dtype=np.uint8))
    grey.convert("LA").save(tmp_path / "a.png")
    grey.convert("1").save(tmp_path / "b.png")
    loaded = load_array(tmp_path)
    assert loaded.shape == (2, 16)
    np.testing.assert_allclose(loaded[0] * 255, np.asarray(grey).ravel(), rtol=1e-6)


def test_images_of_different_shape_are_refused(tmp_path, rng):
    images = [rng.integers(0, 256, s, dtype=np.uint8) for s in [(4, 5), (4, 5), (5, 4)]]
    folder = save_images(tmp_path / "odd", images)
    with pytest.raises(
        InputError,
        match=r"002.png has 4 × 5 pixels, but 000.png has 5 × 4 .of 3 images: 2 of 5 × 4, 1 of "
        r"4 × 5.: give size to bring",
    ):
        load_array(folder)


def test_a_file_that_is_no_image_is_named(tmp_path, rng):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (2, 4, 4), dtype=np.uint8))
    (folder / "001a.png").write_text("hello")
    with pytest.raises(InputError, match=r"001a.png cannot be read as an image .*: replace"):
        load_array(folder)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "gif", "pgm"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.7])
def test_damaged_images_are_named(tmp_path, rng, suffix, share):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (1, 40, 40), dtype=np.uint8), suffix)
    file = folder / f"000.{suffix}"
    raw = file.read_bytes()
    file.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(InputError, match=rf"000.{suffix} cannot be read as an image"):
        load_array(folder)


@pytest.mark.parametrize("side", [9500, 90000])
def test_images_too_large_to_be_true_are_refused_unread(tmp_path, side):
    (tmp_path / "huge.pgm").write_bytes(b"P5 %d %d 255\n" % (side, side))
    with pytest.raises(InputError, match=r"huge.pgm declares more than the \d+ pixels that Pillow"):
        load_array(tmp_path)


def test_too_many_images_are_refused_undecoded(tmp_path, monkeypatch):
    # 9000 × 9000 pixels each: two of them exceed a limit of one.
    for name in "ab":
        (tmp_path / f"{name}.pgm").write_bytes(b"P5 9000 9000 255\n" + bytes(9000**2 // 500))
    monkeypatch.setattr(module, "_LARGEST", 4 * 9000**2)
    monkeypatch.setattr(module, "read_pixels", lambda *_: pytest.fail("decoded"))
    with pytest.raises(
        InputError,
        match=r"2 images of 9000 x 9000 x 1 values decode to 648 MB, but at most 324 MB",
    ):
        load_array(tmp_path)


def test_images_beyond_memory_go_to_a_file_without_a_name(tmp_path, rng, monkeypatch):
    images = rng.integers(0, 256, (5, 6, 4, 3), dtype=np.uint8)
    folder = save_images(tmp_path / "colour", images)
    small = load_array(folder)
    assert not isinstance(small, np.memmap)
    monkeypatch.setattr(module, "_HELD", 100)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "colour"))
    large = load_array(folder)
    assert isinstance(large, np.memmap)
    np.testing.assert_array_equal(large, small)
    assert len(list(folder.iterdir())) == 5
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"^1.44 kB of decoded images do not fit in .*: set T"):
        load_array(folder)


def test_pipes_among_images_are_refused_unopened(tmp_path, rng):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (2, 4, 4), dtype=np.uint8))
    os.mkfifo(folder / "pipe.png")
    with pytest.raises(InputError, match=r"pipe.png is a named pipe: give a regular file"):
        load_array(folder)


def test_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(InputError, match=r"holds no image \(png"):
        load_array(tmp_path)


@pytest.mark.parametrize("size", [0, -1, 1.5])
def test_size_must_be_positive(tmp_path, rng, size):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (2, 4, 4), dtype=np.uint8))
    with pytest.raises(InputError, match="size must be a whole number of at least 1"):
        load_array(folder, size=size)


def test_contact_sheets_are_refused_when_they_are_decoded(tmp_path):
    digits = load_digits().reshape(-1, 8, 8)
    for number in range(3):
        rows = digits[64 * number : 64 * (number + 1)].reshape(8, 8, 8, 8)
        sheet = rows.transpose(0, 2, 1, 3).reshape(64, 64) / 16 * 255
        Image.fromarray(sheet.astype(np.uint8)).save(tmp_path / f"{number}.png")
    found = read(tmp_path)
    with pytest.raises(InputError, match="looks like a contact sheet of"):
        found.rows()
    assert read(tmp_path, sheets="keep").rows().shape == (3, 1, 64, 64)
    assert read(tmp_path, size=32).rows().shape == (3, 1, 32, 32)


def test_several_damaged_images_are_counted_and_named(tmp_path, rng):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (3, 4, 4), dtype=np.uint8))
    (folder / "001.png").write_text("hello")
    with pytest.raises(InputError, match=r"001.png cannot be read as an image"):
        read(folder)
    (folder / "002.png").write_text("hello")
    words = r"^2 images \(001.png, 002.png\) of 3 cannot be read \(.*remove it\): replace"
    with pytest.raises(InputError, match=words):  # one sentence with one full stop
        read(folder)


def sizes_in(folder, *sizes):
    """Images of so many sizes, the first of them most often."""
    folder.mkdir()
    for number, (height, width) in enumerate([sizes[0], *sizes]):
        picture = np.full((height, width), 10 * number, np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")
    return folder


def test_three_sizes_are_shown_and_no_more(tmp_path):
    three = sizes_in(tmp_path / "three", (4, 4), (4, 5), (5, 4))
    with pytest.raises(InputError, match=r"2 of 4 × 4, 1 of 5 × 4, 1 of 4 × 5\): give"):
        read(three)
    four = sizes_in(tmp_path / "four", (4, 4), (4, 5), (5, 4), (5, 5))
    with pytest.raises(InputError, match=r"2 of 4 × 4, 1 of 5 × 4, 1 of 4 × 5, …\): give"):
        read(four)


def test_an_odd_large_image_may_be_a_sheet(tmp_path):
    """From four times the pixels on; smaller ones are not looked at."""
    digits = (load_digits().reshape(-1, 8, 8) / 16 * 255).astype(np.uint8)
    folder = save_images(tmp_path / "a", digits[:4])
    sheet = digits[10:74].reshape(8, 8, 8, 8).transpose(0, 2, 1, 3).reshape(64, 64)
    Image.fromarray(sheet).save(folder / "sheet.png")
    with pytest.raises(InputError, match=r"and sheet.png looks like a contact sheet of"):
        read(folder)
    Image.fromarray(sheet[:8, :24]).save(folder / "sheet.png")
    with pytest.raises(InputError) as caught:
        read(folder)
    assert "looks like" not in str(caught.value)


def test_images_that_are_no_squares_are_counted_where_they_are_cropped(tmp_path):
    folder = sizes_in(tmp_path / "a", (4, 4), (4, 6), (7, 4))
    notes = read(folder, size=4).record.notes
    assert notes == ("2 of 4 images are no squares and were cropped to the centre",)
    square = sizes_in(tmp_path / "b", (4, 4), (6, 6))
    assert read(square, size=4).record.notes == ()
    wide = sizes_in(tmp_path / "c", (4, 6))
    assert read(wide).record.notes == ()


def test_where_decoded_images_are_kept_is_said(tmp_path, rng, monkeypatch):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (5, 6, 4), dtype=np.uint8))
    # Five images of 24 numbers of four bytes.
    for held, kept in ((480, False), (479, True)):
        monkeypatch.setattr(module, "_HELD", held)
        said = read(folder).record.kept
        assert said.startswith("its images decode to 480 bytes, more than the 479 bytes") == kept
        assert bool(said) == kept


def test_half_a_gigabyte_is_held_and_69_are_decoded():
    assert module._room((1, 2**27)) == module._room((1, 2**34 + 1)) == ""
    assert module._room((2, 2**26 + 1)) == (
        "its images decode to 537 MB, more than the 537 MB that are held in memory: they are kept "
        f"in a file without a name in {tempfile.gettempdir()} (TMPDIR), which is gone as soon as "
        "the command ends, however it ends"
    )
    assert module._room((1, 2**34)).startswith("its images decode to 68.7 GB, more")
    with pytest.raises(InputError) as caught:
        module.decoded(iter([]), (2, 2**33 + 1))
    assert str(caught.value) == (
        "2 images of 8589934593 values decode to 68.7 GB, but at most 68.7 GB are decoded: give a "
        "smaller size, or fewer images."
    )


def test_images_of_exactly_what_is_held_are_held(monkeypatch):
    rows = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for held, mapped in ((96, False), (95, True)):
        monkeypatch.setattr(module, "_HELD", held)
        found = module.decoded(iter(rows), rows.shape)
        assert isinstance(found, np.memmap) == mapped
        np.testing.assert_array_equal(found, rows)
    monkeypatch.setattr(module, "_LARGEST", 96)
    assert module.decoded(iter(rows), rows.shape).shape == (2, 3, 4)


def test_each_image_is_counted_when_it_is_looked_at_and_decoded(tmp_path, rng, monkeypatch):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (3, 4, 4), dtype=np.uint8))
    counted = []

    @contextmanager
    def phase(*said):
        counted.append(said)
        yield counted.append

    monkeypatch.setattr(module, "phase", phase)
    found = read(folder)
    assert counted == [("looking at images", 3, "image"), 1, 1, 1]
    for held in (2**29, 0):
        counted.clear()
        monkeypatch.setattr(module, "_HELD", held)
        found.rows()
        assert counted == [("reading images", 3, "image"), 1, 1, 1]


def test_images_of_another_size_than_their_header_says_are_refused(tmp_path, rng):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (2, 4, 5), dtype=np.uint8))
    found = read(folder).found
    for shape in ((5, 4, 1), (4, 4, 1), (4, 6, 1)):
        with pytest.raises(InputError, match=r"000.png has another size than its header says"):
            list(replace(found, shape=shape).each())
    assert len(list(found.each())) == 2


@pytest.mark.parametrize(("height", "looked_at"), [(16, True), (15, False)])
def test_four_times_the_pixels_may_be_a_sheet(tmp_path, rng, monkeypatch, height, looked_at):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (3, 8, 8), dtype=np.uint8))
    Image.fromarray(np.zeros((height, 16), np.uint8)).save(folder / "x.png")
    seen = []
    monkeypatch.setattr(
        module, "find_grid", lambda picture: seen.append(picture.shape) or Grid(2, 2, (8, 8))
    )
    with pytest.raises(InputError) as caught:
        read(folder)
    words = ", and x.png looks like a contact sheet of 2 × 2 images of 8 × 8 pixels: give size"
    assert (words in str(caught.value)) == looked_at
    assert seen == ([(16, 16, 3)] if looked_at else [])


def test_what_was_done_to_some_images_is_said_of_one_or_two(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    for number, options in enumerate([{}, {"exif": exif}, {"exif": exif}]):
        Image.new("L", (4, 4), number).save(tmp_path / f"{number}.png", **options)
    Image.new("LA", (4, 4)).save(tmp_path / "3.png")
    assert read(tmp_path).record.notes == (
        "2 images (1.png, 2.png) were turned as EXIF says",
        "1 image (3.png) was laid on white where transparent",
    )


def test_one_colour_or_deep_image_is_enough_for_all(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "0.png")
    assert (read(tmp_path).size, read(tmp_path).record.dtype) == ((1, 1, 4, 4), "uint8")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "1.png")
    assert (read(tmp_path).size, read(tmp_path).record.dtype) == ((2, 1, 4, 4), "uint16")
    Image.new("RGB", (4, 4)).save(tmp_path / "2.png")
    assert read(tmp_path).size == (3, 3, 4, 4)
    assert read(tmp_path, grey=True).size == (3, 1, 4, 4)
    assert read(tmp_path).record.sizes == ((4, 4),)
