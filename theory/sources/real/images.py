"""Folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.sources.options import TEXT, TRUTH, WHOLE, Option
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.sources.table import SourceKind, register

SIZE = Option(
    "size", WHOLE, "side in pixels to which images are cropped and resized", least=1, most=2**14,
    flag="--size",
)  # fmt: skip
GREY = Option("grey", TRUTH, "turn colour images into grey", False, flag="--grey")


def load(path: str, size: int | None, grey: bool) -> Source:
    """All images of a folder.

    Parameters
    ----------
    path : str
        Folder of png, jpg, bmp, tif, webp, gif, ppm or pgm files; not those of sub-folders.
    size : int or None
        Side in pixels to which images are brought by a centre crop and Lanczos resampling; without
        it all must have one size.
    grey : bool
        Turn colour images into grey.

    Returns
    -------
    Source
        Images (channels, height, width) in [0, 1], decoded when they are asked for.

    Raises
    ------
    InputError
        If there is no image, or one is damaged or of another size.
    """
    from convergen.theory.data.image_folders import decoded, open_folder
    from convergen.theory.data.regular_files import printable

    folder = Path(path)
    if folder.is_file():
        raise InputError(
            f"{printable(folder)} is a file: use the kind 'array' for an array of numbers."
        )
    found = open_folder(folder, size=size, grey=grey)
    height, width, channels = found.shape
    whole = (len(found.files), channels, height, width)

    def points() -> Points:
        each = (np.moveaxis(found.read(number), 2, 0) for number in range(whole[0]))
        return Points(printable(folder), decoded(each, whole), whole[1:])

    return data_source(
        printable(folder.resolve().name), points, label=printable(folder.name), files=found.files,
        size=whole,
    )  # fmt: skip


register(
    SourceKind(
        "images", "the path of a folder of images",
        (Option("path", TEXT, "the folder", required=True), SIZE, GREY), load, opens=Path.is_dir,
    )
)  # fmt: skip
