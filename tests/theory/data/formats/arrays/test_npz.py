"""Archives of arrays: which is meant, moments, sample files, and damage."""

import zipfile

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Moments
from convergen.theory.data.formats.arrays.npz import _fill, open_npz
from convergen.theory.data.reading import read

VALUES = np.arange(24.0).reshape(4, 6)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), np.uint8)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("values", [VALUES, np.asfortranarray(VALUES), VALUES.astype("<i2")])
def test_one_array_is_meant_or_named(tmp_path, save, values):
    save(tmp_path / "x.npz", a=values)
    found = open_npz(tmp_path / "x.npz")
    np.testing.assert_array_equal(found.values, values)
    assert found.values.dtype == values.dtype
    save(tmp_path / "x.npz", a=values, b=values[:2])
    np.testing.assert_array_equal(open_npz(tmp_path / "x.npz", "b").values, values[:2])
    with pytest.raises(InputError, match="holds a, b, but no key was given"):
        open_npz(tmp_path / "x.npz")


def test_moments_of_fid_tools_unless_an_array_is_asked_for(tmp_path):
    mean, covariance = np.arange(3, dtype=np.float32), np.eye(3, dtype=np.float32)
    np.savez(tmp_path / "x.npz", mu=mean, sigma=covariance, other=VALUES)
    found = open_npz(tmp_path / "x.npz")
    assert isinstance(found, Moments)
    np.testing.assert_array_equal(found.mean, mean)
    np.testing.assert_array_equal(found.covariance, covariance)
    assert found.mean.dtype == found.covariance.dtype == np.float64
    np.testing.assert_array_equal(open_npz(tmp_path / "x.npz", "other").values, VALUES)
    np.savez(tmp_path / "x.npz", mu=mean, other=VALUES)
    with pytest.raises(InputError, match="but no key was given"):
        open_npz(tmp_path / "x.npz")


def test_a_named_array_of_a_sample_file_has_no_classes(tmp_path, images):
    np.savez(tmp_path / "x.npz", images, np.arange(5, dtype=np.uint8))
    assert open_npz(tmp_path / "x.npz").labels == ("0", "1", "2", "3", "4")
    assert open_npz(tmp_path / "x.npz", "arr_0").labels is None
    np.savez(tmp_path / "x.npz", images, np.arange(5), VALUES)
    with pytest.raises(InputError, match="holds arr_0, arr_1, arr_2, but no key"):
        open_npz(tmp_path / "x.npz")


def test_damage_is_seen_in_the_numbers_and_at_the_end(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, VALUES)
    whole = path.read_bytes()
    raw = bytearray(whole)
    raw[raw.index(np.float64(5.0).tobytes())] ^= 1
    for damaged in (bytes(raw), whole[:40], b""):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot be read as a \.npz file of numbers"):
            open_npz(path)
    # A header that declares more than follows it.
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (4, 6)}
        )
        file.write(VALUES.tobytes()[:-8])
    with pytest.raises(InputError):
        open_npz(path)


@pytest.mark.parametrize(
    ("labels", "fit"),
    [
        (np.zeros(5), False), (np.int64(5), False), (np.arange(6), False),
        (np.zeros((5, 1), int), False), (np.arange(4), False), (np.arange(5), True),
    ],
)  # fmt: skip
def test_two_arrays_are_images_and_classes_only_if_they_fit(tmp_path, images, labels, fit):
    np.savez(tmp_path / "x.npz", images, labels)
    if fit:
        assert read(tmp_path / "x.npz").record.labels == ("0", "1", "2", "3", "4")
    else:
        with pytest.raises(InputError, match=r"holds arr_0, arr_1, but no key was given"):
            read(tmp_path / "x.npz")


def test_moments_alone_are_moments(tmp_path):
    np.savez(tmp_path / "x.npz", mu=np.ones(2), sigma=np.eye(2))
    assert isinstance(open_npz(tmp_path / "x.npz"), Moments)


def test_arrays_are_unpacked_in_pieces_to_the_end_of_the_member():
    asked = []

    class File:
        def read(self, size):
            asked.append(size)
            return bytes([len(asked)]) * size

    values = np.empty(2**24 + 5, np.uint8)
    _fill(values, File())
    assert asked == [2**24, 5, 1]
    assert (values[0], values[2**24 - 1], *values[2**24 :]) == (1, 1, 2, 2, 2, 2, 2)
