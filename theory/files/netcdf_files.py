"""Labelled data sets as netCDF files that hold their own digest, the same bytes for the same data.

Damaged bytes can lead HDF5 into loops without end, so the digest is verified before it sees them.
"""

from __future__ import annotations

import io
import sys
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import Written, write_beside
from convergen.theory.files.regular_bytes import regular_bytes
from convergen.theory.files.seals import EMPTY_SEAL, has_seal, is_sound, sealed

if TYPE_CHECKING:
    import xarray as xr

_UNREADABLE = "{} cannot be read as netCDF: it is damaged, or not a file that convergen wrote."


def netcdf_bytes(dataset: xr.Dataset) -> bytes:
    """Content of a netCDF file, with its digest behind its end, where HDF5 never looks.

    It is made in memory, since HDF5 ends the whole process when it meets a full disk.

    Parameters
    ----------
    dataset : xarray.Dataset
        What to save.

    Returns
    -------
    bytes
    """
    with _no_cluster_lock():
        content = dataset.to_netcdf(engine="h5netcdf")
    return sealed(b"".join([content, b"\n", EMPTY_SEAL.encode()]))


def _no_cluster_lock() -> AbstractContextManager[object]:
    """Keep xarray in a worker of Dask from asking the scheduler for a lock on a file in memory."""
    dask = sys.modules.get("dask")
    return nullcontext() if dask is None else dask.config.set(scheduler="synchronous")


def save_dataset(dataset: xr.Dataset, path: Path) -> Written:
    """Write a labelled data set as netCDF.

    Parameters
    ----------
    dataset : xarray.Dataset
        What to save.
    path : Path
        Target, ending in ``.nc``.

    Returns
    -------
    Written
        The path, and whether a file was there before.

    Raises
    ------
    InputError
        If the operating system refuses; an older file is then untouched.
    """
    content = netcdf_bytes(dataset)
    return write_beside(path, lambda temporary: temporary.write_bytes(content))


def load_dataset(path: Path, *, must_be_sealed: bool = False) -> xr.Dataset:
    """Read a netCDF file; where it holds its own digest, that is verified.

    Parameters
    ----------
    path : Path
        The file.
    must_be_sealed : bool
        Refuse a file without a digest.

    Returns
    -------
    xarray.Dataset
        In memory.

    Raises
    ------
    InputError
        If it cannot be read, is no netCDF, or is damaged.
    """
    try:
        content = regular_bytes(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}.") from error
    if must_be_sealed and not has_seal(content):
        raise InputError(_UNREADABLE.format(path))
    if has_seal(content) and not is_sound(content):
        raise InputError(f"{path} is damaged: its content does not match its digest.")
    return dataset_of(content, str(path))


def attribute_of(content: bytes, attribute: str, name: str) -> object:
    """One attribute of a netCDF file that is already in memory, in a hundredth of the time of all.

    Parameters
    ----------
    content : bytes
        Of the file.
    attribute : str
        Of the data set.
    name : str
        What the message calls the file.

    Returns
    -------
    object
        None if there is no such attribute.

    Raises
    ------
    InputError
        If it is no netCDF, or damaged.
    """
    import h5py

    try:
        with h5py.File(io.BytesIO(content)) as opened:
            return opened.attrs.get(attribute)
    except Exception as error:  # HDF5 raises anything at damaged bytes
        raise InputError(_UNREADABLE.format(name)) from error


def dataset_of(content: bytes, name: str) -> xr.Dataset:
    """Read a netCDF file that is already in memory.

    Parameters
    ----------
    content : bytes
        Of the file.
    name : str
        What the message calls it.

    Returns
    -------
    xarray.Dataset
        In memory.

    Raises
    ------
    InputError
        If it is no netCDF, or damaged.
    """
    import h5netcdf
    import xarray as xr

    from convergen.theory.files.remembering_file import RememberingFile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with RememberingFile(io.BytesIO(content)) as file:
                netcdf = h5netcdf.File(file, "r", decode_vlen_strings=True)
                with xr.open_dataset(xr.backends.H5NetCDFStore(netcdf)) as opened:
                    return opened.load()
    except Exception as error:  # HDF5 and what decodes it raise anything at damaged bytes
        raise InputError(_UNREADABLE.format(name)) from error
