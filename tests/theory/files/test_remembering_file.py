import io

import h5py
import numpy as np
import pytest
import xarray as xr

from convergen.theory.files.netcdf_files import dataset_of, netcdf_bytes
from convergen.theory.files.remembering_file import RememberingFile


@pytest.fixture
def content():
    values = np.array([[0.5, np.nan], [1.0, 2.0]], np.float32)
    days = np.array([0, 1], "datetime64[D]").astype("datetime64[ns]")
    dataset = xr.Dataset(
        {
            "q": (("samples", "seed"), values, {"units": "1"}),
            "name": ("samples", np.array(["a", "größer"], object)),
            "done": ("samples", np.array([True, False])),
            "scalar": ((), 3, {"list": [1, 2], "words": ["x", "y"], "one": [7]}),
            "bare": ("without", np.arange(3, dtype=np.int16)),
            "none": ("nobody", np.zeros(0)),
        },
        {"samples": [4, 8], "time": ("samples", days)},
        {"source": "a test", "seed": 2**40},
    )
    dataset["q"].encoding = {"zlib": True, "shuffle": True}
    return netcdf_bytes(dataset)


def test_data_are_read_as_xarray_reads_them(content):
    found = dataset_of(content, "a file")
    with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as opened:
        expected = opened.load()
    assert found.identical(expected)
    assert list(found.variables) == list(expected.variables)
    for name, variable in expected.variables.items():
        other = found.variables[name]
        assert other.dtype == variable.dtype
        np.testing.assert_equal(other.encoding | {"source": 0}, variable.encoding | {"source": 0})
    assert found.encoding.keys() == expected.encoding.keys()


def test_each_member_is_looked_up_once(content, monkeypatch):
    found = []
    plain = h5py.File.__getitem__
    monkeypatch.setattr(
        h5py.File, "__getitem__", lambda file, name: found.append(name) or plain(file, name)
    )
    with RememberingFile(io.BytesIO(content)) as file:
        assert file["q"] is file["q"]
        assert file["/samples"][0] == 4
        reference = file["q"].attrs["DIMENSION_LIST"][0][0]
        assert file[reference] == file["samples"]
        with pytest.raises(KeyError):
            file["nothing"]
    assert found.count("q") == 1


def test_it_is_read_and_never_written(content):
    with RememberingFile(io.BytesIO(content)) as file:
        assert file.mode == "r"
