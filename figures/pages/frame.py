"""The frame that all pages share: answers first, then sections, then how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from convergen.figures.pages.elements import definitions, section

_TEMPLATE = Path(__file__).with_name("frame.html")


class Answer(NamedTuple):
    """A sentence that stands before everything else.

    Attributes
    ----------
    words : str
        For a person who knows no statistics.
    mark : str
        ``plain``, ``doubt`` or ``bad``: the colour at its side.
    """

    words: str
    mark: str = "plain"


def document(
    title: str,
    answers: Sequence[Answer],
    sections: Sequence[str],
    *,
    glossary: Mapping[str, str],
    settings: Mapping[str, str],
    data: Mapping[str, str] | None = None,
) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Of the window.
    answers : sequence of Answer
        The first is the heading.
    sections : sequence of str
        HTML from `convergen.figures.pages.elements.section`.
    glossary : mapping of str to str
        Words of this page and what they mean.
    settings : mapping of str to str
        What it takes to make the page again.
    data : mapping of str to str, optional
        ``data-…`` of the heading, for programs.

    Returns
    -------
    str
        HTML, its pictures inside; a script only sorts and filters long tables.
    """
    first, *rest = answers
    known = "".join(f' data-{key}="{escape(text)}"' for key, text in (data or {}).items())
    lines = [f'<h1 id="answer" class="{first.mark}"{known}>{escape(first.words)}</h1>']
    lines += [f'<p class="answer {each.mark}">{escape(each.words)}</p>' for each in rest]
    last = [
        section("In these words", definitions(glossary), key="glossary"),
        section("How this page was made", definitions(settings), key="settings"),
    ]
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title), answers="\n".join(lines), sections="\n".join([*sections, *last])
    )
