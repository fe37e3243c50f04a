"""What is meant by a name or a path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import printable, regular_file
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.sources.source import Source, check_covariance
from convergen.theory.sources.table import SourceKind, find, kinds


def meaning(text: str) -> dict[str, str]:
    """Tell which source a name or a path means.

    The name of a source means that source, whatever lies in the current folder; anything with a
    separator, such as ``./digits``, is a path, if nothing else is written in that way, such as
    ``CIFAR10:train``.

    Parameters
    ----------
    text : str
        What the user wrote.

    Returns
    -------
    dict
        ``kind`` and, for a path, ``path``: the beginning of the section ``[data]``.

    Raises
    ------
    InputError
        If it is no name of a source and no such file or folder exists.
    """
    table = kinds()
    if text in table:
        return {"kind": text}
    for row in table.values():
        found = None if row.understands is None else row.understands(text)
        if found is not None:
            return {"kind": row.name, **found}
    path = Path(text)
    bare = path.name == text
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if bare and not there and not path.suffix:
        raise InputError(
            f"unknown source {printable(text)!r}{suggestion(text, list(table))}: use "
            f"{', '.join(name for name, kind in table.items() if kind.opens is None)}, or the path "
            "of an array file or of a folder or an archive of images that exists."
        )
    regular_file(path, folders=True)
    kind = next(kind for kind in table.values() if kind.opens is not None and kind.opens(path))
    return {"kind": kind.name, "path": text}


def open_source(text: str, options: Mapping[str, Any], *, drawing: bool = False) -> Source:
    """Load the source that a name or a path means.

    Parameters
    ----------
    text : str
        What the user wrote.
    options : mapping
        What was given beside it.
    drawing : bool
        Whether points will be drawn or laid out, so that options about that apply.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the source is unknown, or an option does not belong to it.
    """
    chosen = meaning(text)
    kind = find(chosen.pop("kind"))
    for name in options:
        if takes(kind, name, text, drawing=drawing):
            continue
        known = takes(kind, name, text, drawing=True)
        why = "says how points are drawn or laid out, and the law is enough here"
        raise OptionError(
            OptionName(name), f" {why}" if known else " does not apply to the source "
            f"{printable(text)!r}", ": leave it out.",
        )  # fmt: skip
    found = kind.load(**kind.checked({**chosen, **options}))
    if found.size:
        check_covariance(found.size[0], math.prod(found.size[1:]), printable(text))
    return found


def takes(kind: SourceKind, name: str, text: str, *, drawing: bool) -> bool:
    """Tell whether a source takes an option.

    Parameters
    ----------
    kind : SourceKind
        The source.
    name : str
        Name of an option.
    text : str
        Name or path of the source, as the user wrote it.
    drawing : bool
        Whether options about the drawing or layout of points count.

    Returns
    -------
    bool
    """
    return any(
        option.name == name and (drawing or not option.drawing) and option.fits(text)
        for option in kind.options
    )
