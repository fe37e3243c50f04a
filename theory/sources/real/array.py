"""The user's own array files."""

from __future__ import annotations

from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.data.images.pixel_agreement import LAYOUTS
from convergen.theory.data.table import ends_in, suffixes
from convergen.theory.sources.options import KEY_HELP, KEYS, TEXT, TRUTH, WHOLE, WHOLES, Option
from convergen.theory.sources.reading import data_of
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register

KEY = Option(
    "key", KEYS, KEY_HELP, flag="--key", ending=suffixes(keyed=True),
)  # fmt: skip
SIZE = Option(
    "size", WHOLE, "side in pixels to which images are cropped and resized", least=1, most=2**14,
    flag="--size",
)  # fmt: skip
GREY = Option("grey", TRUTH, "turn colour images into grey", False, flag="--grey")
_OPTIONS = (
    Option("path", TEXT, "the file", required=True),
    KEY,
    Option(
        "shape", WHOLES, "shape of one point, d or channels,height,width", least=1,
        flag="--shape", drawing=True,
    ),
    Option(
        "layout", TEXT, "channels of images stored first or last; without it the order in which "
        "neighbouring pixels agree", choices=LAYOUTS, flag="--layout",
    ),
    SIZE,
    GREY,
)  # fmt: skip


def load(
    path: str,
    key: str | None,
    shape: tuple[int, ...] | None,
    layout: str | None,
    size: int | None,
    grey: bool,
) -> Source:
    """Points from a file of numbers; never unpickled.

    Parameters
    ----------
    path : str
        The file: vectors (N, d), grey images (N, height, width), or images with 1 to 4 channels,
        first (N, channels, height, width) or last.
    key : str or None
        Name of the array, tensor or data set in a file that holds several.
    shape : tuple of int or None
        Shape of one point, to which rows are reshaped: (d,), or (channels, height, width).
    layout : {'first', 'last'} or None
        Whether channels of images are stored first or last; None to find out.
    size : int or None
        Side in pixels to which images are brought by a centre crop and Lanczos resampling.
    grey : bool
        Turn colour images into grey.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the file cannot be read or its shape is none of these.
    """
    from convergen.theory.data.regular_files import printable

    if Path(path).is_dir():
        raise InputError(
            f"{printable(path)} is a folder: use the kind 'images' for a folder of images."
        )
    return data_of(path, key=key, shape=shape, layout=layout, size=size, grey=grey)


def _opens(path: Path) -> bool:
    return not path.is_dir() and not ends_in(path, suffixes(images=True))


register(
    SourceKind(
        "array", f"the path of an array file ({', '.join(suffixes(images=False))})", _OPTIONS, load,
        opens=_opens,
    )
)  # fmt: skip
