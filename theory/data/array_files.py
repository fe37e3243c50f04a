"""Where data come from: handwritten digits, NumPy array files and folders of images."""

from __future__ import annotations

import importlib.util
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count
from convergen.theory.data.image_folders import DAMAGE, open_folder, reason

if TYPE_CHECKING:
    import os

# What NumPy and zipfile were seen to raise on damaged files.
_DAMAGE = (*DAMAGE, tokenize.TokenError, zipfile.BadZipFile, zlib.error)


def load_digits() -> FloatArray:
    """Load scikit-learn's handwritten digits, without their labels.

    Returns
    -------
    ndarray of float64, shape (1797, 64)
        8 × 8 grey images, one a row, with values 0 to 16.
    """
    # Importing scikit-learn takes over a second; its data file takes milliseconds.
    spec = importlib.util.find_spec("sklearn")
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            return np.loadtxt(file, delimiter=",", usecols=range(64))
    from sklearn import datasets

    return np.asarray(datasets.load_digits().data, dtype=np.float64)


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
        (images, height · width · channels), channels last. Transparency and all frames but the
        first are dropped.

    Raises
    ------
    InputError
        If the path is missing, of an unknown kind, unreadable, corrupt or without data; if an
        array does not hold real numbers; if images differ in shape; or if an option is invalid or
        does not apply to this kind of path.
    """
    path = Path(path)
    try:
        path.stat()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be opened ({reason(error)}): give an array file or a folder of images."
        ) from error
    side = None if size is None else as_count(size, "size")
    suffix = path.suffix.lower()
    if key is not None and (path.is_dir() or suffix != ".npz"):
        raise InputError(f"key applies only to .npz files, not to {path}: leave it out.")
    if path.is_dir():
        return _load_images(path, side, grey)
    if suffix not in {".npy", ".npz"}:
        raise InputError(
            f"{path} is neither a .npy or .npz file nor a folder of images: "
            "convert it with numpy.save, or give the folder."
        )
    if side is not None or grey:
        raise InputError(
            f"size and grey apply only to folders of images, not to {path}: leave them out."
        )
    array = _load_npy(path) if suffix == ".npy" else _load_npz(path, key)
    if array.size == 0:
        raise InputError(f"{path} holds an array of shape {array.shape}: give one with data.")
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"{path} holds values of dtype {array.dtype}, but real numbers are needed: "
            "convert it to float first."
        )
    return array


def _load_npy(path: Path) -> NDArray[Any]:
    """Map a .npy file into memory."""
    try:
        # np.load would fall back to pickle and blame that for any file with a damaged header.
        return np.lib.format.open_memmap(path, mode="r")
    except _DAMAGE as error:
        raise InputError(
            f"{path} cannot be read as a .npy file of numbers ({reason(error)}): "
            "write it again with numpy.save."
        ) from error


def _load_npz(path: Path, key: str | None) -> NDArray[Any]:
    """Read one array of a .npz file."""
    try:
        # np.load would also accept a .npy file under this name.
        with zipfile.ZipFile(path):
            pass
        with np.load(path, allow_pickle=False) as archive:
            names = list(archive.files)
            chosen = names[0] if key is None and len(names) == 1 else key
            array = archive[chosen] if chosen in names else None
    except _DAMAGE as error:
        raise InputError(
            f"{path} cannot be read as a .npz file of numbers ({reason(error)}): "
            "write it again with numpy.savez."
        ) from error
    if not names:
        raise InputError(f"{path} holds no array: write it again with numpy.savez.")
    if array is None:
        given = "no key was given" if key is None else f"no array {key!r}"
        raise InputError(f"{path} holds {', '.join(names)}, but {given}: give one as key.")
    return np.asarray(array)


def _load_images(folder: Path, size: int | None, grey: bool) -> NDArray[np.float32]:
    """Decode every image of a folder straight into one float32 array."""
    from tqdm import tqdm

    images = open_folder(folder, size=size, grey=grey)
    pixels = np.empty((len(images.files), math.prod(images.shape)), dtype=np.float32)
    for number, row in enumerate(tqdm(pixels, "images", disable=None, leave=False)):
        row[:] = images.read(number).reshape(-1)
    return pixels
