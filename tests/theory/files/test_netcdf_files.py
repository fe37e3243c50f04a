"""Sealed netCDF files, and what readers say of damaged ones."""

import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from convergen.theory.common.checks import InputError
from convergen.theory.files import netcdf_files as module
from convergen.theory.files.netcdf_files import (
    attribute_of,
    dataset_of,
    load_dataset,
    netcdf_bytes,
    save_dataset,
)


def dataset():
    rng = np.random.default_rng(0)
    return xr.Dataset(
        {"a": (("x", "side"), rng.standard_normal((5, 2))), "b": ("x", [1, 2, 3, 4, 5])},
        {"x": [1, 2, 3, 4, 5], "side": ["a", "b"]},
        {"name": "test", "seed": 3},
    )


def test_the_same_data_are_the_same_bytes_and_come_back(tmp_path):
    assert netcdf_bytes(dataset()) == netcdf_bytes(dataset())
    save_dataset(dataset(), tmp_path / "a.nc")
    xr.testing.assert_identical(load_dataset(tmp_path / "a.nc", must_be_sealed=True), dataset())


def test_the_digest_does_not_disturb_other_readers(tmp_path):
    save_dataset(dataset(), tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc") as found:
        xr.testing.assert_identical(found.load(), dataset())


def test_a_file_without_a_digest_is_read_unless_one_is_wanted(tmp_path):
    dataset().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    xr.testing.assert_identical(load_dataset(tmp_path / "a.nc"), dataset())
    with pytest.raises(InputError, match="not a file that convergen wrote"):
        load_dataset(tmp_path / "a.nc", must_be_sealed=True)


def test_one_attribute_is_that_of_the_data_set():
    content = netcdf_bytes(dataset().assign_attrs(words="as written", number=3))
    whole = dataset_of(content, "a.nc")
    for name in ("words", "number"):
        assert attribute_of(content, name, "a.nc") == whole.attrs[name]
    assert attribute_of(content, "none", "a.nc") is None
    with pytest.raises(InputError, match=r"a\.nc cannot be read as netCDF"):
        attribute_of(b"nothing", "words", "a.nc")


def refuse(path):
    with pytest.raises(InputError) as error:
        load_dataset(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_flipped_bits_of_sealed_files_are_always_noticed(tmp_path):
    path = tmp_path / "a.nc"
    save_dataset(dataset(), path)
    whole = path.read_bytes()
    tail = whole.rindex(b"convergen-sha256:")
    rng = np.random.default_rng(1)
    for at in [0, tail - 2, len(whole) - 1, *rng.integers(0, tail, 60)]:
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        refuse(path)


@pytest.mark.parametrize("sealed", [True, False])
def test_cut_files_are_one_line(tmp_path, sealed):
    path = tmp_path / "a.nc"
    content = netcdf_bytes(dataset())
    if not sealed:
        content = content[: content.rindex(b"\n")]
    for size in [0, 1, 8, 100, *np.linspace(200, len(content) - 1, 40).astype(int)]:
        path.write_bytes(content[:size])
        refuse(path)


def test_what_is_no_netcdf_at_all(tmp_path):
    for name, content in (("text.nc", b"hello"), ("empty.nc", b""), ("old.nc", b"CDF\x01" * 9)):
        (tmp_path / name).write_bytes(content)
        refuse(tmp_path / name)
    refuse(tmp_path / "none.nc")
    refuse(tmp_path)


def test_what_the_system_says_is_the_reason(tmp_path, monkeypatch):
    with pytest.raises(InputError) as caught:
        load_dataset(tmp_path / "none.nc")
    assert str(caught.value) == f"cannot read {tmp_path / 'none.nc'}: No such file or directory."

    def odd(path):
        raise OSError("an odd reason")

    monkeypatch.setattr(module, "regular_bytes", odd)
    with pytest.raises(InputError, match=r"^cannot read x\.nc: an odd reason\.$"):
        load_dataset("x.nc")


def test_a_scheduler_of_dask_is_not_asked_for_a_lock(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with module._no_cluster_lock() as found:
        assert found is None
    fake = SimpleNamespace(config=SimpleNamespace(set=lambda scheduler: nullcontext(scheduler)))
    monkeypatch.setitem(sys.modules, "dask", fake)
    with module._no_cluster_lock() as found:
        assert found == "synchronous"


def test_words_of_any_length_come_back_as_words(tmp_path):
    words = np.array(["a", "größer", ""], object)
    data = xr.Dataset({"words": ("x", words)}, attrs={"list": ["u", "vw"]})
    save_dataset(data, tmp_path / "a.nc")
    found = load_dataset(tmp_path / "a.nc")
    assert found["words"].values.tolist() == words.tolist()
    assert list(found.attrs["list"]) == ["u", "vw"]
