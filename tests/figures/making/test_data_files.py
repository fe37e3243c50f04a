"""Data files of figures: where they come from, and to which figure they belong."""

import importlib.metadata
import platform

import pytest
import xarray as xr

import convergen
from convergen.figures.making import data_files as record
from convergen.theory.common.checks import InputError


@pytest.fixture
def saved(tmp_path):
    """A data file of a figure called mine."""
    path = tmp_path / "mine.nc"
    data = xr.Dataset({"x": ("place", [1.0, 2.5])})
    written = record.save_record(data, path, figure="mine", quality="paper", seed=7)
    assert (written.path, written.replaced) == (path, False)
    return path


def test_what_was_saved_is_read_with_its_origin(saved):
    found = record.load_record(saved, "mine")
    assert found["x"].values.tolist() == [1.0, 2.5]
    about = found.attrs
    assert (about["figure"], about["quality"], about["seed"]) == ("mine", "paper", 7)
    assert about["python_version"] == platform.python_version()
    assert about["convergen_version"] == convergen.__version__
    for name in ("numpy", "scipy", "numba", "xarray"):
        assert about[f"{name}_version"] == importlib.metadata.version(name)
    again = record.save_record(found, saved, figure="mine", quality="paper", seed=7)
    assert again.replaced


def test_data_of_another_figure_are_refused(saved, tmp_path):
    words = r"mine\.nc holds the data of the figure 'mine', not of 'blindness': draw 'mine' with it"
    with pytest.raises(InputError, match=words):
        record.load_record(saved, "blindness")
    plain = tmp_path / "plain.nc"
    xr.Dataset({"x": ("a", [1.0])}).to_netcdf(plain, engine="h5netcdf")
    with pytest.raises(InputError, match=r"plain\.nc holds no data of a figure"):
        record.load_record(plain, "mine")


@pytest.mark.parametrize("name", ["missing.nc", "."])
def test_what_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"there is no data file .*: give one that convergen"):
        record.load_record(tmp_path / name, "mine")


def test_only_shipped_data_must_be_sealed(tmp_path, monkeypatch):
    path = tmp_path / "mine.nc"
    data = xr.Dataset({"x": ("a", [1.0])}, attrs={"figure": "mine"})
    data.to_netcdf(path, engine="h5netcdf")
    assert record.load_record(path, "mine")["x"].values.tolist() == [1.0]
    monkeypatch.setattr(record, "SHIPPED", tmp_path)
    with pytest.raises(InputError, match="damaged"):
        record.load_record(path, "mine")


def test_shipped_data_are_found_by_name(saved, monkeypatch):
    assert record.SHIPPED.name == "data"
    assert record.SHIPPED.parent.name == "figures"
    monkeypatch.setattr(record, "SHIPPED", saved.parent)
    assert record.shipped("mine") == saved
    assert record.shipped("other") is None
