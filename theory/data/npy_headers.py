"""What a .npy file declares, checked against its size before a value is read."""

from __future__ import annotations

import math
import tokenize
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from convergen.theory.common.checks import InputError

# What NumPy was seen to raise on damaged headers.
DAMAGE = (OSError, ValueError, TypeError, EOFError, SyntaxError, RuntimeError, MemoryError,
          tokenize.TokenError)  # fmt: skip
_LONGEST_SIDE = 2**62


@dataclass(frozen=True)
class Header:
    """What is declared.

    Attributes
    ----------
    shape : tuple of int
        Of the array.
    dtype : numpy.dtype
        Real numbers.
    fortran : bool
        Whether the first index changes fastest.
    offset : int
        Bytes before the values.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes], size: int, name: str) -> Header:
    """Read and check the header of an array of real numbers.

    Parameters
    ----------
    file : file object
        At its beginning; at the first value afterwards.
    size : int
        Bytes of the whole file.
    name : str
        What messages call it.

    Returns
    -------
    Header

    Raises
    ------
    InputError
        If the array is empty, no array of real numbers, or declares another size than there is.
    OSError, ValueError, …
        One of `DAMAGE` if the header cannot be read.
    """
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0 if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )  # fmt: skip
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    shown = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    if len(shown) > 80:
        shown = f"{shown[:77]}…)"
    if any(not 0 <= side < _LONGEST_SIDE for side in shape):
        raise ValueError(f"it declares the shape {shown}")
    if math.prod(shape) == 0:
        raise InputError(f"{name} holds an array of shape {shown}: give one with data.")
    if dtype.kind not in "biuf":
        raise InputError(
            f"{name} holds values of dtype {dtype}, but real numbers are needed: convert it to "
            "float first."
        )
    found = Header(tuple(map(int, shape)), dtype, fortran, file.tell())
    rest = size - found.offset
    if found.nbytes > rest:
        raise ValueError(f"it declares shape {shown}, {found.nbytes} bytes, but holds {rest}")
    return found
