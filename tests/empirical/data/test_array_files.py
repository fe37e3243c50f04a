import numpy as np
import pytest

from convergen.empirical.data import array_files as arrays
from convergen.empirical.data.array_files import oriented
from convergen.empirical.data.kinds import load_data
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError


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
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_shapes(tmp_path, rng, stored, point, dtype):
    raw = (100 * rng.random(stored)).astype(dtype)
    np.save(tmp_path / "x.npy", raw)
    data = load_data("array", path=str(tmp_path / "x.npy"))
    assert data.shape == point
    assert data.name == "x"
    back = data.points * data.scale + data.mean
    if stored[1:] == (5, 6, 3):
        back = back.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(back.reshape(stored), raw, atol=1e-4)


def test_explicit_shape(tmp_path, rng):
    raw = rng.random((6, 12))
    np.savez(tmp_path / "x.npz", train=raw, test=raw[:2])
    data = load_data("array", path=str(tmp_path / "x.npz"), key="train", shape=[3, 2, 2])
    expected = standardised(raw.reshape(6, 3, 2, 2), (3, 2, 2), name="x")
    np.testing.assert_array_equal(data.points, expected.points)


@pytest.mark.parametrize(
    ("stored", "shape", "words"),
    [
        ((9,), None, "one point a row"),
        ((9, 5, 6, 7), None, "neither vectors nor images"),
        ((9, 2, 2, 2, 2), None, "neither vectors nor images"),
        ((9, 12), [3, 4], "does not fit"),
        ((9, 12), [1, 3, 3], "does not fit"),
        ((9, 12), [0], "shape must be"),
    ],
)
def test_bad_shapes(stored, shape, words):
    with pytest.raises(InputError, match=words):
        oriented(np.zeros(stored), "x.npy", shape)


def test_bad_files(tmp_path, rng):
    with pytest.raises(InputError, match="use the kind 'images'"):
        load_data("array", path=str(tmp_path))
    with pytest.raises(InputError, match="cannot be opened"):
        load_data("array", path=str(tmp_path / "gone.npy"))
    np.save(tmp_path / "x.npy", np.array([[1.0, np.nan], [1.0, 2.0]]))
    with pytest.raises(InputError, match="holds NaN"):
        load_data("array", path=str(tmp_path / "x.npy"))
    np.save(tmp_path / "o.npy", np.array([{}, {}]), allow_pickle=True)
    with pytest.raises(InputError, match=r"cannot be read as a .npy file of numbers"):
        load_data("array", path=str(tmp_path / "o.npy"))


def test_large_arrays_stay_on_disk(tmp_path, rng, monkeypatch):
    raw = rng.random((30, 5, 6, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", raw)
    path = str(tmp_path / "x.npy")
    small = load_data("array", path=path)
    monkeypatch.setattr(arrays, "_IN_MEMORY", 1000)
    large = load_data("array", path=path)
    assert isinstance(large.points, np.memmap)
    assert large.fingerprint == small.fingerprint
    assert (tmp_path / ".convergen-cache").is_dir()
    (tmp_path / "other").mkdir()
    load_data("array", path=path, cache=str(tmp_path / "other"))
    assert len(list((tmp_path / "other").iterdir())) == 2
    np.save(tmp_path / "x.npy", raw[:20])
    assert len(load_data("array", path=path)) == 20
