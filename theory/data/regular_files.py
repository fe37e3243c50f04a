"""Files are looked at before they are opened: only regular ones are read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from convergen.theory.common.checks import InputError

_TYPES = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_LONGEST = 120


def regular_file(path: Path, *, folders: bool = False) -> os.stat_result:
    """Status of a regular file; opening a pipe instead would wait for ever.

    Parameters
    ----------
    path : Path
        File.
    folders : bool
        Whether a folder will do as well.

    Returns
    -------
    os.stat_result

    Raises
    ------
    InputError
        If there is no such file, or it is a pipe, a socket, a device or an unwanted folder.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{printable(path)} cannot be opened ({reason(error)}): give an array file or a folder "
            "of images."
        ) from error
    if not stat.S_ISREG(found.st_mode) and not (folders and stat.S_ISDIR(found.st_mode)):
        what = _TYPES.get(stat.S_IFMT(found.st_mode), "a folder")
        raise InputError(f"{printable(path)} is {what}: give a regular file.")
    return found


def printable(path: str | os.PathLike[str]) -> str:
    """Name of a file as any message can hold it.

    Parameters
    ----------
    path : str or path-like
        Name; bytes that are no text, and control characters, are escaped, and the middle of a very
        long name is left out.

    Returns
    -------
    str
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


def reason(error: BaseException) -> str:
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
    return printable(str(text).splitlines()[0].rstrip("."))
