import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from convergen.empirical.data.mapped_points import entry_key, mapped_points
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError


@pytest.fixture
def raw():
    return np.random.default_rng(0).standard_normal((20, 1, 3, 2)) + 4.0


def entry(folder, raw, center="data", read=None):
    blocks = read or (lambda: [raw[:8], raw[8:]])
    return mapped_points(folder, "abc", "x", raw.shape, center, blocks)


def unread():
    pytest.fail("the entry was made again")


@pytest.mark.parametrize("center", ["data", "none"])
def test_equals_points_in_memory(tmp_path, raw, center):
    data = entry(tmp_path / "run", raw, center=center)
    expected = standardised(raw.astype(np.float32), (1, 3, 2), name="x", center=center)
    assert isinstance(data.points, np.memmap)
    assert not data.points.flags.writeable
    np.testing.assert_array_equal(data.points, expected.points)
    np.testing.assert_array_equal(data.mean, expected.mean)
    assert data.scale == expected.scale
    again = entry(tmp_path / "run", raw, center=center, read=unread)
    assert again.fingerprint == data.fingerprint == expected.fingerprint
    np.testing.assert_array_equal(again.mean, data.mean)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        ".convergen.lock",
        "points-abc.npy",
        "points-abc.npz",
    ]


@pytest.mark.parametrize("name", ["points-abc.npy", "points-abc.npz"])
@pytest.mark.parametrize("cut", [0, 30, -8])
def test_damaged_entries_are_made_again(tmp_path, raw, name, cut):
    expected = entry(tmp_path, raw).fingerprint
    file = tmp_path / name
    file.write_bytes(file.read_bytes()[:cut])
    assert entry(tmp_path, raw).fingerprint == expected
    assert entry(tmp_path, raw, read=unread).fingerprint == expected


def test_interruption_leaves_no_entry(tmp_path, raw):
    def interrupted():
        yield raw[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        entry(tmp_path, raw, read=interrupted)
    assert [p.name for p in tmp_path.iterdir()] == [".convergen.lock"]


def test_what_a_killed_process_left_is_removed(tmp_path, raw):
    left = tmp_path / ".points-abc-x1.convergen-part.npy"
    other = tmp_path / ".points-abd-x1.convergen-part.npy"
    for file in (left, other):
        file.write_bytes(b"half")
    entry(tmp_path, raw)
    assert not left.exists()
    assert other.exists()


def test_who_comes_second_waits_and_finds_the_entry(tmp_path, raw):
    begun = threading.Event()

    def slow():
        begun.set()
        time.sleep(0.2)
        return [raw]

    first = threading.Thread(target=entry, args=(tmp_path, raw), kwargs={"read": slow})
    first.start()
    begun.wait()
    assert len(entry(tmp_path, raw, read=unread)) == len(raw)
    first.join()


def test_key_follows_files_and_options(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(b"123")
    keys = [entry_key([file], {"size": 4}), entry_key([file], {"size": 8})]
    os.utime(file, ns=(1, 1))
    keys.append(entry_key([file], {"size": 8}))
    file.write_bytes(b"1234")
    os.utime(file, ns=(1, 1))
    keys.append(entry_key([file], {"size": 8}))
    assert len(set(keys)) == 4
    assert entry_key([file], {"size": 8}) == keys[-1]
    assert len(keys[-1]) == 32
    assert entry_key([file], {"a": 1, "b": 2}) == entry_key([file], {"b": 2, "a": 1})


def test_folder_that_cannot_be_made(tmp_path, raw):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be kept in .*: give another folder"):
        entry(tmp_path / "file", raw)
    with pytest.raises(InputError, match=r"cannot be kept in .*: give another folder"):
        entry(tmp_path / "file" / "run", raw)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(tmp_path, raw, monkeypatch):
    # Every write to this device fails as on a full disk.
    def full(path, write):
        try:
            write(Path("/dev/full"))
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}.") from error

    monkeypatch.setattr("convergen.empirical.data.mapped_points.write_beside", full)
    with pytest.raises(InputError, match="No space left on device"):
        entry(tmp_path, raw)


def test_folders_above_are_made_as_well(tmp_path, raw):
    assert len(entry(tmp_path / "runs" / "first" / "scratch", raw).points) == 20


def test_an_entry_of_another_shape_or_kind_is_made_again(tmp_path, raw):
    entry(tmp_path, raw)
    assert len(entry(tmp_path, raw[:12], read=lambda: [raw[:12]]).points) == 12
    expected = entry(tmp_path, raw).fingerprint
    np.save(tmp_path / "points-abc.npy", np.zeros(raw.shape))
    assert entry(tmp_path, raw).fingerprint == expected


def test_moments_that_hold_anything_but_numbers_are_not_opened(tmp_path, raw):
    """A pickle would run what it likes."""
    expected = entry(tmp_path, raw)
    np.savez(tmp_path / "points-abc.npz", mean=np.array([print], dtype=object), scale=1.0)
    assert entry(tmp_path, raw).scale == expected.scale
