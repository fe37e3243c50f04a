"""Pieces of a page: paragraphs, lists, tables and charts, their words escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from convergen.figures.looks.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Columns that fit on a phone; tables of more become one card for each row there.
_NARROW = 6


def section(title: str, *parts: str, key: str = "") -> str:
    """A part of the page under its heading.

    Parameters
    ----------
    title : str
        Words of the heading.
    *parts : str
        HTML; empty ones are left out.
    key : str
        Name by which links and tests find it.

    Returns
    -------
    str
        HTML; nothing where all parts are empty.
    """
    body = "\n".join(filter(None, parts))
    name = f' id="{escape(key)}"' if key else ""
    return f"<section{name}>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def paragraph(text: str, *, aside: bool = False) -> str:
    """A paragraph of plain words.

    Parameters
    ----------
    text : str
        What it says.
    aside : bool
        Set small: an explanation that may be skipped.

    Returns
    -------
    str
        HTML; nothing for no words.
    """
    look = ' class="about"' if aside else ""
    return f"<p{look}>{escape(text)}</p>" if text else ""


def definitions(words: Mapping[str, str]) -> str:
    """A list of words and what they mean.

    Parameters
    ----------
    words : mapping of str to str
        Meaning by word.

    Returns
    -------
    str
        HTML; nothing for no words.
    """
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(text)}</dd>" for k, text in words.items())
    return f"<dl>{rows}</dl>" if rows else ""


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    key: str = "",
    sortable: bool = False,
    cards: bool = False,
) -> str:
    """A table that fits a phone.

    Parameters
    ----------
    head : sequence of str
        Titles. A column without one holds intervals, and stands small beside the column before it.
    rows : sequence of sequence of str
        Cells; the first of each names its row.
    caption : str
        What the table shows.
    key : str
        Its name.
    sortable : bool
        A long list: it scrolls, and a script lets readers sort and filter it.
    cards : bool
        Long cells: on a phone each row is a card, as where there are many columns.

    Returns
    -------
    str
        HTML; nothing for no rows.
    """
    if not rows:
        return ""
    columns = [i for i, title in enumerate(head) if title or i == 0]
    look = " ".join(
        name
        for name, wanted in (("sortable", sortable), ("cards", cards or len(columns) > _NARROW))
        if wanted
    )
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in (("id", key), ("class", look)) if value
    )
    first = "".join(f'<th scope="col">{escape(head[i])}</th>' for i in columns)
    body = "".join(f"<tr>{_row(head, row, columns)}</tr>" for row in rows)
    return (
        f'<div class="scroll{" long" * sortable}" role="region" tabindex="0" '
        f'aria-label="{escape(caption)}"><table{attributes}><caption>{escape(caption)}</caption>'
        f"<thead><tr>{first}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def beside(head: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]], *, caption: str) -> str:
    """A table whose cells may have an interval or an error each.

    Parameters
    ----------
    head : sequence of str
        Titles.
    rows : sequence of sequence of (str, str)
        Each cell, and what stands small beside it.
    caption : str
        What the table shows.

    Returns
    -------
    str
        HTML; nothing for no rows.
    """
    titles = [part for title in head for part in (title, "")]
    return table(titles, [[part for cell in row for part in cell] for row in rows], caption=caption)


def _row(head: Sequence[str], row: Sequence[str], columns: Sequence[int]) -> str:
    """Cells of a row, each with the interval that follows it."""
    cells = []
    for place, i in enumerate(columns):
        end = columns[place + 1] if place + 1 < len(columns) else len(row)
        small = "".join(
            f"<small>{_breakable(extra)}</small>" for extra in row[i + 1 : end] if extra
        )
        label = f' data-column="{escape(head[i])}"'
        words = escape(row[i])
        cells.append(
            f'<th scope="row"{label}>{words}{small}</th>'
            if place == 0
            else f"<td{label}>{words}{small}</td>"
        )
    return "".join(cells)


def _breakable(interval: str) -> str:
    """An interval that may be broken after its dash."""
    return escape(interval).replace("–", "–<wbr>").replace(" to ", " to <wbr>")


def chart(figure: Figure, words: str, caption: str = "") -> str:
    """A figure of matplotlib inside the page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What is drawn.
    words : str
        What it shows, for those who cannot see it.
    caption : str
        What it means, below it.

    Returns
    -------
    str
        HTML.
    """
    data = io.BytesIO()
    with style():
        figure.savefig(data, format="png", dpi=180)
    source = "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img class="chart" alt="{escape(words)}" src="{source}">{below}</figure>'
