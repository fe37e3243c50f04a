"""HDF5 files: which data set is meant, how it is read, and its classes."""

import h5py
import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.reading import read

VALUES = np.arange(24.0).reshape(4, 6)


def write(path, **data):
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            file[name.replace("__", "/")] = values
    return path


def test_the_only_data_set_of_two_dimensions_is_meant(tmp_path):
    path = write(tmp_path / "x.h5", deep__x=VALUES, mean=VALUES[0], words=np.array([[b"a"]]))
    np.testing.assert_array_equal(read(path).rows(), VALUES)
    path = write(tmp_path / "x.h5", a=VALUES, b=VALUES + 1.0, flat=VALUES[0])
    with pytest.raises(InputError, match="holds a, b, but no key was given"):
        read(path)
    for key in ("b", "/b", "b/"):
        np.testing.assert_array_equal(read(path, key=key).rows(), VALUES + 1.0)
    with pytest.raises(InputError, match="but no data set 'flat'"):
        read(path, key="flat")


@pytest.mark.parametrize("kind", ["?", "<u2", "<i4", "<f4"])
def test_numbers_of_every_kind_are_read(tmp_path, kind):
    values = (VALUES % 2).astype(kind)
    np.testing.assert_array_equal(read(write(tmp_path / "x.h5", x=values)).rows(), values)


def test_chunks_are_unpacked(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=VALUES, chunks=(3, 4), compression="gzip")
    found = read(tmp_path / "x.h5").rows()
    np.testing.assert_array_equal(found, VALUES)
    assert not isinstance(found, np.memmap)


def test_virtual_data_sets_are_refused(tmp_path):
    layout = h5py.VirtualLayout((4, 6), "<f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4, 6))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    with pytest.raises(InputError, match=r"x of .* keeps its numbers in other files"):
        read(tmp_path / "x.h5")


def test_empty_data_sets_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"x.h5 holds an array of shape \(0, 3\): give one with"):
        read(write(tmp_path / "x.h5", x=np.zeros((0, 3))))


@pytest.mark.parametrize(
    ("beside", "labels"),
    [
        ({"label": [3, 1, 2, 3]}, ("3", "1", "2", "3")), ({"labels": [1] * 4}, ("1",) * 4),
        ({"y": [0, 1, 2, 3]}, ("0", "1", "2", "3")), ({"label": [1, 2]}, None),
        ({"label": [0.0] * 4}, None), ({"label": [[1]] * 4}, None),
        ({"label": [1, 2], "y": [5] * 4}, ("5",) * 4),
    ],
)  # fmt: skip
def test_classes_lie_beside_the_points(tmp_path, beside, labels):
    data = {name: np.array(values) for name, values in beside.items()}
    assert read(write(tmp_path / "x.h5", x=VALUES, **data), key="x").record.labels == labels
    deep = {f"train__{name}": values for name, values in data.items()}
    path = write(tmp_path / "x.h5", train__x=VALUES, label=np.arange(4) + 9, **deep)
    assert read(path, key="train/x").record.labels == labels


def test_data_sets_in_one_piece_are_mapped_and_their_classes_lie_beside_them(tmp_path):
    values = np.arange(12.0).reshape(4, 3)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = values
        file["y"] = np.array([3, 1, 2, 3])
        file["label"] = np.zeros(3, int)  # for something else
    found = read(tmp_path / "x.h5")
    assert isinstance(found.rows(), np.memmap)
    np.testing.assert_array_equal(found.rows(), values)
    assert found.record.labels == ("3", "1", "2", "3")


def test_neither_data_nor_chunks_may_expand_without_bound(tmp_path):
    """A data set that may grow can declare chunks that are larger than itself."""
    for shape, chunks in (((10**6, 10**6), (1000, 1000)), ((2, 2), (2**15, 2**15))):
        with h5py.File(tmp_path / "x.h5", "w") as file:
            file.create_dataset("x", shape, "u1", maxshape=(None, None), chunks=chunks)
        with pytest.raises(InputError, match=r"declares .*B for x, but"):
            read(tmp_path / "x.h5")


def test_data_that_lie_in_the_head_of_the_file_are_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple(VALUES.shape)
        made = h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_DOUBLE, space, compact)
        made.write(space, space, VALUES)
    np.testing.assert_array_equal(read(tmp_path / "x.h5").rows(), VALUES)


def test_data_and_chunks_are_held_against_what_is_stored(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "convergen.theory.data.formats.arrays.hdf5.check_expansion",
        lambda declared, stored, name, what: asked.append((declared, stored, what)),
    )
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", data=VALUES, chunks=(3, 4)).id.get_storage_size()
    read(tmp_path / "x.h5")
    assert asked == [(4 * 6 * 8, stored, "x"), (3 * 4 * 8, stored, "x")]
