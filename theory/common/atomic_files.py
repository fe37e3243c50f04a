"""Files are written beside their target and renamed, so that none is ever half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr


def check_target(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a path that cannot be written, before any work is done for it.

    Parameters
    ----------
    path : Path
        File to be written.
    suffixes : tuple of str
        Allowed endings, with their dots.

    Raises
    ------
    InputError
        If the ending is not allowed or the folder does not exist or cannot be written to.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(
            f"cannot write {path.name!r}: its name must end in {' or '.join(suffixes)}."
        )
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder, give a file name.")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: the folder {path.parent} does not exist.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"cannot write {path}: no permission for the folder {path.parent}.")


def write_beside(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file in the same folder, then rename it to `path`.

    Parameters
    ----------
    path : Path
        Final name; replaced if it exists.
    write : callable
        Called with the temporary path, which has the same suffix.

    Raises
    ------
    InputError
        If the operating system refuses, e.g. on a full disk; the old file is then untouched.
    """
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}.") from error
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        # mkstemp makes private files; give the result the permissions of any new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def save_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write a labelled data set as netCDF.

    Parameters
    ----------
    dataset : xarray.Dataset
        What to save.
    path : Path
        Target, ending in ``.nc``.
    """
    write_beside(path, lambda temporary: dataset.to_netcdf(temporary, engine="h5netcdf"))
