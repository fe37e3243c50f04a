"""Numbers of bytes as people read them."""

from __future__ import annotations


def size_words(size: float) -> str:
    """A number of bytes, to three digits.

    Parameters
    ----------
    size : float
        Bytes.

    Returns
    -------
    str
        In bytes, kB, MB or GB of 1000 each.
    """
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000.0
    return f"{size:.3g} GB"
