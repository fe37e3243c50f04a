"""The figures of the page: sources of lines that are filled anew, and what is drawn from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import (
    ColumnDataSource,
    Div,
    FixedTicker,
    HoverTool,
    PointDrawTool,
    Span,
)
from bokeh.plotting import figure

from convergen.figures.explorer.curves import DISTANCES
from convergen.figures.explorer.sheets import TEXT
from convergen.figures.explorer.state import MOST_FACTORS
from convergen.figures.explorer.words import shown_factors
from convergen.figures.looks.style import family, look_of
from convergen.theory.messages.text import about
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity

OVERLAPS = ("memorisation", "memorisation_baseline", "convergence", "convergence_to_truth")
_DASHES = {"-": "solid", "--": "dashed", "-.": "dashdot", ":": "dotted"}
_INK, _PALE = "#33404d", "#8c98a4"
# Height of a line of words at thresholds, above the curves.
_STEP = 0.11
# Short words of those that stand beside another one.
_BESIDE = {"memorisation_baseline": "m of fresh data", "convergence_to_truth": "q* to the truth"}


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
            location=1.0, dimension="height", line_color=_INK, line_width=1.5, line_alpha=0.75
        )
        options = {"x_range": (1.0, 10.0), **({} if log else {"y_range": (-0.02, 1.04)})}
        self.figure = figure(
            title=title, height=300, sizing_mode="stretch_width", x_axis_type="log",
            y_axis_type="log" if log else "linear", x_axis_label="training samples n",
            y_axis_label=axis, tools="", toolbar_location=None, **options,
        )  # fmt: skip
        _dress(self.figure)
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


def overlap_curves() -> Curves:
    """Memorisation, convergence and convergence to the truth."""
    lines = {key: _line(key) for key in OVERLAPS}
    return Curves("overlaps", "Memorisation and convergence", "overlap", lines)


def recovery_curves() -> Curves:
    """Recovery of the leading factors: at finite size, and sharp while something moves."""
    lines = {
        f"Q{k + 1}": (look.colour, _dash(look.line), f"factor {k + 1}")
        for k, look in enumerate(family("latent_recovery", MOST_FACTORS))
    }
    return Curves("recovery", "Recovery of latent factors", "squared overlap Q", lines)


def distance_curves() -> Curves:
    """Two distances between the model and the truth, on one logarithmic axis."""
    names = ("W₂²/Tr Σ, Bures–Wasserstein", "KL divergence, nats")
    lines = {
        key: (colour, dash, name)
        for key, name, colour, dash in zip(
            DISTANCES, names, (look_of(DISTANCES[0]).colour, "#7a5195"), ("solid", "dashdot"),
            strict=True,
        )
    }  # fmt: skip
    return Curves("distances", "Distance from the truth", "distance", lines, log=True)


def fill_all(
    overlaps: Curves, recovery: Curves, distances: Curves, result: Labelled, *, exact: bool
) -> None:
    """Draw curves and thresholds in all three figures.

    Parameters
    ----------
    overlaps, recovery, distances : Curves
        The figures.
    result : Labelled
        Settled or moving curves.
    exact : bool
        Whether they are settled.
    """
    n = result["samples"].tolist()
    present = [key for key in OVERLAPS if key in result]
    overlaps.fill(n, {key: result[key] for key in present}, _bands(result, present))
    key = "latent_recovery_finite_size" if exact else "latent_recovery"
    factors = shown_factors(result)
    columns, bands = {}, {}
    if key in result:
        columns = {f"Q{k + 1}": result[key][:, k] for k in factors}
        if f"{key}_low" in result:
            for end in ("low", "high"):
                bands |= {f"Q{k + 1}_{end}": result[f"{key}_{end}"][:, k] for k in factors}
    recovery.fill(n, columns, bands, _recovery_note(result, factors, columns, exact=exact))
    drawn = {key: result[key] for key in DISTANCES if key in result}
    distances.fill(n, drawn, {}, "" if len(drawn) == 2 else "W₂² follows when the slider rests.")
    blue = quantity("convergence").colour
    overlaps.mark(
        [
            (needed, f"q = {level:g} from n = {about(needed)}", blue)
            for level, needed in zip(result["level"], result["convergence_samples"], strict=True)
        ]
    )
    starts, looks = result["recovery_threshold"], family("latent_recovery", MOST_FACTORS)
    recovery.mark(
        [
            (starts[k], f"factor {k + 1} from n = {about(starts[k])}", looks[k].colour)
            for k in factors
        ]
    )


class SpectrumFigure:
    """Eigenvalues by rank; spikes are points that can be dragged, added and removed."""

    def __init__(self) -> None:
        self.bulk = ColumnDataSource({"rank": [], "value": []})
        self.spikes = ColumnDataSource({"rank": [], "value": []})
        # What a drag tells the server while it lasts; Bokeh itself tells it at the end only.
        self.dragged = ColumnDataSource({"value": []})
        self.figure = figure(
            name="spectrum", title="Variance along each factor", height=250,
            sizing_mode="stretch_width", x_axis_type="log", y_axis_type="log",
            x_range=(0.8, 10.0), y_range=(0.5, 10.0),
            x_axis_label="rank k", y_axis_label="eigenvalue λ", tools="", toolbar_location=None,
        )  # fmt: skip
        _dress(self.figure)
        self.figure.line("rank", "value", source=self.bulk, color=_PALE, line_width=2.4)
        points = self.figure.scatter(
            "rank", "value", source=self.spikes, size=16, color="#009E73", line_color="white",
            line_width=1.5, alpha=0.95,
        )  # fmt: skip
        self.tool = PointDrawTool(renderers=[points], add=False)
        self.figure.add_tools(self.tool)
        self.figure.toolbar.active_tap = self.tool

    def show(self, rank: Any, value: Any, spikes: list[float], *, points: bool = True) -> None:
        """Draw a spectrum.

        Parameters
        ----------
        rank, value : ndarray, shape (k,)
            Corners of the line.
        spikes : list of float
            Eigenvalues that can be dragged, largest first.
        points : bool
            Whether to place them anew: not while one is being dragged.
        """
        found = {"rank": rank.tolist(), "value": value.tolist()}
        if found != dict(self.bulk.data):
            self.bulk.data = found
        if points:
            self.spikes.data = {
                "rank": [float(k + 1) for k in range(len(spikes))], "value": list(spikes)
            }  # fmt: skip
        every = [float(v) for v in (*value, *spikes) if v > 0.0]
        if every and points:
            top, low = max(every), max(min(every), 1e-12 * max(every))
            room = 4.0 if spikes else 1.6
            self.figure.y_range.update(start=low / 2.0, end=top * room)
        if len(rank):
            self.figure.x_range.update(start=0.8, end=1.25 * max(float(rank[-1]), 2.0))


def corners(eigenvalues: Any, multiplicities: Any) -> tuple[Any, Any]:
    """A spectrum as a line over ranks: both ends of each step, few where there are many.

    Parameters
    ----------
    eigenvalues, multiplicities : ndarray, shape (k,)
        Descending.

    Returns
    -------
    rank, value : ndarray
        Positive eigenvalues alone.
    """
    last = np.cumsum(multiplicities)
    first = last - multiplicities + 1
    kept = np.unique(np.round(np.geomspace(1, len(last), 160)).astype(int)) - 1
    kept = kept[eigenvalues[kept] > 0.0]
    rank = np.stack([first[kept], last[kept]], axis=1).ravel()
    return rank, np.repeat(eigenvalues[kept], 2)


def _recovery_note(
    result: Labelled, factors: list[int], columns: dict[str, Any], *, exact: bool
) -> str:
    if not factors:
        return "Nothing to recover: all directions are alike."
    if exact:
        unsaid = [str(k + 1) for k in factors if np.isnan(result["recovery_threshold"][k])]
        return (
            f"Too close to each other to say from when: factor{'s' * (len(unsaid) > 1)} "
            f"{', '.join(unsaid)}."
            if unsaid
            else ""
        )
    return "Limit of large d while moving." if columns else "Follows when the slider rests."


def _swatch(colour: str, dash: Any, label: str) -> str:
    """Entry of a legend: a piece of the line, and its words."""
    lengths = {"solid": "", "dashed": "6 4", "dashdot": "6 3 2 3", "dotted": "2 3"}
    pattern = lengths.get(dash) if isinstance(dash, str) else " ".join(map(str, dash))
    return (
        f'<span><svg width="26" height="8"><line x1="0" y1="4" x2="26" y2="4" stroke="{colour}" '
        f'stroke-width="2.5" stroke-dasharray="{pattern}"/></svg>{label}</span>'
    )


def _line(key: str) -> tuple[str, Any, str]:
    row, look = quantity(key), look_of(key)
    return look.colour, _dash(look.line), _BESIDE.get(key, f"{row.words} {row.symbol}")


def _dash(line: Any) -> Any:
    return _DASHES.get(line) or [round(2 * part) for part in line[1]]


def _ends(lines: dict[str, Any]) -> dict[str, list[float]]:
    return {f"{key}_{end}": [] for key in lines for end in ("low", "high")}


def _bands(result: Labelled, keys: list[str]) -> dict[str, Any]:
    names = [f"{key}_{end}" for key in keys for end in ("low", "high")]
    return {name: result[name] for name in names if name in result}


def _finite(values: Any) -> list[float]:
    return [float(value) if np.isfinite(value) else np.nan for value in values]


def _dress(plot: Any) -> None:
    """One quiet look for all figures."""
    plot.background_fill_color = plot.border_fill_color = "white"
    plot.outline_line_color = None
    plot.title.update(text_font_size="14px", text_color=_INK, text_font_style="bold")
    for grid in plot.grid:
        grid.grid_line_color = "#e4e8ec"
    plot.xaxis.ticker = plot.xgrid.ticker = FixedTicker(ticks=[10.0**k for k in range(10)])
    for axis in plot.axis:
        axis.update(
            axis_line_color=_PALE, major_tick_line_color=_PALE, minor_tick_line_color=None,
            axis_label_text_font_style="normal", axis_label_text_color=_INK,
            axis_label_text_font_size="12px", major_label_text_color=_INK,
        )  # fmt: skip
