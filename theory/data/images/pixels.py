"""From one encoded image to numbers in [0, 1], as a person sees it.

Turned by its EXIF orientation; laid on white where it is transparent; grey, RGB, palettes, CMYK and
16-bit grey. Colour profiles are not applied, and only the first frame is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import reason, regular_file

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm",
)  # fmt: skip
# What transparent pixels are laid on, as on a page.
_PAPER = (255, 255, 255, 255)
# What NumPy and Pillow were seen to raise on damaged files.
_DAMAGE = (OSError, ValueError, TypeError, EOFError, SyntaxError, RuntimeError)
_WIDTH, _HEIGHT, _ORIENTATION, _TURNED = 0x0100, 0x0101, 0x0112, (5, 6, 7, 8)
# Above so many pixels an image must store one byte for at most so many of them.
_MANY, _PER_BYTE = 2**24, 500


@dataclass(frozen=True)
class Head:
    """What an image says of itself before it is decoded.

    Attributes
    ----------
    size : tuple of int
        (width, height) as it is seen, upright.
    grey : bool
        Whether it has no colour.
    deep : bool
        Whether it has 16 bits.
    transparent : bool
        Whether it has transparency.
    turned : bool
        Whether its orientation differs from that of its file.
    """

    size: tuple[int, int]
    grey: bool
    deep: bool
    transparent: bool
    turned: bool


@contextmanager
def opened(file: Path | BytesIO, name: str) -> Iterator[Image.Image]:
    """Open an image of bearable size; what goes wrong with it is one sentence.

    Parameters
    ----------
    file : Path or BytesIO
        Where it is.
    name : str
        What messages call it.

    Yields
    ------
    PIL.Image.Image
        Not decoded yet.

    Raises
    ------
    InputError
        If it is damaged, no image, or declares too many pixels.
    """
    from PIL import Image

    stored = regular_file(file).st_size if isinstance(file, Path) else file.getbuffer().nbytes
    try:
        with warnings.catch_warnings(), ExitStack() as stack:
            # Pillow warns of what may be a bomb, and refuses twice the size by itself.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Not by its name: Pillow would map uncompressed TIFFs that are turned, with the sides
            # of the upright image, and mix up their pixels.
            content = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
            with Image.open(content) as image:
                count = image.width * image.height
                if count > max(_MANY, _PER_BYTE * stored):
                    raise InputError(
                        f"{name} declares {count} pixels in {stored} bytes, as images that fill "
                        "the memory do: make the image smaller."
                    )
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            f"{name} declares more than the {Image.MAX_IMAGE_PIXELS} pixels that Pillow takes for "
            "harmless: make the image smaller."
        ) from error
    except InputError:
        raise
    except _DAMAGE as error:
        # Pillow names an object of Python where it does not know the format.
        why = "its format is not known" if "BytesIO" in str(error) else reason(error)
        raise InputError(
            f"{name} cannot be read as an image ({why}): replace or remove it."
        ) from error


def read_head(file: Path | BytesIO, name: str) -> Head:
    """Look at an image without decoding it, palettes apart.

    Parameters
    ----------
    file : Path or BytesIO
        Where it is.
    name : str
        What messages call it.

    Returns
    -------
    Head

    Raises
    ------
    InputError
        If it is no image, or its black and white are not defined.
    """
    with opened(file, name) as image:
        mode, size, deep = image.mode, _stored_size(image), _has_16_bits(image)
        turned = _orientation(image)
        transparent = bool(image.has_transparency_data)
        grey = deep or mode in {"1", "L", "LA"}
        if mode == "P":  # only here, because asking for the palette decodes the image
            palette = np.reshape(image.getpalette() or [0, 0, 0], (-1, 3))
            grey = bool(np.all(palette == palette[:, :1]))
    if mode in {"I", "F"} and not deep:
        raise InputError(
            f"{name} has 32-bit pixels, whose black and white are not defined: convert it to 8 or "
            "16 bits, or save the data as .npy."
        )
    upright = (size[1], size[0]) if turned in _TURNED else size
    return Head(upright, grey, deep, transparent, turned not in (None, 1))


def read_pixels(
    file: Path | BytesIO, name: str, channels: int, side: int | None = None
) -> NDArray[np.float32]:
    """Decode one image.

    Parameters
    ----------
    file : Path or BytesIO
        Where it is.
    name : str
        What messages call it.
    channels : {1, 3}
        Grey or RGB.
    side : int, optional
        Side in pixels after a centre crop to a square.

    Returns
    -------
    ndarray of float32, shape (height, width, channels)
        In [0, 1].

    Raises
    ------
    InputError
        If it is damaged.
    """
    with opened(file, name) as image:
        return pixels(image, channels, side)


def pixels(image: Image.Image, channels: int, side: int | None = None) -> NDArray[np.float32]:
    """Values of one image.

    Parameters
    ----------
    image : PIL.Image.Image
        Of any mode.
    channels : {1, 3}
        Grey or RGB.
    side : int, optional
        Side in pixels after a centre crop to a square.

    Returns
    -------
    ndarray of float32, shape (height, width, channels)
        In [0, 1].
    """
    from PIL import Image, ImageOps

    deep = _has_16_bits(image)  # the turned image no longer tells
    image = _convert(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB", deep)
    if side is not None:
        short = min(image.size)
        left, top = (image.width - short) // 2, (image.height - short) // 2
        image = image.crop((left, top, left + short, top + short))
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    values: NDArray[np.float32] = np.asarray(image, dtype=np.float32) / np.float32(255)
    # Pillow clips the overshoot of Lanczos at edges for 8-bit pixels only.
    np.clip(values, 0.0, 1.0, out=values)
    return values.reshape(image.height, image.width, channels)


def _convert(image: Image.Image, mode: str, deep: bool) -> Image.Image:
    """Convert to L or RGB, keeping the precision of 16-bit grey."""
    from PIL import Image

    if deep:
        # Pillow's own conversion clips in some versions; 65535 = 255 · 257.
        image = Image.fromarray(np.asarray(image, dtype=np.float32) / 257)
        return image if mode == "L" else image.convert("L").convert(mode)
    if image.has_transparency_data:
        clear = image.convert("RGBA")  # a palette with transparency has no direct way to RGB
        image = Image.alpha_composite(Image.new("RGBA", clear.size, _PAPER), clear)
    return image.convert(mode)


def _has_16_bits(image: Image.Image) -> bool:
    # Pillow opens some 16-bit files as 32-bit integers that still end at 65535.
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in {"PNG", "PPM"})


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) in the file; Pillow may say those of the upright image for TIFFs."""
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        return int(tags[_WIDTH]), int(tags[_HEIGHT])
    return image.size


def _orientation(image: Image.Image) -> Any:
    """EXIF orientation; that of a PNG only where it stands before the pixels."""
    if image.format == "PNG" and "exif" not in image.info:
        return None
    return image.getexif().get(_ORIENTATION)
