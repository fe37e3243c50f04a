"""Docstrings are plain text: their |x| and (batch, *shape) are no markup of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LITERAL = re.compile(r"(``.+?``)")
# numpydoc itself looks after names of parameters that begin with stars.
_MARKUP = re.compile(r"\||(?<![*\w])\*(?=\w)(?!\w+ :)")


def _escape(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    example = False
    for number, line in enumerate(lines):
        # An example goes on to the next empty line, and is shown as it is.
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if example:
            continue
        parts = _LITERAL.split(line)
        parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before numpydoc."""
    app.connect("autodoc-process-docstring", _escape, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
