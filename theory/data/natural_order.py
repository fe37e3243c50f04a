"""Names in the order that people count in: 2 before 10."""

from __future__ import annotations

import re
from pathlib import PurePath

_DIGITS = re.compile(r"(\d+)")
_Key = list[tuple[tuple[int, int, str], ...]]


def natural_key(name: str | PurePath) -> _Key:
    """Key by which names of files are sorted.

    Parameters
    ----------
    name : str or path
        Folders are compared before what is in them.

    Returns
    -------
    list
        Numbers in a name count as numbers; equal numbers with other zeros in front by their text.
    """
    return [tuple(map(_piece, _DIGITS.split(part))) for part in PurePath(name).parts]


def _piece(text: str) -> tuple[int, int, str]:
    # Python reads digits of any script; very long numbers are compared as text.
    number = text.isdecimal() and len(text) < 4000
    return (0, int(text), text) if number else (1, 0, text)
