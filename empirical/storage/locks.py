"""Locks that keep other processes out of a folder; that of a killed process vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convergen.empirical.storage.checked_files import StorageError, make_folder, remove_parts

LOCK = ".convergen.lock"


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(folder: Path, timeout: float) -> Iterator[None]:
    """Keep other processes out of a folder, and remove what killed ones left half written.

    Parameters
    ----------
    folder : Path
        Made if there is none.
    timeout : float
        Seconds to wait for another process.

    Raises
    ------
    Busy
        If another process keeps it for longer.
    StorageError
        If the folder cannot be made, locked or written to.
    """
    from filelock import FileLock, Timeout

    make_folder(folder)
    path = folder / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        raise Busy from None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StorageError(f"cannot lock {path}: {reason}: give another folder.") from error
    try:
        remove_parts(folder)
        yield
    finally:
        lock.release()
