"""Where data come from: handwritten digits, NumPy array files and folders of images."""

from __future__ import annotations

import importlib.util
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from theory.checks import FloatArray, InputError, as_count

if TYPE_CHECKING:
    import os

    from PIL import Image

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
# What NumPy, zipfile and Pillow were seen to raise on damaged files.
_DAMAGE = (
    *(OSError, ValueError, TypeError, EOFError, SyntaxError, RuntimeError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


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
            f"{path} cannot be opened ({_reason(error)}): give an array file or a folder of images."
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
            f"{path} cannot be read as a .npy file of numbers ({_reason(error)}): "
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
            f"{path} cannot be read as a .npz file of numbers ({_reason(error)}): "
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

    try:
        files = sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
        )
    except OSError as error:
        raise InputError(
            f"{folder} cannot be listed ({_reason(error)}): give a folder you may read."
        ) from error
    if not files:
        raise InputError(
            f"{folder} holds no image (png, jpg, bmp, tif, webp, gif, ppm or pgm): "
            "give the folder that holds the files themselves."
        )
    # Headers first: they settle channels and shape before any pixel is decoded.
    headers = [_read_header(file) for file in files]
    mode = "L" if grey or all(colourless for colourless, _ in headers) else "RGB"
    shape = headers[0][1] if size is None else (size, size)
    for file, (_, found) in zip(files, headers, strict=True):
        if size is None and found != shape:
            raise InputError(
                f"{file} has {found[0]} × {found[1]} pixels, but {files[0].name} has "
                f"{shape[0]} × {shape[1]}: give size=... to bring all images to one shape."
            )
    pixels = np.empty((len(files), shape[0] * shape[1] * len(mode)), dtype=np.float32)
    for row, file in zip(pixels, tqdm(files, "images", disable=None, leave=False), strict=True):
        np.divide(_read_pixels(file, mode, size).reshape(-1), np.float32(255), out=row)
    # Pillow clips the overshoot of Lanczos at edges for 8-bit pixels only.
    return np.clip(pixels, 0.0, 1.0, out=pixels)


def _read_header(file: Path) -> tuple[bool, tuple[int, int]]:
    """Tell whether an image is grey, and its (width, height)."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            mode, shape, deep = image.mode, image.size, _has_16_bits(image)
            grey = deep or mode in {"1", "L", "LA"}
            if mode == "P":  # only here, because asking for the palette decodes the image
                palette = np.reshape(image.getpalette() or [0, 0, 0], (-1, 3))
                grey = bool(np.all(palette == palette[:, :1]))
    except (*_DAMAGE, Image.DecompressionBombError) as error:
        raise _unreadable(file, error) from error
    if mode in {"I", "F"} and not deep:
        raise InputError(
            f"{file} has 32-bit pixels, whose black and white are not defined: "
            "convert it to 8 or 16 bits, or save the data as .npy."
        )
    return grey, shape


def _read_pixels(file: Path, mode: str, size: int | None) -> NDArray[Any]:
    """Decode one image to values 0 to 255 of shape (height, width) or (height, width, 3)."""
    from PIL import Image

    try:
        with Image.open(file) as opened:
            image = _convert(opened, mode)
        if size is not None:
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            image = image.crop((left, top, left + side, top + side))
            image = image.resize((size, size), Image.Resampling.LANCZOS)
        return np.asarray(image)
    except _DAMAGE as error:
        raise _unreadable(file, error) from error


def _convert(image: Image.Image, mode: str) -> Image.Image:
    """Convert to L or RGB, keeping the precision of 16-bit grey."""
    from PIL import Image

    if _has_16_bits(image):
        # Pillow's own conversion clips in some versions; 65535 = 255 · 257.
        image = Image.fromarray(np.asarray(image, dtype=np.float32) / 257)
        return image if mode == "L" else image.convert("L").convert(mode)
    if image.has_transparency_data:
        image = image.convert("RGBA")  # a palette with transparency has no direct way to RGB
    return image.convert(mode)


def _has_16_bits(image: Image.Image) -> bool:
    # Pillow opens some 16-bit files as 32-bit integers that still end at 65535.
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in {"PNG", "PPM"})


def _unreadable(file: Path, error: Exception) -> InputError:
    return InputError(
        f"{file} cannot be read as an image ({_reason(error)}): replace or remove it."
    )


def _reason(error: Exception) -> str:
    """First line of an error message, without its full stop."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].rstrip(".")
