"""Labelled data sets as the bytes of netCDF files, the same bytes for the same data."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr


def netcdf_bytes(dataset: xr.Dataset) -> bytes:
    """Content of a netCDF file.

    It is made in memory, since HDF5 ends the whole process when it meets a full disk.

    Parameters
    ----------
    dataset : xarray.Dataset
        What to save.

    Returns
    -------
    bytes
    """
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    buffer = io.BytesIO()
    store = H5NetCDFStore(h5netcdf.File(buffer, "w"))
    # Whole numbers that were read from a file may have become NaN where a cell is missing.
    dataset.drop_encoding().dump_to_store(store)
    store.close()
    return buffer.getvalue()


def dataset_of(content: bytes) -> xr.Dataset:
    """Read a netCDF file that is already in memory.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    xarray.Dataset
        In memory.
    """
    import xarray as xr

    with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as opened:
        return opened.load()


def load_netcdf(path: Path) -> xr.Dataset:
    """Read a netCDF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    xarray.Dataset
        In memory.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return dataset_of(path.read_bytes())
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read as netCDF: give a file that convergen wrote."
        ) from error
