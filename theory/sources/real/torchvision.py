"""Image sets of torchvision that are on disk."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.sets.classic_sets import ClassicSet, classic_set
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.sources.options import TEXT, TRUTH, Option
from convergen.theory.sources.points import Points
from convergen.theory.sources.real.array import GREY, SIZE
from convergen.theory.sources.source import Source, data_source
from convergen.theory.sources.table import SourceKind, register

_LOOKED_AT = 64
_NAMED = re.compile(r"(?:(?P<root>.+)/)?(?P<name>[A-Za-z]\w+):(?P<part>\w+)")
_OPTIONS = (
    Option("path", TEXT, "root folder of the set", required=True),
    Option("name", TEXT, "class in torchvision.datasets, such as MNIST", required=True),
    Option("train", TRUTH, "part, for classes that take train"),
    Option("split", TEXT, "part, for classes that take split"),
    Option("part", TEXT, "train or test, or another part, however the class takes it"),
    SIZE,
    GREY,
)


def load(
    path: str,
    name: str,
    train: bool | None,
    split: str | None,
    part: str | None,
    size: int | None,
    grey: bool,
) -> Source:
    """Images of a torchvision data set that is on disk already; nothing is downloaded.

    Parameters
    ----------
    path : str
        Its ``root`` folder.
    name : str
        Its class in ``torchvision.datasets``, such as ``MNIST`` or ``CelebA``.
    train : bool or None
        Part, for classes that take ``train``.
    split : str or None
        Part, for classes that take ``split``.
    part : str or None
        Part, for classes that take one or the other.
    size, grey
        As for a folder of images.

    Returns
    -------
    Source
        Images (channels, height, width) in [0, 1], decoded when they are asked for.

    Raises
    ------
    InputError
        If torchvision, the class or the files are missing, or images differ in size.
    """
    from convergen.theory.data.images.image_sets import decoded

    root = Path(path)
    source = _open(root, name, {"train": train, "split": split}, part)
    first = source[0][0]
    # Not by the first image alone: a set of colour images may begin with a grey one.
    some = range(0, len(source), max(1, len(source) // _LOOKED_AT))
    channels = 1 if grey or all(_colourless(source[number][0]) for number in some) else 3
    height, width = (first.height, first.width) if size is None else (size, size)
    whole = (len(source), channels, height, width)

    def points() -> Points:
        return Points(name, decoded(_images(source, name, whole[1:], size, grey), whole), whole[1:])

    files = (
        source.files
        if isinstance(source, ClassicSet)
        else tuple(sorted(file for file in root.rglob("*") if file.is_file()))
    )
    return data_source(name, points, files=files, size=whole)


def _images(
    source: Any, name: str, shape: tuple[int, ...], size: int | None, grey: bool
) -> Iterator[NDArray[np.float32]]:
    """Decode one image after the other, channels first."""
    from convergen.theory.data.images.pixels import pixels

    channels, height, width = shape
    for number in range(len(source)):
        image = source[number][0]
        if size is None and image.size != (width, height):
            raise OptionError(
                f"image {number} of {name} has {image.width} x {image.height} pixels, but the "
                f"first has {width} x {height}: give ", OptionName("size"),
                " to bring all images to one shape.",
            )  # fmt: skip
        if channels == 1 and not (grey or _colourless(image)):
            raise OptionError(
                f"image {number} of {name} has colour, but most have none: give ",
                OptionName("grey"), ".",
            )  # fmt: skip
        yield np.moveaxis(pixels(image, channels, size), 2, 0)


def _open(root: Path, name: str, parts: dict[str, Any], part: str | None = None) -> Any:
    """Data set of images, or a clear error; MNIST and CIFAR are read without torchvision."""
    from convergen.theory.data.regular_files import printable

    if parts.get("split") is None and part in (None, "train", "test"):
        # torchvision takes the training part unless it is told otherwise.
        wanted = parts.get("train") is not False if part is None else part == "train"
        found = classic_set(root, name, train=wanted)
        if found is not None:
            return found
    try:
        import torchvision
    except ImportError as error:
        raise InputError(
            "torchvision is not installed, and no files of MNIST or CIFAR in its layout lie in "
            f"{printable(root)}: install it beside your version of torch, or save the "
            "images as a .npy file and use the kind 'array'."
        ) from error
    kind = getattr(torchvision.datasets, name, None)
    if not isinstance(kind, type) or name.startswith("_"):
        raise InputError(f"torchvision has no data set {name!r}: give a class such as 'MNIST'.")
    if not root.is_dir():
        raise InputError(f"{printable(root)} is not a folder: give the root folder of {name}.")
    given = {key: value for key, value in parts.items() if value is not None}
    if part is not None:
        given |= _as_taken(kind, name, part)
    try:
        source = kind(str(root), **given)
        count = len(source)
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise InputError(
            f"{name} cannot be opened in {printable(root)} ({' '.join(str(error).split())}): give "
            "the root of a data set that is on disk, with train or split as its class takes them."
        ) from error
    if count == 0 or not hasattr(source[0][0], "getbands"):
        raise InputError(f"{name} in {printable(root)} holds no images: choose another data set.")
    return source


def _as_taken(kind: type, name: str, part: str) -> dict[str, Any]:
    """A part, as the class of the set takes it."""
    takes = inspect.signature(kind).parameters
    if "train" in takes and part in ("train", "test"):
        return {"train": part == "train"}
    if "split" in takes and "train" not in takes:
        return {"split": part}
    words = "train or test" if "train" in takes else "no part"
    raise InputError(f"{name} has no part {part!r}: it takes {words}.")


def _understands(text: str) -> dict[str, str] | None:
    """CIFAR10:train, in the folder data or here; or ROOT/CIFAR10:train."""
    found = _NAMED.fullmatch(text)
    if found is None or Path(text).exists():
        return None
    usual = "data" if Path("data").is_dir() else "."
    return {"path": found["root"] or usual, "name": found["name"], "part": found["part"]}


def _colourless(image: Any) -> bool:
    return image.mode in ("1", "L")


register(
    SourceKind(
        "torchvision", "images of a torchvision data set on disk, also as CIFAR10:train", _OPTIONS,
        load, understands=_understands,
    )
)  # fmt: skip
