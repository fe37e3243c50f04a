"""Numbers and tables as text and as JSON."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

_WIDTH = 96
# Stands for a space at which no line may end; textwrap breaks at ASCII white space alone.
_GLUE = "\N{NO-BREAK SPACE}"


def about(n: float) -> str:
    """A number of samples, as exactly as one needs it.

    Parameters
    ----------
    n : float
        Number of samples.

    Returns
    -------
    str
    """
    return f"{n:.0f}" if 10.0 <= n < 1e6 else f"{n:.3g}"


def rounded(count: float, digits: int = 3) -> str:
    """A large number that is known to a few digits, such as images of training.

    Parameters
    ----------
    count : float
        At least 0.
    digits : int
        That are known.

    Returns
    -------
    str
        Below 1 and beyond a thousand million only that; without an exponent.
    """
    if not count < 1e9:
        return "over 1,000,000,000" if np.isfinite(count) else "∞"
    if count < 1.0:
        return "<1"
    known = digits - 1 - int(np.floor(np.log10(count)))
    return f"{round(count, known):,.0f}" if known <= 0 else f"{count:.{digits}g}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Right-aligned columns.

    Parameters
    ----------
    head : list of str
        Column titles.
    rows : list of list of str
        Cells.

    Returns
    -------
    str
    """
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    )


def plain(value: Any) -> Any:
    """Lists, ints, floats and strings for json; None for what JSON cannot say.

    Parameters
    ----------
    value : object
        A number, string or array.

    Returns
    -------
    object
    """
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def percent(share: float, digits: int = 0) -> str:
    """A share in hundredths.

    Parameters
    ----------
    share : float
        1 is all.
    digits : int
        After the point.

    Returns
    -------
    str
    """
    return f"{100.0 * share:.{digits}f} %"


def wrapped(text: str, indent: int = 0) -> str:
    """A paragraph broken into lines at spaces, but between no number and its per cent.

    Parameters
    ----------
    text : str
        On one line.
    indent : int
        Spaces before all lines but the first.

    Returns
    -------
    str
    """
    kept = text.replace(" %", f"{_GLUE}%")
    filled = textwrap.fill(
        kept, _WIDTH, subsequent_indent=" " * indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return filled.replace(_GLUE, " ")
