"""What lies in an archive or a folder, sorted into images and the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from convergen.theory.common.checks import InputError
from convergen.theory.data.images.pixels import SUFFIXES
from convergen.theory.data.natural_order import natural_key
from convergen.theory.data.record import Skipped
from convergen.theory.data.regular_files import printable
from convergen.theory.messages.option_errors import OptionError
from convergen.theory.messages.sizes import size_words

# Share of images that may lie where the others do not, and be left out.
_STRAY = 0.1
LARGEST_IMAGE = 2**28


@dataclass(frozen=True)
class Sorted:
    """Names of images in natural order, their classes, and what else there is.

    Attributes
    ----------
    names : tuple of str
        Of images.
    labels : tuple of str or None
        Their folders, where there are several.
    skipped : tuple of Skipped
        The rest.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    skipped: tuple[Skipped, ...]


def sorted_members(names: Iterable[str], source: str) -> Sorted:
    """Sort names into images and the rest.

    Images lie all at the top, or all in folders, which then are their classes.

    Parameters
    ----------
    names : iterable of str
        Relative names of files, with / between folders.
    source : str
        What messages call the whole.

    Returns
    -------
    Sorted

    Raises
    ------
    InputError
        If there is no image, or images lie both at the top and in folders and neither are few.
    """
    images: list[str] = []
    others: list[str] = []
    for name in sorted(names, key=natural_key):
        path = PurePosixPath(name)
        if any(part.startswith(".") for part in path.parts) or path.parts[0] == "__MACOSX":
            continue
        (images if path.suffix.lower() in SUFFIXES else others).append(name)
    if not images:
        kinds = ", ".join(suffix[1:] for suffix in SUFFIXES if suffix not in (".jpeg", ".tiff"))
        raise InputError(
            f"{source} holds no image ({kinds}): give what holds the images themselves."
        )
    top = [name for name in images if "/" not in name]
    below = [name for name in images if "/" in name]
    few, many = sorted((top, below), key=len)
    if few and len(few) > _STRAY * len(images):
        raise OptionError(
            f"{source} holds {len(top)} images beside folders with {len(below)} images more "
            f"({printable(below[0])}, …), and it is not clear which are meant: give one of its "
            "folders, or move the others away."
        )
    skipped = []
    if few:
        where = "beside the class folders" if few is top else "in its folders"
        skipped.append(Skipped(f"{_lie(few)} {where}", tuple(few)))
    if others:
        why = "has another ending" if len(others) == 1 else "have other endings"
        skipped.append(Skipped(why, tuple(others)))
    labels = tuple(str(PurePosixPath(name).parent) for name in many) if many is below else None
    if labels is not None and len(set(labels)) == 1:
        labels = None
    return Sorted(tuple(many), labels, tuple(skipped))


def check_member(name: str, source: str, size: int, stored: int) -> None:
    """Refuse members of an archive that lead out of it, or fill the memory.

    Parameters
    ----------
    name : str
        Of the member.
    source : str
        What messages call the archive.
    size, stored : int
        Bytes unpacked, and in the archive.

    Raises
    ------
    InputError
        If its path is absolute or goes up, or it unpacks to more than 268 MB.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise InputError(
            f"{source} holds {printable(name)!r}, a path that leads out of the archive: make the "
            "archive again."
        )
    if path.suffix.lower() in SUFFIXES and size > LARGEST_IMAGE:
        raise InputError(
            f"{source} declares {size_words(size)} for {printable(name)} in {stored} bytes, but "
            f"one image may have {size_words(LARGEST_IMAGE)}: remove it."
        )


def _lie(names: list[str]) -> str:
    return "lies" if len(names) == 1 else "lie"
