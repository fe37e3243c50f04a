import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data import array_files as sources
from convergen.theory.data.array_files import load_array, load_digits


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def save_images(folder, arrays, suffix="png"):
    folder.mkdir(exist_ok=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:03d}.{suffix}")
    return folder


def test_digits_equal_scikit_learn():
    from sklearn import datasets

    digits = load_digits()
    assert digits.dtype == np.float64
    assert digits.flags.c_contiguous
    np.testing.assert_array_equal(digits, datasets.load_digits().data)


def test_digits_do_not_import_scikit_learn():
    code = (
        "import sys; from convergen.theory.data.array_files import load_digits; load_digits(); "
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'PIL', 'tqdm')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_digits_fall_back_to_scikit_learn(monkeypatch, tmp_path):
    class Moved:
        origin = str(tmp_path / "__init__.py")

    direct = load_digits()
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: Moved)
    monkeypatch.setattr(
        sources.np, "loadtxt", lambda *args, **kwargs: pytest.fail("file does not exist")
    )
    monkeypatch.setattr(
        "sklearn.datasets.load_digits", lambda: type("Bunch", (), {"data": direct[:3]})
    )
    np.testing.assert_array_equal(load_digits(), direct[:3])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool", ">f8"])
def test_npy_is_a_read_only_memory_map(tmp_path, rng, dtype, order):
    data = np.asarray(rng.integers(0, 2, (6, 4, 3)).astype(dtype), order=order)
    np.save(tmp_path / "data.npy", data)
    loaded = load_array(str(tmp_path / "data.npy"))
    assert isinstance(loaded, np.memmap)
    assert not loaded.flags.writeable
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded, data)


def test_npz_with_one_array_needs_no_key(tmp_path, rng):
    data = rng.standard_normal((5, 3))
    np.savez(tmp_path / "one.npz", images=data)
    np.testing.assert_array_equal(load_array(tmp_path / "one.npz"), data)
    np.testing.assert_array_equal(load_array(tmp_path / "one.npz", key="images"), data)


def test_npz_with_several_arrays_needs_a_key(tmp_path, rng):
    data = rng.standard_normal((5, 3))
    path = tmp_path / "two.npz"
    np.savez_compressed(path, train=data, test=data + 1)
    np.testing.assert_array_equal(load_array(path, key="test"), data + 1)
    with pytest.raises(InputError, match=r"holds train, test, but no key was given: give one"):
        load_array(path)
    with pytest.raises(InputError, match=r"holds train, test, but no array 'valid': give one"):
        load_array(path, key="valid")


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
    np.testing.assert_array_equal(loaded[0], np.asarray(colour) / 255)
    np.testing.assert_array_equal(loaded[1], np.asarray(colour) / 255)
    np.testing.assert_array_equal(loaded[2, ..., 1], np.asarray(bilevel))


def test_all_grey_kinds_stay_one_channel(tmp_path, rng):
    grey = Image.fromarray(rng.integers(0, 256, (4, 4), dtype=np.uint8))
    grey.convert("LA").save(tmp_path / "a.png")
    grey.convert("1").save(tmp_path / "b.png")
    loaded = load_array(tmp_path)
    assert loaded.shape == (2, 16)
    np.testing.assert_allclose(loaded[0] * 255, np.asarray(grey).ravel(), rtol=1e-6)


def test_grey_palettes_stay_one_channel(tmp_path, rng):
    grey = Image.fromarray(rng.choice([7, 90, 200], (4, 4)).astype(np.uint8))
    grey.quantize(3).save(tmp_path / "a.png")
    grey.save(tmp_path / "b.gif")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
    loaded = load_array(tmp_path)
    assert loaded.shape == (2, 16)
    np.testing.assert_allclose(loaded * 255, [np.asarray(grey).ravel()] * 2, rtol=1e-6)


