"""Folders of images, through their class folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Images
from convergen.theory.data.members import sorted_members
from convergen.theory.data.regular_files import printable, reason
from convergen.theory.data.table import Format, register


def open_folder(path: Path, key: str | None = None) -> Images:
    """Find the images of a folder and of the folders in it.

    Parameters
    ----------
    path : Path
        The folder.
    key : None
        There is no choice.

    Returns
    -------
    Images

    Raises
    ------
    InputError
        If it cannot be listed, holds no image, or it is not clear which images are meant.
    """
    name = printable(path)
    try:
        found = sorted_members(_walk(path), name)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(
            f"{name} cannot be listed ({reason(error)}): give a folder you may read."
        ) from error
    files = tuple(path / each for each in found.names)
    return Images(name, found.names, lambda: iter(files), found.labels, found.skipped, files)


def _walk(top: Path) -> Iterator[str]:
    """Relative names of all files; each folder once, wherever links lead."""
    seen = set()
    folders = [top]
    while folders:
        folder = folders.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    if not entry.name.startswith("."):
                        folders.append(Path(entry.path))
                else:
                    yield Path(entry.path).relative_to(top).as_posix()


register(
    Format("folder", (), "its images, or those of its class folders", open_folder, images=True)
)
