"""Whole files in memory, if they are files: reading a pipe would wait for ever."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def regular_bytes(path: Path) -> bytes:
    """Content of a regular file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        If it cannot be read, or is a pipe, a socket or a device, which is not opened.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, no regular file")
    return path.read_bytes()
