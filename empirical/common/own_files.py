"""Python files of users: imported once for each content, and known by their digest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.files.regular_bytes import regular_bytes


def attempted(words: str, act: Callable[[], Any]) -> Any:
    """Run what a user wrote; whatever it raises becomes one sentence.

    Parameters
    ----------
    words : str
        Beginning of the sentence.
    act : callable
        Takes nothing.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    InputError
        If it raises anything.
    """
    try:
        return act()
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        lines = str(error).strip().splitlines() or [""]
        raise InputError(f"{words}: {type(error).__name__}: {lines[0]}") from error


def content_of(path: Path, what: str) -> bytes:
    """Bytes of a file.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What messages call it.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return regular_bytes(path)
    except OSError as error:
        raise InputError(f"cannot read the {what} {str(path)!r}: {error.strerror}.") from error


def imported(path: Path, what: str) -> Any:
    """The module of a file, imported once for each content.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What messages call it.

    Returns
    -------
    module

    Raises
    ------
    InputError
        If it cannot be read or imported.
    """
    from importlib.util import module_from_spec, spec_from_file_location

    content = content_of(path, what)
    name = f"_convergen_own_{sha256(content + str(path.resolve()).encode())}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        assert spec is not None
        module = module_from_spec(spec)
        sys.modules[name] = module

        def run() -> None:
            # The very bytes of the digest: Python's cache knows a file by size and second alone.
            exec(compile(content, str(path), "exec"), module.__dict__)

        try:
            attempted(f"cannot import {path}", run)
        except InputError:
            del sys.modules[name]
            raise
    return sys.modules[name]


def sha256(content: bytes) -> str:
    """Digest in hexadecimal digits.

    Parameters
    ----------
    content : bytes
        Of a file.

    Returns
    -------
    str
    """
    from hashlib import sha256 as digest  # loads OpenSSL, which no list of names needs

    return digest(content).hexdigest()
