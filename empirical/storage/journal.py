"""Append-only logs of JSON lines, for people and their tools: nothing here reads them."""

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
