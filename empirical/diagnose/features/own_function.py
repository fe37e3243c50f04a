"""Features by a function of the user, in a file or in a module that is installed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.common.own_files import attempted, content_of, imported, sha256
from convergen.empirical.diagnose.features.encoding import encoded_sets
from convergen.empirical.diagnose.features.images import unit_interval
from convergen.empirical.diagnose.features.view import Given, View
from convergen.theory.common.checks import InputError


def is_function(text: str) -> bool:
    """Whether a text means a function of the user.

    Parameters
    ----------
    text : str
        Value of ``--features``.

    Returns
    -------
    bool
        True for ``FILE.py:NAME`` and ``MODULE:NAME``.
    """
    file, colon, name = text.rpartition(":")
    return bool(colon and file and name.isidentifier())


def of_function(text: str, given: Given) -> View:
    """Call it on all sets.

    Parameters
    ----------
    text : str
        ``FILE.py:NAME`` or ``MODULE:NAME``. It is called with images in [0, 1], shape (N, channels,
        height, width), or with vectors (N, d) in the units of the training set, both float32 and
        N ≤ 128, and returns (N, k).
    given : Given
        The sets.

    Returns
    -------
    View

    Raises
    ------
    InputError
        If there is no such function, or it returns no features.
    """
    file, _, name = text.rpartition(":")
    module, path = _module(file)
    function = getattr(module, name, None)
    if not callable(function):
        raise InputError(f"{file} holds no function {name!r}: give FILE.py:NAME with one of it.")
    picture = len(given.training.shape) == 3
    ends = unit_interval(given.training) if picture else None
    kind = "images in [0, 1]" if picture else "points in the units of the training set"

    def rows(points: NDArray[np.float32]) -> Any:
        shown = points if ends is None else _in_unit(points, *ends)
        words = f"{text} fails on {kind} of shape {shown.shape}"
        return attempted(words, lambda: _without_gradient(function, shown))

    record: dict[str, Any] = {"function": name, "given": kind}
    note = f"{text} was given {kind}."
    if ends is not None:
        low, high = record["black_and_white"] = [*ends]
        note = f"{text} was given {kind}, {low:g} being black and {high:g} white."
    if path is not None:
        record |= {"file": path.name, "sha256": sha256(content_of(path, "function"))}
    return encoded_sets(
        given, rows, text, words=f"features of {text}", theory=False, record=record,
        notes=[note],
    )  # fmt: skip


def _in_unit(points: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    return np.asarray((points - low) / (high - low), np.float32)


def _without_gradient(function: Any, points: NDArray[np.float32]) -> Any:
    import sys

    torch = sys.modules.get("torch")
    if torch is None:
        return function(points)
    with torch.no_grad():
        return function(points)


def _module(text: str) -> tuple[Any, Path | None]:
    """The module of a file or of a name, and the file of it."""
    path = Path(text).expanduser()
    if path.suffix != ".py":
        here = Path(*text.split(".")).with_suffix(".py")
        if not here.exists():
            return _installed(text)
        path = here
    return imported(path, "function"), path


def _installed(text: str) -> tuple[Any, Path | None]:
    if not all(part.isidentifier() for part in text.split(".")):
        raise InputError(f"cannot read {text!r}: write FILE.py:NAME or MODULE:NAME.")
    found = attempted(f"cannot import {text}", lambda: importlib.import_module(text))
    file = getattr(found, "__file__", None)
    return found, None if file is None else Path(file)
