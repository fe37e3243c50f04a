"""Points from NumPy array files and folders of images."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count
from convergen.theory.data.npy_headers import DAMAGE, Header, read_header
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.messages.option_errors import OptionError, OptionName

if TYPE_CHECKING:
    import os

_SUFFIXES = (".npy", ".npz")
# Arrays of .npz files are unpacked into memory.
_LARGEST = 2**32
_SHOWN = 8


def load_array(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    grey: bool = False,
    key: str | None = None,
) -> NDArray[Any]:
    """Load samples from an array file or a folder of images.

    Parameters
    ----------
    path : str or path-like
        A ``.npy`` file, opened as a read-only memory map; a ``.npz`` file; or a folder whose images
        (png, jpg, bmp, tif, webp, gif, ppm, pgm; not those of sub-folders) are read in the order of
        their names. Other and hidden files in the folder are passed over.
    size : int, optional
        Side in pixels to which images are resized (Lanczos) after a centre crop to a square; by
        default they keep their size, which must then be the same for all.
    grey : bool
        Turn colour images into grey. Without it a folder is read as RGB if any image has colour.
    key : str, optional
        Name of the array in a ``.npz`` file that holds several.

    Returns
    -------
    ndarray
        From an array file the array as stored; from a folder float32 in [0, 1] of shape
        (images, height · width · channels), channels last, kept in a temporary file if it is
        larger than 512 MB. Transparency and all frames but the first are dropped.

    Raises
    ------
    InputError
        If the path is missing, of an unknown kind, unreadable, corrupt or without data; if what it
        declares is too large; if an array does not hold real numbers; if images differ in shape; or
        if an option is invalid or does not apply to this kind of path.
    """
    from convergen.theory.data.image_folders import open_folder

    path = Path(path)
    regular_file(path, folders=True)
    side = None if size is None else as_count(size, "size")
    folder = path.is_dir()
    if key is not None and (folder or path.suffix.lower() != ".npz"):
        raise OptionError(
            OptionName("key"), f" applies only to .npz files, not to {printable(path)}: leave it "
            "out.",
        )  # fmt: skip
    if folder:
        images = open_folder(path, size=side, grey=grey)
        return images.decoded().reshape(len(images.files), -1)
    if side is not None or grey:
        raise OptionError(
            OptionName("size"), " and ", OptionName("grey"), " apply only to folders of images, "
            f"not to {printable(path)}: leave them out.",
        )  # fmt: skip
    return read_array(path, key)


def read_array(path: Path, key: str | None = None) -> NDArray[Any]:
    """Read an array of real numbers from a file; never unpickled.

    Parameters
    ----------
    path : Path
        A ``.npy`` file, opened as a read-only memory map, or a ``.npz`` file.
    key : str, optional
        Name of the array in a ``.npz`` file that holds several.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        If it cannot be read, is empty, too large, or holds no real numbers.
    """
    size = regular_file(path).st_size
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(
            f"{printable(path)} is neither a .npy or .npz file nor a folder of images: convert it "
            "with numpy.save, or give the folder."
        )
    return _map_npy(path, size) if suffix == ".npy" else _read_npz(path, key)


def _map_npy(path: Path, size: int) -> NDArray[Any]:
    """Map a .npy file into memory."""
    name = printable(path)
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


def _read_npz(path: Path, key: str | None) -> NDArray[Any]:
    """Read one array of a .npz file."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {_key(info): info for info in archive.infolist()}
            return _read_member(archive, _choose(members, key, printable(path)), printable(path))
    except InputError:
        raise
    except (*DAMAGE, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{printable(path)} cannot be read as a .npz file of numbers ({reason(error)}): write "
            "it again with numpy.savez."
        ) from error


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _choose(members: dict[str, zipfile.ZipInfo], key: str | None, name: str) -> zipfile.ZipInfo:
    """The member that is meant."""
    if not members:
        raise InputError(f"{name} holds no array: write it again with numpy.savez.")
    chosen = next(iter(members)) if key is None and len(members) == 1 else key
    if chosen in members:
        return members[chosen]
    given = "no key was given" if key is None else f"no array {printable(key)!r}"
    shown = ", ".join(printable(member) for member in list(members)[:_SHOWN])
    more = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
    raise OptionError(
        f"{name} holds {shown}{more}, but {given}: give one as ", OptionName("key"), "."
    )


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    """Unpack one array whose declared size is bearable."""
    if member.file_size > _LARGEST:
        raise InputError(
            f"{name} declares {member.file_size / 1e9:.3g} GB for {printable(_key(member))}, but "
            f"at most {_LARGEST / 1e9:.2g} GB are unpacked into memory: save the array with "
            "numpy.save, since .npy files may be larger than memory."
        )
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
