"""Tables of numbers as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Array
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register
from convergen.theory.messages.sizes import size_words

_LARGEST = 2**26
_LONGEST_LINE = 2**20


def open_text(path: Path, key: str | None = None) -> Array:
    """Read numbers that are separated by spaces, tabs, commas or semicolons.

    Parameters
    ----------
    path : Path
        The file; one line of names may come first, and lines that begin with # are passed over.
    key : None
        There is one array.

    Returns
    -------
    Array
        One row for each line; of one dimension where each line holds one number.

    Raises
    ------
    InputError
        If it is larger than 67 MB, empty, or holds something else.
    """
    name, size = printable(path), regular_file(path).st_size
    if size > _LARGEST:
        raise InputError(
            f"{name} has {size_words(size)}, but at most {size_words(_LARGEST)} of text are "
            "read: save the numbers with numpy.save."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
        for mark in ",;":
            if lines and mark in lines[0]:
                lines = [line.replace(mark, " ") for line in lines]
        if lines and not _numbers(lines[0]):
            lines = lines[1:]
        values = np.loadtxt(lines, ndmin=2) if lines else np.empty(0)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"{name} cannot be read as a table of numbers ({reason(error)}): give one row a line, "
            "or save the numbers with numpy.save."
        ) from error
    if values.size == 0:
        raise InputError(f"{name} holds no numbers: give a table of them.")
    return Array(values.ravel() if values.shape[1] == 1 else values)


def _numbers(line: str) -> bool:
    try:
        [float(word) for word in line[:_LONGEST_LINE].split()]
    except ValueError:
        return len(line) > _LONGEST_LINE
    return True


register(Format("text", (".txt", ".csv", ".tsv"), "a table of numbers, one row a line", open_text))
