"""Files that are whole or absent, with a checksum beside them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from convergen.theory.common.atomic_files import unfinished, write_beside
from convergen.theory.common.checks import InputError


class StorageError(InputError):
    """The disk is full, or a folder cannot be written to: the work cannot go on."""


class CorruptFile(Exception):
    """A file is not what was written: its checksum fails or is missing."""


def checksum_path(path: Path) -> Path:
    """Where the checksum of a file is kept, in the format of ``sha256sum --check``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Path
    """
    return path.with_name(f"{path.name}.sha256")


def seal(path: Path, content: bytes) -> None:
    """Write a file and its checksum so that a kill at any moment leaves both or no file.

    Parameters
    ----------
    path : Path
        Target; replaced if it exists.
    content : bytes
        What it shall hold.

    Raises
    ------
    StorageError
        If the operating system refuses, e.g. on a full disk.
    """
    line = f"{hashlib.sha256(content).hexdigest()}  {path.name}\n".encode()
    beside = checksum_path(path)
    if path.exists() and _read(beside) == line and _read(path) == content:
        return
    # An older version goes first and the checksum comes before its file: whatever is found under
    # the name of the file is whole and has its own checksum.
    remove_sealed(path)
    write(beside, line)
    try:
        write(path, content)
    except StorageError:
        beside.unlink(missing_ok=True)
        raise


def unseal(path: Path) -> bytes | None:
    """Read a sealed file.

    Parameters
    ----------
    path : Path
        From `seal`.

    Returns
    -------
    bytes or None
        None if there is no such file.

    Raises
    ------
    CorruptFile
        If it is not what was written.
    """
    content = _read(path)
    if content is None:
        return None
    line = _read(checksum_path(path))
    if line is None:
        raise CorruptFile(f"{path} has lost its checksum")
    if line.split()[:1] != [hashlib.sha256(content).hexdigest().encode()]:
        raise CorruptFile(f"{path} fails its checksum")
    return content


def remove_sealed(path: Path) -> None:
    """Delete a sealed file, then its checksum.

    Parameters
    ----------
    path : Path
        Need not exist.
    """
    path.unlink(missing_ok=True)
    checksum_path(path).unlink(missing_ok=True)


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
        If the operating system refuses.
    """
    try:
        write_beside(path, lambda temporary: _write_through(temporary, content))
    except InputError as error:
        raise StorageError(str(error)) from error
    _write_folder_through(path.parent)


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
    except OSError as error:
        reason = "it is a file" if path.is_file() else error.strerror
        raise StorageError(f"cannot use the folder {path}: {reason}: give another one.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise StorageError(f"cannot write to the folder {path}: no permission: give another one.")


def sweep_out(folder: Path, *names: str) -> None:
    """Delete the temporary files, and checksums without a file, that a killed process left.

    Parameters
    ----------
    folder : Path
        No other process may be writing there.
    *names : str
        Files that are written there; without any, the whole folder is ours.
    """
    for name in names or ("*",):
        for path in unfinished(folder / name):
            path.unlink(missing_ok=True)
        for path in folder.glob(checksum_path(folder / name).name):
            if not path.with_suffix("").exists():
                path.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


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
