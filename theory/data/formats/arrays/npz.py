"""NumPy's archives of arrays, among them sample files of diffusion models and FID statistics."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import check_expansion, choose
from convergen.theory.data.contents import Array, Moments
from convergen.theory.data.npy_headers import DAMAGE, Header, read_header
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register

# improved-diffusion saves images as the first array and, for models of classes, labels as the next.
_IMAGES, _LABELS = "arr_0", "arr_1"
_MEAN, _COVARIANCE = "mu", "sigma"


def open_npz(path: Path, key: str | None = None) -> Array | Moments:
    """Unpack one array; never unpickled.

    Parameters
    ----------
    path : Path
        The file.
    key : str, optional
        Name of the array, if there are several.

    Returns
    -------
    Array or Moments
        Moments if it holds ``mu`` and ``sigma`` and no key is given.

    Raises
    ------
    InputError
        If it is damaged, declares too much, or the key is missing or unknown.
    """
    name = printable(path)
    regular_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {_key(info): info for info in archive.infolist()}
            if key is None and {_MEAN, _COVARIANCE} <= set(members):
                return _moments(*(_read(archive, members[k], name) for k in (_MEAN, _COVARIANCE)))
            if key is None and set(members) == {_IMAGES, _LABELS}:
                labels = _read(archive, members[_LABELS], name)
                return _labelled(_read(archive, members[_IMAGES], name), labels, members, name)
            return Array(_read(archive, members[choose(members, key, name)], name))
    except InputError:
        raise
    except (*DAMAGE, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{name} cannot be read as a .npz file of numbers ({reason(error)}): write it again "
            "with numpy.savez."
        ) from error


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _labelled(
    images: NDArray[Any], labels: NDArray[Any], members: dict[str, zipfile.ZipInfo], name: str
) -> Array:
    """Images with their classes; two arrays of another kind need a key."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != len(images):
        choose(members, None, name)
    return Array(images, tuple(map(str, labels.tolist())))


def _moments(mean: NDArray[Any], covariance: NDArray[Any]) -> Moments:
    return Moments(mean.astype(np.float64), covariance.astype(np.float64))


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    """Unpack one array whose declared size is bearable."""
    check_expansion(member.file_size, member.compress_size, name, _key(member))
    with archive.open(member) as file:
        found = read_header(file, member.file_size, name)
        values = np.empty(found.nbytes, np.uint8)
        _fill(values, file)
    return _shaped(values, found)


def _fill(values: NDArray[np.uint8], file: Any) -> None:
    """Read exactly as many bytes as were declared."""
    start = 0
    while start < values.size:
        piece = file.read(min(2**24, values.size - start))
        if not piece:
            raise EOFError("it ends too early")
        values[start : start + len(piece)] = np.frombuffer(piece, np.uint8)
        start += len(piece)
    file.read(1)  # makes zipfile check the sum of the whole member


def _shaped(values: NDArray[np.uint8], found: Header) -> NDArray[Any]:
    return np.ndarray(found.shape, found.dtype, values.data, order="F" if found.fortran else "C")


register(
    Format(
        "npz", (".npz",), "one of its arrays; arr_0 of sample files; mu and sigma of FID tools",
        open_npz, key="an array",
    )
)  # fmt: skip
