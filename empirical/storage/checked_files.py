"""Files that are whole or absent, and survive a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import unfinished, write_beside
from convergen.theory.files.regular_bytes import regular_bytes
from convergen.theory.files.seals import is_sound, sealed


class StorageError(InputError):
    """The operating system refuses to read or write: the work cannot be continued."""


class CorruptFile(Exception):
    """A file is not what was written."""


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file with its digest in it.

    Parameters
    ----------
    path : Path
        Target; replaced if it exists.
    content : bytes
        What it shall hold, with `convergen.theory.files.seals.EMPTY_SEAL` in it once.

    Raises
    ------
    StorageError
        If the operating system refuses, e.g. on a full disk.
    """
    write(path, sealed(content))


def read_sealed(path: Path) -> bytes | None:
    """Read a file that `write_sealed` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes or None
        None if there is no such file.

    Raises
    ------
    CorruptFile
        If it is not what was written.
    StorageError
        If the operating system refuses, or it is a folder.
    """
    content = read(path)
    if content is not None and not is_sound(content):
        raise CorruptFile(f"{path} is damaged: its content does not match its digest")
    return content


def write(path: Path, content: bytes) -> None:
    """Write a whole file that survives a loss of power once this returns.

    Parameters
    ----------
    path : Path
        Target; replaced if it exists.
    content : bytes
        What it shall hold.

    Raises
    ------
    StorageError
        If the operating system refuses; an older file is then untouched.
    """
    try:
        write_beside(path, lambda temporary: _write_through(temporary, content))
    except InputError as error:
        raise StorageError(str(error)) from error
    _write_folder_through(path.parent)


def read(path: Path) -> bytes | None:
    """Read a whole file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes or None
        None if there is no such file.

    Raises
    ------
    StorageError
        If the operating system refuses, or it is a folder.
    """
    try:
        return regular_bytes(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}.") from error


def make_folder(path: Path) -> None:
    """Make a folder with its parents.

    Parameters
    ----------
    path : Path
        May exist.

    Raises
    ------
    StorageError
        If the operating system refuses, or it cannot be written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        writable = os.access(path, os.W_OK | os.X_OK)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise StorageError(f"cannot use the folder {path}: {reason}: give another one.") from error
    if not writable:
        raise StorageError(f"cannot write to the folder {path}: no permission: give another one.")


def remove_parts(folder: Path) -> None:
    """Delete the half-written files that killed processes left; nothing else is called so.

    Parameters
    ----------
    folder : Path
        No other process may be writing there.
    """
    for path in unfinished(folder / "*"):
        path.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _write_folder_through(folder: Path) -> None:
    """Make a rename last; some file systems cannot, and need not."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
