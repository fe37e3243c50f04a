"""Folders and archives of images."""

from __future__ import annotations

from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.data.images.sheets import CUT, KEEP
from convergen.theory.data.table import ends_in, suffixes
from convergen.theory.sources.options import TEXT, Option
from convergen.theory.sources.reading import data_of
from convergen.theory.sources.real.array import GREY, KEY, SIZE
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register

SHEETS = Option(
    "sheets", TEXT, "cut contact sheets into their images, or keep each as one image",
    choices=(CUT, KEEP), flag="--sheets",
)  # fmt: skip


def load(path: str, key: str | None, size: int | None, grey: bool, sheets: str | None) -> Source:
    """All images of a folder or an archive.

    Parameters
    ----------
    path : str
        Folder of png, jpg, bmp, tif, webp, gif, ppm or pgm files, or of class folders that hold
        them; or an archive or a table of them.
    key : str or None
        Column of a table that holds several.
    size : int or None
        Side in pixels to which images are brought by a centre crop and Lanczos resampling; without
        it all must have one size.
    grey : bool
        Turn colour images into grey.
    sheets : {'cut', 'keep'} or None
        Cut contact sheets, or take each for one image; None to refuse them.

    Returns
    -------
    Source
        Images (channels, height, width) in [0, 1], decoded when they are asked for.

    Raises
    ------
    InputError
        If there is no image, or one is damaged or of another size.
    """
    from convergen.theory.data.regular_files import printable

    if Path(path).is_file() and not _opens(Path(path)):
        raise InputError(
            f"{printable(path)} is a file: use the kind 'array' for an array of numbers."
        )
    return data_of(path, key=key, size=size, grey=grey, sheets=sheets)


def _opens(path: Path) -> bool:
    return path.is_dir() or ends_in(path, suffixes(images=True))


register(
    SourceKind(
        "images",
        f"the path of a folder or an archive of images ({', '.join(suffixes(images=True))})",
        (Option("path", TEXT, "what holds them", required=True), KEY, SIZE, GREY, SHEETS), load,
        opens=_opens,
    )
)  # fmt: skip
