"""Files are written beside their target and renamed, so that none is ever half written."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from convergen.theory.common.checks import InputError

# In the name of every unfinished file, before its ending: nobody else calls a file so.
PART = ".convergen-part"
# Bytes of the target's name that an unfinished file repeats; file systems allow 255 in all.
_STEM_BYTES = 120


class Written(NamedTuple):
    """A file that was written.

    Attributes
    ----------
    path : Path
        As it was asked for.
    replaced : bool
        Whether another file was there before.
    """

    path: Path
    replaced: bool


def check_target(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a path that cannot be written, before any work is done for it.

    Parameters
    ----------
    path : Path
        File to be written; where it is a symbolic link, the file it points to.
    suffixes : tuple of str
        Allowed endings, with their dots.

    Raises
    ------
    InputError
        If the ending is not allowed, the path is not one of a file, or the folder does not exist
        or cannot be written to.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(
            f"cannot write {path.name!r}: its name must end in {' or '.join(suffixes)}."
        )
    try:
        target = _followed(path)
        if not target.parent.is_dir():
            raise InputError(f"cannot write {path}: the folder {target.parent} does not exist.")
    except OSError as error:
        raise _refusal(path, error) from error
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError(f"cannot write {path}: no permission to change this file.")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"cannot write {path}: no permission for the folder {target.parent}.")


def write_beside(path: Path, write: Callable[[Path], object]) -> Written:
    """Let `write` fill a temporary file in the same folder, then rename it to `path`.

    Parameters
    ----------
    path : Path
        Final name. An existing file is replaced and its permissions are kept; a symbolic link
        stays, and the file it points to is written.
    write : callable
        Called with the temporary path, which has the same suffix.

    Returns
    -------
    Written
        The path, and whether a file was there before.

    Raises
    ------
    InputError
        If the operating system refuses, e.g. on a full disk; the old file is then untouched.
    """
    temporary: Path | None = None
    try:
        target = _followed(path)
        handle, name = tempfile.mkstemp(
            prefix=f"{_stem(target)}-", suffix=PART + path.suffix, dir=target.parent
        )
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        replaced = target.exists()
        temporary.chmod(target.stat().st_mode & 0o777 if replaced else _new_file_mode())
        temporary.replace(target)
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return Written(path, replaced)


def unfinished(path: Path) -> Iterator[Path]:
    """Temporary files that killed processes left where they were writing `path`.

    Parameters
    ----------
    path : Path
        Their target; ``folder / "*"`` for whatever was written in a folder.

    Yields
    ------
    Path
    """
    anything = path.name == "*"
    name = f".*{PART}*" if anything else f"{glob.escape(_stem(path))}-*{PART}{path.suffix}"
    yield from path.parent.glob(name)


def _followed(path: Path) -> Path:
    """The file behind symbolic links, which need not exist yet; refuses what is no file."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise InputError(f"cannot write {path}: its symbolic links lead in a circle.")
    if target.is_dir():
        raise InputError(f"cannot write {path}: it is a folder, give a file name.")
    if target.exists() and not target.is_file():
        raise InputError(f"cannot write {path}: it is not a plain file, give another name.")
    return target


def _stem(path: Path) -> str:
    """How names of temporary files begin: hidden, and short enough for any file system."""
    return "." + os.fsdecode(os.fsencode(path.stem)[:_STEM_BYTES])


def _new_file_mode() -> int:
    """Permissions of any new file; those of temporary files are private."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _refusal(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror or error}.")
