"""NumPy's own files of one array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Array
from convergen.theory.data.npy_headers import DAMAGE, read_header
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register


def open_npy(path: Path, key: str | None = None) -> Array:
    """Map the array into memory, read-only; nothing is unpickled.

    Parameters
    ----------
    path : Path
        The file.
    key : None
        There is one array.

    Returns
    -------
    Array

    Raises
    ------
    InputError
        If it is damaged, or holds no real numbers.
    """
    return Array(_mapped(path))


def _mapped(path: Path) -> NDArray[Any]:
    name, size = printable(path), regular_file(path).st_size
    try:
        with path.open("rb") as file:
            found = read_header(file, size, name)
        order = "F" if found.fortran else "C"
        return np.memmap(path, found.dtype, "r", found.offset, found.shape, order)  # type: ignore[call-overload,no-any-return]
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as a .npy file of numbers ({reason(error)}): write it again "
            "with numpy.save."
        ) from error


register(Format("npy", (".npy",), "one array, mapped into memory", open_npy))
