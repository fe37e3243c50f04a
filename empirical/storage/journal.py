"""Append-only logs of JSON lines."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergen.empirical.storage.checked_files import StorageError


def append(path: Path, record: Mapping[str, object]) -> None:
    """Add one line, with the time.

    Parameters
    ----------
    path : Path
        The log.
    record : mapping
        Numbers, words, lists and arrays.

    Raises
    ------
    StorageError
        If the operating system refuses.
    """
    line = json.dumps({"time": round(time.time(), 3)} | {k: _plain(v) for k, v in record.items()})
    try:
        with path.open("ab+") as file:
            # One write of whole lines; a line that a kill has torn is closed first.
            torn = file.tell() > 0 and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"
            file.write(b"\n" * torn + line.encode() + b"\n")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}.") from error


def flush(path: Path) -> None:
    """Make what was appended survive a loss of power.

    Parameters
    ----------
    path : Path
        The log; need not exist.
    """
    if path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Read a log.

    Parameters
    ----------
    path : Path
        The log; need not exist.

    Returns
    -------
    list of dict
        In the order of writing; torn lines are left out, and of several records with the same
        ``images``, events apart, only the last is kept.
    """
    found: dict[object, dict[str, Any]] = {}
    for number, line in enumerate(_lines(path)):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        placed = "images" in record and "event" not in record
        key = ("images", record["images"]) if placed else number
        found.pop(key, None)
        found[key] = record
    return list(found.values())


def last_images(path: Path, reach: int = 4096) -> int:
    """Images seen according to the end of a log.

    Parameters
    ----------
    path : Path
        The log; need not exist.
    reach : int
        Bytes to look at.

    Returns
    -------
    int
        0 if nothing was logged there.
    """
    for line in reversed(_lines(path, reach)):
        try:
            images = json.loads(line).get("images")
        except (ValueError, AttributeError):
            continue
        if images is not None:
            return int(images)
    return 0


def _lines(path: Path, reach: int | None = None) -> list[bytes]:
    try:
        with path.open("rb") as file:
            if reach is not None:
                file.seek(max(0, path.stat().st_size - reach))
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def _plain(value: Any) -> Any:
    """As strict JSON holds it: arrays as lists, numbers that are not finite as null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return value
