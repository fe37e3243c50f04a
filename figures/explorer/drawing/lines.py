"""A figure of lines over n that are filled anew, with thresholds and the n that is read."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Div, FixedTicker, HoverTool, Span
from bokeh.plotting import figure

from convergen.figures.explorer.drawing.dress import INK, dress
from convergen.figures.explorer.drawing.sheets import TEXT

# Height of a line of words at thresholds, above the curves.
_STEP = 0.11


class Curves:
    """One figure of lines over n, with thresholds and the n that is read.

    Parameters
    ----------
    name : str
        Of the root in the page.
    title, axis : str
        Its words.
    lines : dict of str to (colour, dash, label)
        By the name of their column.
    log : bool
        Whether the ordinate is logarithmic.
    """

    def __init__(
        self, name: str, title: str, axis: str, lines: dict[str, tuple[str, Any, str]], *,
        log: bool = False,
    ) -> None:  # fmt: skip
        self.lines = lines
        self.source = ColumnDataSource({"n": [], **{key: [] for key in lines}})
        self.bands = ColumnDataSource({"n": [], **_ends(lines)})
        self.marks = ColumnDataSource(
            {"n": [], "words": [], "height": [], "colour": [], "side": [], "shift": []}
        )
        self.cursor = Span(
            location=1.0, dimension="height", line_color=INK, line_width=1.5, line_alpha=0.75
        )
        options = {"x_range": (1.0, 10.0), **({} if log else {"y_range": (-0.02, 1.04)})}
        self.figure = figure(
            title=title, height=300, sizing_mode="stretch_width", x_axis_type="log",
            y_axis_type="log" if log else "linear", x_axis_label="training samples n",
            y_axis_label=axis, tools="", toolbar_location=None, **options,
        )  # fmt: skip
        dress(self.figure)
        self.areas = {
            key: self.figure.varea(
                "n", f"{key}_low", f"{key}_high", source=self.bands, color=colour, alpha=0.18,
                visible=False,
            )
            for key, (colour, _, _) in lines.items()
        }  # fmt: skip
        self.drawn = {
            key: self.figure.line(
                "n", key, source=self.source, color=colour, line_dash=dash, line_width=2.4
            )
            for key, (colour, dash, _) in lines.items()
        }
        self.figure.add_layout(self.cursor)
        if not log:
            self._draw_marks()
        tips = [(label, f"@{key}{{0.000}}") for key, (_, _, label) in lines.items()]
        first = next(iter(self.drawn.values()))
        hover = HoverTool(renderers=[first], tooltips=[("n", "@n{0,0}"), *tips], mode="vline")
        self.figure.add_tools(hover)
        self.legend = Div(sizing_mode="stretch_width", stylesheets=[TEXT])
        self.all = column(self.figure, self.legend, name=name, sizing_mode="stretch_width")

    def _draw_marks(self) -> None:
        self.figure.yaxis.ticker = FixedTicker(ticks=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
        self.figure.segment(
            "n", -0.02, "n", "height", source=self.marks, color="colour", line_dash="dotted",
            line_width=1.3, alpha=0.9,
        )  # fmt: skip
        self.figure.text(
            "n", "height", "words", source=self.marks, text_color="colour",
            text_font_size="12px", text_align="side", x_offset="shift", text_baseline="middle",
            background_fill_color="white", background_fill_alpha=0.8,
        )  # fmt: skip

    def fill(
        self, n: list[float], columns: dict[str, Any], bands: dict[str, Any], note: str = ""
    ) -> None:
        """Draw other lines; what is missing is left out.

        Parameters
        ----------
        n : list of float
            Abscissa.
        columns, bands : dict of str to ndarray
            Lines by key, and ends of intervals as ``…_low`` and ``…_high``.
        note : str
            A sentence beside the legend.
        """
        gap = [np.nan] * len(n)
        self.source.data = {"n": n, **{key: _finite(columns.get(key, gap)) for key in self.lines}}
        if bands:
            ends = {key: _finite(bands.get(key, gap)) for key in _ends(self.lines)}
            self.bands.data = {"n": n, **ends}
        # What is not there costs the browser no time.
        for key in self.lines:
            self.drawn[key].visible = key in columns
            self.areas[key].visible = f"{key}_low" in bands
        swatches = [_swatch(*self.lines[key]) for key in self.lines if key in columns]
        self.legend.text = f'<p class="legend">{"".join(swatches)}<span>{note}</span></p>'
        self.figure.x_range.update(start=n[0] * 0.9, end=n[-1] * 1.1)

    def mark(self, marks: list[tuple[float, str, str]]) -> None:
        """Draw thresholds, each with its words above the curves.

        Parameters
        ----------
        marks : list of (n, words, colour)
            Those within the range are shown.
        """
        n = self.source.data["n"]
        kept = sorted(each for each in marks if n[0] <= each[0] <= n[-1])
        middle = float(np.sqrt(n[0] * n[-1]))
        left = [at < middle for at, _, _ in kept]
        found = {
            "n": [at for at, _, _ in kept],
            "words": [words for _, words, _ in kept],
            "height": [1.1 + _STEP * row for row in _rows(left)],
            "colour": [colour for _, _, colour in kept],
            "side": ["left" if here else "right" for here in left],
            "shift": [4 if here else -4 for here in left],
        }
        if found != dict(self.marks.data):
            self.marks.data = found
        self.figure.y_range.end = 1.04 + _STEP * (len(kept) + 0.3)


def _rows(left: list[bool]) -> list[int]:
    """A row for the words of each line, ascending in n, so that few lines cross other words.

    Words in the left half lie right of their line, which is the higher the further left it is; in
    the right half all is mirrored, in rows below.
    """
    first, beyond = sum(left), len(left) - sum(left)
    return [*reversed(range(beyond, beyond + first)), *range(beyond)]


def _swatch(colour: str, dash: Any, label: str) -> str:
    """Entry of a legend: a piece of the line, and its words."""
    lengths = {"solid": "", "dashed": "6 4", "dashdot": "6 3 2 3", "dotted": "2 3"}
    pattern = lengths.get(dash) if isinstance(dash, str) else " ".join(map(str, dash))
    return (
        f'<span><svg width="26" height="8"><line x1="0" y1="4" x2="26" y2="4" stroke="{colour}" '
        f'stroke-width="2.5" stroke-dasharray="{pattern}"/></svg>{label}</span>'
    )


def _ends(lines: dict[str, Any]) -> dict[str, list[float]]:
    return {f"{key}_{end}": [] for key in lines for end in ("low", "high")}


def _finite(values: Any) -> list[float]:
    return [float(value) if np.isfinite(value) else np.nan for value in values]
