"""What a misspelt word may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def suggestion(word: str, words: Sequence[str]) -> str:
    """Suggest what a misspelt word may have meant.

    Parameters
    ----------
    word : str
        What was given.
    words : sequence of str
        What is allowed.

    Returns
    -------
    str
        `` (did you mean 'x'?)``, or an empty string.
    """
    found = difflib.get_close_matches(word, words)
    return f" (did you mean {found[0]!r}?)" if found else ""
