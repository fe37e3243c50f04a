"""Folders of images: what they hold, judged by their headers, and their pixels."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError, as_count
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.progress import phase

if TYPE_CHECKING:
    from PIL import Image

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"}
# What NumPy and Pillow were seen to raise on damaged files.
_DAMAGE = (OSError, ValueError, TypeError, EOFError, SyntaxError, RuntimeError)
# Bytes of decoded pixels that are held in memory, and that are decoded at all.
_HELD = 2**29
_LARGEST = 2**36


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
        file = self.files[number]
        with _opened(file) as image:
            side = self.shape[0] if self.resized else None
            return pixels(image, self.shape[2], side).reshape(self.shape)

    def decoded(self) -> NDArray[np.float32]:
        """Decode all images.

        Returns
        -------
        ndarray of float32, shape (images, *shape)
            In [0, 1]; in a temporary file if larger than 512 MB.
        """
        return decoded(map(self.read, range(len(self.files))), (len(self.files), *self.shape))


def decoded(images: Iterable[NDArray[np.float32]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Collect images in memory or, if they are larger than 512 MB, in a temporary file.

    Parameters
    ----------
    images : iterable of ndarray
        Decoded one after the other; only if all of them are not too large.
    shape : tuple of int
        (images, …) of the whole.

    Returns
    -------
    ndarray of float32, shape `shape`
        The temporary file has no name any more, and ends with the array.

    Raises
    ------
    InputError
        If the whole is larger than 69 GB, or there is no room for the temporary file.
    """
    size = 4 * prod(shape)
    if size > _LARGEST:
        raise OptionError(
            f"{shape[0]} images of {' x '.join(map(str, shape[1:]))} values decode to "
            f"{size / 1e9:.3g} GB, but at most {_LARGEST / 1e9:.2g} GB are decoded: give a "
            "smaller ", OptionName("size"), ", or fewer images.",
        )  # fmt: skip
    with phase("reading images", shape[0], "image") as done:
        if size <= _HELD:
            array = np.empty(shape, dtype=np.float32)
            for row, image in zip(array, images, strict=True):
                row[...] = image
                done(1)
            return array
        try:
            with tempfile.TemporaryFile() as file:
                # Not through a memory map, where a full disk would end the process.
                for image in images:
                    file.write(np.ascontiguousarray(image, dtype=np.float32).data)
                    done(1)
                file.flush()
                return np.memmap(file, np.float32, "r", 0, shape)
        except OSError as error:
            raise OptionError(
                f"{size / 1e9:.3g} GB of decoded images do not fit in {tempfile.gettempdir()} "
                f"({reason(error)}): set TMPDIR to a folder with more room, or give a smaller ",
                OptionName("size"), ".",
            ) from error  # fmt: skip


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
        If the folder cannot be listed or holds no image, a header is damaged or declares too many
        pixels, or images differ in shape.
    """
    folder = Path(path)
    side = None if size is None else as_count(size, "size")
    try:
        files = sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"{printable(folder)} cannot be listed ({reason(error)}): give a folder you may read."
        ) from error
    if not files:
        raise InputError(
            f"{printable(folder)} holds no image (png, jpg, bmp, tif, webp, gif, ppm or pgm): "
            "give the folder that holds the files themselves."
        )
    # Headers first: they settle channels and shape before any pixel is decoded.
    with phase("looking at images", len(files), "image") as done:
        headers = []
        for file in files:
            headers.append(_read_header(file))
            done(1)
    channels = 1 if grey or all(colourless for colourless, _ in headers) else 3
    width, height = headers[0][1] if side is None else (side, side)
    for file, (_, found) in zip(files, headers, strict=True):
        if side is None and found != (width, height):
            raise OptionError(
                f"{printable(file)} has {found[0]} × {found[1]} pixels, but "
                f"{printable(files[0].name)} has {width} × {height}: give ", OptionName("size"),
                " to bring all images to one shape.",
            )  # fmt: skip
    return ImageFolder(tuple(files), (height, width, channels), side is not None)


@contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """An image of bearable size; what goes wrong with it is one sentence."""
    from PIL import Image

    name = printable(file)
    regular_file(file)
    try:
        with warnings.catch_warnings():
            # Pillow warns of what may be a bomb, and refuses twice the size by itself.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            f"{name} declares more than the {Image.MAX_IMAGE_PIXELS} pixels that Pillow takes for "
            "harmless: make the image smaller."
        ) from error
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as an image ({reason(error)}): replace or remove it."
        ) from error


def _read_header(file: Path) -> tuple[bool, tuple[int, int]]:
    """Tell whether an image is grey, and its (width, height)."""
    with _opened(file) as image:
        mode, shape, deep = image.mode, image.size, _has_16_bits(image)
        grey = deep or mode in {"1", "L", "LA"}
        if mode == "P":  # only here, because asking for the palette decodes the image
            palette = np.reshape(image.getpalette() or [0, 0, 0], (-1, 3))
            grey = bool(np.all(palette == palette[:, :1]))
    if mode in {"I", "F"} and not deep:
        raise InputError(
            f"{printable(file)} has 32-bit pixels, whose black and white are not defined: "
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