def test_images_of_different_shape_are_refused(tmp_path, rng):
    images = [rng.integers(0, 256, s, dtype=np.uint8) for s in [(4, 5), (4, 5), (5, 4)]]
    folder = save_images(tmp_path / "odd", images)
    with pytest.raises(
        InputError, match=r"002.png has 4 × 5 pixels, but 000.png has 5 × 4: give size="
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


def test_images_too_large_to_be_true_are_named(tmp_path):
    (tmp_path / "huge.pgm").write_bytes(b"P5 90000 90000 255\n")
    with pytest.raises(InputError, match=r"huge.pgm cannot be read as an image .*exceeds limit"):
        load_array(tmp_path)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_images_without_a_white_level_are_refused(tmp_path, dtype):
    Image.fromarray(np.ones((4, 4), dtype=dtype)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a.tif has 32-bit pixels, .* save the data as .npy"):
        load_array(tmp_path)


def test_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(InputError, match=r"holds no image \(png"):
        load_array(tmp_path)


def test_missing_path_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone.npy cannot be opened \(No such file"):
        load_array(tmp_path / "gone.npy")


@pytest.mark.parametrize("name", ["data.csv", "data", "picture.png"])
def test_unknown_kinds_of_file_are_refused(tmp_path, name):
    (tmp_path / name).write_text("1,2\n")
    with pytest.raises(InputError, match=rf"{name} is neither a .npy or .npz file nor a folder"):
        load_array(tmp_path / name)


@pytest.mark.parametrize("name", ["data.npy", "data.npz"])
@pytest.mark.parametrize("kept", [0, 5, 30, -8])
def test_truncated_array_files_are_refused(tmp_path, rng, name, kept):
    path = tmp_path / name
    (np.save if name == "data.npy" else np.savez)(path, rng.standard_normal((5, 3)))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=rf"{name} cannot be read as a .{name[-3:]} file of num"):
        load_array(path)


@pytest.mark.parametrize("name", ["data.npy", "data.npz"])
def test_array_files_that_hold_something_else_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps([1, 2, 3]))
    with pytest.raises(InputError, match="cannot be read as") as caught:
        load_array(path)
    assert "pickle" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_npz_content_is_refused(tmp_path, rng):
    path = tmp_path / "data.npz"
    np.savez(path, rng.standard_normal((50, 3)))
    raw = bytearray(path.read_bytes())
    raw[600] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"cannot be read as a .npz file .*CRC"):
        load_array(path)


def test_damaged_npy_header_is_refused(tmp_path, rng):
    path = tmp_path / "data.npy"
    np.save(path, rng.standard_normal((5, 3)))
    path.write_bytes(path.read_bytes().replace(b"(5, 3)", b"(5, 3 "))
    with pytest.raises(InputError, match=r"cannot be read as a .npy file"):
        load_array(path)


def test_npz_without_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "data.npz")
    with pytest.raises(InputError, match="holds no array"):
        load_array(tmp_path / "data.npz")


def test_object_arrays_are_refused_and_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    trapped = np.array([Trap(), 1], dtype=object)
    np.save(tmp_path / "data.npy", trapped, allow_pickle=True)
    np.savez(tmp_path / "data.npz", trapped)
    with pytest.raises(InputError, match=r"cannot be read as a .npy file .*Python objects"):
        load_array(tmp_path / "data.npy")
    with pytest.raises(InputError, match=r"cannot be read as a .npz file .*Object arrays"):
        load_array(tmp_path / "data.npz")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((3, 2), dtype=complex), "dtype complex128, but real numbers are needed"),
        (np.array([["a"], ["b"]]), "dtype <U1, but"),
        (np.ones((0, 4)), r"array of shape \(0, 4\): give one with data"),
    ],
)
def test_arrays_without_numbers_are_refused(tmp_path, suffix, data, message):
    path = tmp_path / f"data.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, data)
    with pytest.raises(InputError, match=message):
        load_array(path)


@pytest.mark.parametrize("options", [{"size": 8}, {"grey": True}, {"size": 8, "grey": True}])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_image_options_are_refused_for_array_files(tmp_path, rng, options, suffix):
    path = tmp_path / f"data.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, rng.standard_normal((5, 3)))
    with pytest.raises(InputError, match="size and grey apply only to folders of images"):
        load_array(path, **options)


def test_key_is_refused_where_it_means_nothing(tmp_path, rng):
    np.save(tmp_path / "data.npy", rng.standard_normal((5, 3)))
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (2, 4, 4), dtype=np.uint8))
    for path in (tmp_path / "data.npy", folder):
        with pytest.raises(InputError, match=r"key applies only to .npz files"):
            load_array(path, key="x")


@pytest.mark.parametrize("size", [0, -1, 1.5])
def test_size_must_be_positive(tmp_path, rng, size):
    folder = save_images(tmp_path / "a", rng.integers(0, 256, (2, 4, 4), dtype=np.uint8))
    with pytest.raises(InputError, match="size must be a whole number of at least 1"):
        load_array(folder, size=size)
