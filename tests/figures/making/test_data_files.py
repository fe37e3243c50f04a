"""Data files of figures: where they come from, and to which figure they belong."""

import numpy as np
import pytest
import xarray as xr

from convergen.figures.making import data_files as record
from convergen.theory.common.checks import InputError

# Quick to compute and to draw.
NAME = "disjoint-training"


def test_files_and_provenance(made):
    assert [path.name for path, _ in made.files] == [
        f"{NAME}.{e}" for e in ("nc", "svg", "png", "pdf")
    ]
    with xr.open_dataset(made.files[0].path, engine="h5netcdf") as saved:
        assert saved.attrs["figure"] == NAME
        assert saved.attrs["quality"] == "smoke"
        assert saved.attrs["seed"] == 3
        assert saved.attrs["numpy_version"] == np.__version__
        assert saved.attrs["git_commit"] == record.git_commit()


def test_data_of_another_figure_are_refused(made, tmp_path):
    with pytest.raises(InputError, match="'disjoint-training', not of 'blindness'"):
        record.load_record(made.files[0].path, "blindness")
    plain = tmp_path / "plain.nc"
    xr.Dataset({"x": ("a", [1.0])}).to_netcdf(plain, engine="h5netcdf")
    with pytest.raises(InputError, match="no data of a figure"):
        record.load_record(plain, NAME)
