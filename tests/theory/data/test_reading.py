import pickle
import struct
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Array
from convergen.theory.data.reading import _fitting, load_array, read, read_array, refuse


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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


def test_missing_path_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone.npy cannot be opened \(No such file"):
        load_array(tmp_path / "gone.npy")


@pytest.mark.parametrize("name", ["data.xlsx", "data", "picture.png"])
def test_unknown_kinds_of_file_are_refused(tmp_path, name):
    (tmp_path / name).write_text("1,2\n")
    with pytest.raises(InputError, match=rf"{name} is neither a .h5, .* or .zip file nor a"):
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
    with pytest.raises(InputError, match=r"cannot be read as a .npz file .*Python objects"):
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
    with pytest.raises(
        InputError, match=f"{' and '.join(options)} appl.* only to folders and archives of images"
    ):
        load_array(path, **options)


def test_key_is_refused_where_it_means_nothing(tmp_path, rng):
    np.save(tmp_path / "data.npy", rng.standard_normal((5, 3)))
    for path in (tmp_path / "data.npy", tmp_path):
        with pytest.raises(InputError, match=r"key applies only to .*.npz, .* files, not to"):
            load_array(path, key="x")


def test_order_and_byte_order_survive_an_npz(tmp_path, rng):
    data = np.asfortranarray(rng.standard_normal((5, 3)).astype(">f4"))
    np.savez_compressed(tmp_path / "data.npz", data)
    loaded = read_array(tmp_path / "data.npz")
    assert loaded.flags.f_contiguous
    assert loaded.dtype == ">f4"
    np.testing.assert_array_equal(loaded, data)


def declared(path, member, size):
    """An archive whose directory says that a member unpacks to `size` bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, b"\x93NUMPY")
    raw = path.read_bytes()
    small = struct.pack("<I", 6)
    path.write_bytes(raw.replace(small + struct.pack("<HH", len(member), 0), struct.pack(
        "<I", size) + struct.pack("<HH", len(member), 0)))  # fmt: skip


def test_archives_that_declare_gigabytes_are_refused_unread(tmp_path):
    path = tmp_path / "bomb.npz"
    declared(path, "images.npy", 2**32 - 2)
    with pytest.raises(InputError, match=r"declares 4.29 GB for images, but at most 2.15 GB"):
        monkeypatched_limit(path)
    # A small member whose header asks for more than the member holds.
    header = np.lib.format.magic(1, 0) + struct.pack("<H", 118)
    words = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000, 30), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", header + words.ljust(117) + b"\n" + bytes(100))
    with pytest.raises(InputError, match=r"declares shape \(100000000000, 30\), 24000000000000 by"):
        read_array(path)


def monkeypatched_limit(path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convergen.theory.data.choosing.LARGEST", 2**31)
        patch.setattr("zipfile.ZipFile.open", lambda *_, **__: pytest.fail("read"))
        read_array(path)


def test_members_of_exactly_the_limit_are_read_in_pieces(tmp_path, monkeypatch):
    data = np.arange(2**22 + 5, dtype=np.float64)  # more than one piece
    np.savez(tmp_path / "x.npz", data)
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        size = archive.infolist()[0].file_size
    monkeypatch.setattr("convergen.theory.data.choosing.LARGEST", size)
    np.testing.assert_array_equal(read_array(tmp_path / "x.npz"), data)
    monkeypatch.setattr("convergen.theory.data.choosing.LARGEST", size - 1)
    with pytest.raises(InputError, match="are unpacked into memory"):
        read_array(tmp_path / "x.npz")


def test_members_that_are_no_arrays_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "raw.npz", "w") as archive:
        archive.writestr("notes.txt", b"hello, this is a text")
    with pytest.raises(InputError, match=r"cannot be read as a .npz file of numbers"):
        read_array(tmp_path / "raw.npz")


def test_a_long_list_of_members_is_shortened(tmp_path):
    np.savez(tmp_path / "many.npz", **{f"m{k}": np.ones(2) for k in range(30)})
    with pytest.raises(InputError, match=r"m0, m1, .* and 22 more, but no key was given"):
        read_array(tmp_path / "many.npz")


def test_images_are_read_one_at_a_time_and_arrays_in_blocks(tmp_path, rng, monkeypatch):
    pixels = rng.integers(0, 256, (3, 5, 4, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    found = list(read(tmp_path).blocks())
    assert [block.shape for block in found] == [(1, 3, 5, 4)] * 3
    np.testing.assert_array_equal(np.concatenate(found), read(tmp_path).rows())
    rows = rng.standard_normal((7, 2))
    np.save(tmp_path / "x.npy", rows)
    monkeypatch.setattr("convergen.theory.common.row_blocks._BLOCK_BYTES", 8 * 2 * 3)
    found = list(read(tmp_path / "x.npy").blocks())
    assert len(found) > 1
    np.testing.assert_array_equal(np.concatenate(found), rows)


def test_what_holds_no_array_is_refused_as_one(tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "x.png")
    with pytest.raises(InputError, match=r"holds no array of numbers: give a \.npy file"):
        read_array(tmp_path)
    np.savez(tmp_path / "fid.npz", mu=np.zeros(2), sigma=np.eye(2))
    with pytest.raises(InputError, match=r"fid.npz holds a mean and a covariance .*, not points"):
        read(tmp_path / "fid.npz")


def test_labels_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(InputError, match="x holds 3 points, but 2 labels: make it again"):
        _fitting(Array(np.zeros((3, 2)), ("a", "b")), "x")
    with pytest.raises(InputError, match="x holds 1 points, but 2 labels: make it again"):
        _fitting(Array(np.zeros((1, 2)), ("a", "b")), "x")
    assert _fitting(Array(np.zeros((2, 2)), ("a", "b")), "x") == ("a", "b")
    assert _fitting(Array(np.zeros((2, 2))), "x") is None


def test_one_option_or_two_that_do_not_apply_are_refused():
    refuse("x", "images", size=None, grey=None)
    with pytest.raises(InputError, match=r"^size applies only to images, not to x: leave it out"):
        refuse("x", "images", size=8, grey=None)
    words = r"^size and grey apply only to images, not to x: leave them out"
    with pytest.raises(InputError, match=words):
        refuse("x", "images", size=8, grey=True)


def test_images_in_arrays_are_brought_to_a_size_or_turned_grey(tmp_path, rng):
    cropped = ("4 images are no squares and were cropped to the centre",)
    for point, options, size, notes in (
        ((3, 5, 7), {"size": 3}, (3, 3, 3), cropped), ((3, 7, 5), {"size": 3}, (3, 3, 3), cropped),
        ((3, 5, 5), {"size": 3}, (3, 3, 3), ()), ((3, 5, 7), {"grey": True}, (1, 5, 7), ()),
        ((3, 5, 7), {}, (3, 5, 7), ()),
    ):  # fmt: skip
        np.save(tmp_path / "x.npy", rng.standard_normal((4, *point)))
        found = read(tmp_path / "x.npy", **options)
        assert (found.size, found.rows().shape) == ((4, *size), (4, *size))
        assert found.record.notes == notes


def test_images_are_loaded_as_rows_and_counted(tmp_path, rng, monkeypatch):
    pixels = rng.integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    np.testing.assert_allclose(load_array(tmp_path) * 255.0, pixels.reshape(2, 60), atol=1e-4)
    counted = []

    @contextmanager
    def phase(*said):
        counted.append(said)
        yield counted.append

    monkeypatch.setattr("convergen.theory.data.reading.phase", phase)
    assert len(list(read(tmp_path).blocks())) == 2
    assert counted == [("reading images", 2, "image"), 1, 1]
