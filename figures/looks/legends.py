"""Entries of legends: what is drawn both as a line and as points, and what lines and points are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergen.figures.looks.style import BARS, Look
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    from matplotlib.artist import Artist


def entry(look: Look, label: str = "") -> Artist:
    """Legend entry of a quantity that is drawn both as a line and as points.

    Parameters
    ----------
    look : Look
        How it is drawn.
    label : str
        Its name; default the label of the look.

    Returns
    -------
    matplotlib.artist.Artist
        For ``legend(handles=…)``.
    """
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=look.colour, linestyle=look.line, marker=look.marker,  # type: ignore[arg-type]
        markerfacecolor="white", label=label or look.label,
    )  # fmt: skip


def key(measurement: str = "simulation") -> list[Artist]:
    """Legend entries that say what lines and points are.

    Parameters
    ----------
    measurement : str
        What the points are.

    Returns
    -------
    list of matplotlib.artist.Artist
        For ``legend(handles=…)``.
    """
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=GREY, label="line: theory"),
        Line2D(
            [], [], color=GREY, linestyle="none", marker="o", markerfacecolor="white",
            label=f"points: {measurement} ± {BARS:g} s.e.",
        ),
    ]  # fmt: skip
