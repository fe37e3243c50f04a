import os
from pathlib import Path

import numpy as np
import pytest

from convergen.empirical.data.point_cache import cache_key, cached_points
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError


@pytest.fixture
def raw():
    return np.random.default_rng(0).standard_normal((20, 1, 3, 2)) + 4.0


def entry(folder, raw, key="abc", center="data", blocks=None):
    give = blocks or (lambda: np.array_split(raw, 7))
    return cached_points(folder, key, "x", raw.shape, center, give)


def no_blocks():
    pytest.fail("the entry was made again")


@pytest.mark.parametrize("center", ["data", "none"])
def test_equals_points_in_memory(tmp_path, raw, center):
    data = entry(tmp_path / "cache", raw, center=center)
    expected = standardised(raw.astype(np.float32), (1, 3, 2), name="x", center=center)
    assert isinstance(data.points, np.memmap)
    assert not data.points.flags.writeable
    np.testing.assert_array_equal(data.points, expected.points)
    np.testing.assert_array_equal(data.mean, expected.mean)
    assert data.scale == expected.scale
    again = entry(tmp_path / "cache", raw, center=center, blocks=no_blocks)
    assert again.fingerprint == data.fingerprint == expected.fingerprint
    np.testing.assert_array_equal(again.mean, data.mean)
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == ["abc.npy", "abc.npz"]


@pytest.mark.parametrize("name", ["abc.npy", "abc.npz"])
@pytest.mark.parametrize("cut", [0, 30, -8])
def test_damaged_entries_are_made_again(tmp_path, raw, name, cut):
    expected = entry(tmp_path, raw).fingerprint
    file = tmp_path / name
    file.write_bytes(file.read_bytes()[:cut])
    assert entry(tmp_path, raw).fingerprint == expected
    assert entry(tmp_path, raw, blocks=no_blocks).fingerprint == expected


def test_interruption_leaves_no_entry(tmp_path, raw):
    def blocks():
        yield raw[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        entry(tmp_path, raw, blocks=blocks)
    assert list(tmp_path.iterdir()) == []


def test_key_follows_files_and_options(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(b"123")
    keys = [cache_key([file], {"size": 4}), cache_key([file], {"size": 8})]
    os.utime(file, ns=(1, 1))
    keys.append(cache_key([file], {"size": 8}))
    file.write_bytes(b"1234")
    os.utime(file, ns=(1, 1))
    keys.append(cache_key([file], {"size": 8}))
    assert len(set(keys)) == 4
    assert cache_key([file], {"size": 8}) == keys[-1]


def test_folder_that_cannot_be_made(tmp_path, raw):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="give another folder as the option cache"):
        entry(tmp_path / "file", raw)
    with pytest.raises(InputError, match="give another folder as the option cache"):
        entry(tmp_path / "missing" / "cache", raw)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(tmp_path, raw, monkeypatch):
    # Every write to this device fails as on a full disk.
    def full(path, write):
        try:
            write(Path("/dev/full"))
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}.") from error

    monkeypatch.setattr("convergen.empirical.data.point_cache.write_beside", full)
    with pytest.raises(InputError, match="No space left on device"):
        entry(tmp_path, raw)
