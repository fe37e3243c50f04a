"""Folders of images: what they hold, decoded one file at a time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count

if TYPE_CHECKING:
    from PIL import Image

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
# What NumPy and Pillow were seen to raise on damaged files.
DAMAGE = (OSError, ValueError, TypeError, EOFError, SyntaxError, RuntimeError)


@dataclass(frozen=True)
class ImageFolder:
    """Images that can be read one by one, all brought to one shape.

    Attributes
    ----------
    files : tuple of Path
        In the order of their names.
    shape : tuple of int
        (height, width, channels) of each image as it is read.
    resized : bool
        Whether images are cropped and resized to that shape.
    """

    files: tuple[Path, ...]
    shape: tuple[int, int, int]
    resized: bool

    def read(self, number: int) -> NDArray[np.float32]:
        """Decode one image.

        Parameters
        ----------
        number : int
            Which one of `files`.

        Returns
        -------
        ndarray of float32, shape `shape`
            In [0, 1].

        Raises
        ------
        InputError
            If the file is damaged.
        """
        from PIL import Image

        file = self.files[number]
        try:
            with Image.open(file) as image:
                side = self.shape[0] if self.resized else None
                return pixels(image, self.shape[2], side).reshape(self.shape)
        except DAMAGE as error:
            raise _unreadable(file, error) from error


def open_folder(
    path: str | os.PathLike[str], *, size: int | None = None, grey: bool = False
) -> ImageFolder:
    """Find the images of a folder and their common shape, from their headers alone.

    Parameters
    ----------
    path : str or path-like
        Folder whose images (png, jpg, bmp, tif, webp, gif, ppm, pgm; not those of sub-folders)
        are meant. Other and hidden files in it are passed over.
    size : int, optional
        Side in pixels to which images are resized (Lanczos) after a centre crop to a square; by
        default they keep their size, which must then be the same for all.
    grey : bool
        Turn colour images into grey. Without it the folder is RGB if any image has colour.

    Returns
    -------
    ImageFolder

    Raises
    ------
    InputError
        If the folder cannot be listed or holds no image, a header is damaged, or images differ in
        shape.
    """
    folder = Path(path)
    side = None if size is None else as_count(size, "size")
    try:
        files = sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
        )
    except OSError as error:
        raise InputError(
            f"{folder} cannot be listed ({reason(error)}): give a folder you may read."
        ) from error
    if not files:
        raise InputError(
            f"{folder} holds no image (png, jpg, bmp, tif, webp, gif, ppm or pgm): "
            "give the folder that holds the files themselves."
        )
    # Headers first: they settle channels and shape before any pixel is decoded.
    headers = [_read_header(file) for file in files]
    channels = 1 if grey or all(colourless for colourless, _ in headers) else 3
    width, height = headers[0][1] if side is None else (side, side)
    for file, (_, found) in zip(files, headers, strict=True):
        if side is None and found != (width, height):
            raise InputError(
                f"{file} has {found[0]} × {found[1]} pixels, but {files[0].name} has "
                f"{width} × {height}: give size=... to bring all images to one shape."
            )
    return ImageFolder(tuple(files), (height, width, channels), side is not None)


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
    except (*DAMAGE, Image.DecompressionBombError) as error:
        raise _unreadable(file, error) from error
    if mode in {"I", "F"} and not deep:
        raise InputError(
            f"{file} has 32-bit pixels, whose black and white are not defined: "
            "convert it to 8 or 16 bits, or save the data as .npy."
        )
    return grey, shape


def pixels(image: Image.Image, channels: int, side: int | None = None) -> NDArray[np.float32]:
    """Values of one image.

    Parameters
    ----------
    image : PIL.Image.Image
        Of any mode; transparency is dropped.
    channels : {1, 3}
        Grey or RGB.
    side : int, optional
        Side in pixels after a centre crop to a square.

    Returns
    -------
    ndarray of float32, shape (height, width, channels)
        In [0, 1].
    """
    from PIL import Image

    image = _convert(image, "L" if channels == 1 else "RGB")
    if side is not None:
        short = min(image.size)
        left, top = (image.width - short) // 2, (image.height - short) // 2
        image = image.crop((left, top, left + short, top + short))
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    values: NDArray[np.float32] = np.asarray(image, dtype=np.float32) / np.float32(255)
    # Pillow clips the overshoot of Lanczos at edges for 8-bit pixels only.
    np.clip(values, 0.0, 1.0, out=values)
    return values.reshape(image.height, image.width, channels)


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
    return InputError(f"{file} cannot be read as an image ({reason(error)}): replace or remove it.")


def reason(error: Exception) -> str:
    """First line of an error message, without its full stop.

    Parameters
    ----------
    error : Exception
        What was raised.

    Returns
    -------
    str
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].rstrip(".")
