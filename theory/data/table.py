"""The table of formats: which suffixes there are, what such files hold, and how they are opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.common.rooms import load_rooms
from convergen.theory.data.contents import Contents
from convergen.theory.data.regular_files import printable, regular_file
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.optional_packages import package_missing

_ROOMS = ("convergen.theory.data.formats.arrays", "convergen.theory.data.formats.pictures")


@dataclass(frozen=True)
class Format:
    """One row of the table.

    Attributes
    ----------
    name : str
        What records call it.
    suffixes : tuple of str
        Endings of its files, in lower case; empty for folders.
    holds : str
        What is read from it, in one line.
    open : callable
        From the path and the key to what it holds. Heavy imports belong inside.
    key : str
        What the option ``key`` names in it, ``"an array"``; empty where there is no choice.
    images : bool
        Whether it holds encoded images, to which ``size`` and ``grey`` apply.
    package, extra : str
        Package that it needs beside those of the theory, and the extra that brings it.
    """

    name: str
    suffixes: tuple[str, ...]
    holds: str
    open: Callable[[Path, str | None], Contents]
    key: str = ""
    images: bool = False
    package: str = ""
    extra: str = ""


_FORMATS: dict[str, Format] = {}


def register(row: Format) -> Format:
    """Add a format to the table.

    Parameters
    ----------
    row : Format
        Its row.

    Returns
    -------
    Format
        The same.
    """
    _FORMATS[row.name] = row
    return row


def formats() -> dict[str, Format]:
    """Read the whole table.

    Returns
    -------
    dict
        Formats by name, in alphabetical order.
    """
    load_rooms(*_ROOMS)
    return dict(sorted(_FORMATS.items()))


def suffixes(*, images: bool | None = None, keyed: bool | None = None) -> tuple[str, ...]:
    """Endings of the formats of some kind.

    Parameters
    ----------
    images, keyed : bool, optional
        Only formats that hold encoded images, or take a key, or do not.

    Returns
    -------
    tuple of str
    """
    return tuple(
        suffix
        for row in formats().values()
        if images in (None, row.images) and keyed in (None, bool(row.key))
        for suffix in row.suffixes
    )


def ends_in(path: Path, endings: tuple[str, ...]) -> bool:
    """Tell whether a file has one of some endings, which may have several dots.

    Parameters
    ----------
    path : Path
        The file.
    endings : tuple of str
        In lower case.

    Returns
    -------
    bool
    """
    return path.name.lower().endswith(endings) if endings else False


def format_of(path: Path) -> Format:
    """Find the format of a file or a folder, by its suffix.

    Parameters
    ----------
    path : Path
        It must exist.

    Returns
    -------
    Format

    Raises
    ------
    InputError
        If it is missing, no regular file or folder, or of no known format.
    """
    regular_file(path, folders=True)
    for row in formats().values():
        if not row.suffixes if path.is_dir() else ends_in(path, row.suffixes):
            return row
    known = suffixes()
    raise InputError(
        f"{printable(path)} is neither a {', '.join(known[:-1])} or {known[-1]} file nor a folder "
        "of images: convert it with numpy.save, or give the folder."
    )


def open_contents(path: Path, key: str | None = None) -> tuple[Contents, Format]:
    """Open a file or a folder of any known format.

    Parameters
    ----------
    path : Path
        What to open.
    key : str, optional
        Name of the array, tensor or column that is meant.

    Returns
    -------
    tuple of Contents and Format

    Raises
    ------
    InputError
        If it is missing, of no known format, damaged, too large or empty, a package is missing, or
        `key` does not apply to it.
    """
    row = format_of(path)
    if key is not None and not row.key:
        raise OptionError(
            OptionName("key"), f" applies only to {', '.join(suffixes(keyed=True))} files, not to "
            f"{printable(path)}: leave it out.",
        )  # fmt: skip
    try:
        return row.open(path, key), row
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != row.package:
            raise
        raise package_missing(f"reading {printable(path)}", row.package, row.extra) from error
