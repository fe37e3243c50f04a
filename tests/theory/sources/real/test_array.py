import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.images.layout import oriented
from convergen.theory.sources.real.array import _opens
from convergen.theory.sources.table import find, load_source
from tests.options import ranges


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("stored", "point"),
    [
        ((7, 5), (5,)),
        ((7, 4, 5), (1, 4, 5)),
        ((7, 3, 4, 5), (3, 4, 5)),
        ((7, 1, 8, 8), (1, 8, 8)),
        ((7, 5, 6, 3), (3, 5, 6)),
    ],
)
def test_shapes(tmp_path, rng, stored, point):
    raw = rng.random(stored)
    np.save(tmp_path / "x.npy", raw)
    source = load_source("array", path=tmp_path / "x.npy")
    assert source.name == "x"
    assert source.spectrum.source == "x.npy"
    assert source.points.shape == point
    assert source.size == (7, *point)
    assert source.files == (tmp_path / "x.npy",)
    expected = raw.transpose(0, 3, 1, 2) if stored[1:] == (5, 6, 3) else raw
    np.testing.assert_array_equal(source.points.flat(), expected.reshape(7, -1))
    assert np.shares_memory(source.data, source.points.rows)


def test_explicit_shape_and_key(tmp_path, rng):
    raw = rng.random((6, 12))
    np.savez(tmp_path / "x.npz", train=raw, test=raw[:2])
    points = load_source(
        "array", path=tmp_path / "x.npz", key="train", shape=[3, 2, 2], layout="first"
    ).points
    assert points.shape == (3, 2, 2)
    np.testing.assert_array_equal(points.flat(), raw)


@pytest.mark.parametrize(
    ("stored", "shape", "words"),
    [
        ((9,), None, "one point a row"),
        ((9, 5, 6, 7), None, "neither vectors nor images .* give the shape of one point"),
        ((9, 2, 2, 2, 2), None, "neither vectors nor images .* give the shape of one point"),
        ((9, 12), [3, 4], "does not fit"),
        ((9, 12), [1, 3, 3], "does not fit"),
        ((9, 12), [0], "does not fit"),
    ],
)
def test_bad_shapes(stored, shape, words):
    with pytest.raises(InputError, match=words):
        oriented(np.zeros(stored), "x.npy", shape and tuple(shape))


def test_bad_paths(tmp_path, rng):
    with pytest.raises(InputError, match="use the kind 'images'"):
        load_source("array", path=tmp_path)
    with pytest.raises(InputError, match="cannot be opened"):
        load_source("array", path=tmp_path / "gone.npy")
    np.save(tmp_path / "x.npy", rng.random((4, 2)))
    with pytest.raises(InputError, match=r"key applies only to .*.npz, .* files: leave it out"):
        load_source("array", path=tmp_path / "x.npy", key="train")
    with pytest.raises(InputError, match="shape must be whole numbers, at least 1, not \\[0\\]"):
        load_source("array", path=tmp_path / "x.npy", shape=[0])


def test_files_of_arrays_are_opened_but_no_folders_nor_archives_of_images(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    found = {name: _opens(tmp_path / name) for name in ("x.npy", "x.pt", "x.zip", "folder.npy")}
    assert found == {"x.npy": True, "x.pt": True, "x.zip": False, "folder.npy": False}


def test_what_is_taken_and_usual(tmp_path, rng):
    row = find("array")
    assert ranges(row.options) == {
        "shape": (None, 1, None, None), "size": (None, 1, None, 2**14),
        "grey": (False, None, None, None),
    }  # fmt: skip
    options = {option.name: option for option in row.options}
    assert [name for name, option in options.items() if option.drawing] == ["shape"]
    assert [name for name, option in options.items() if option.required] == ["path"]
    assert {".npz", ".h5"} <= set(options["key"].ending)
    assert ".npy" not in options["key"].ending
    assert ".npy, " in row.description
    assert ".zip" not in row.description
    assert not row.known
    raw = rng.random((4, 3, 6, 6))
    np.save(tmp_path / "x.npy", raw)
    assert load_source("array", path=tmp_path / "x.npy", size=3, grey=True).size == (4, 1, 3, 3)
