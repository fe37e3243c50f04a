"""How everything looks: one width, colour, line and marker per quantity, in every figure.

Theory is drawn as lines, measurement as points with error bars, so that the two differ without
colour. Colours, lines and markers of quantities stand in the table of quantities.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.files.atomic_files import Written, write_beside
from convergen.theory.quantities.rows import BLACK
from convergen.theory.quantities.table import Line, quantity

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure, FigureBase

STYLE = Path(__file__).with_name("convergen.mplstyle")

# Widths of one column and of the page of a two-column paper, in inches.
COLUMN = 3.4
PAGE = 6.9
# Size of a picture of one panel in an HTML page, in inches: its letters are as large as the text
# beside it, on a phone as on a desk.
CHART = {"width": 4.2, "height": 2.8}
# Error bars are this many standard errors long on each side.
BARS = 2.0


class Look(NamedTuple):
    """How a quantity is drawn and named.

    Attributes
    ----------
    colour : str
        Hexadecimal.
    line : str or dash pattern
        Style of theory lines.
    marker : str
        Marker of measured points.
    label : str
        Words and symbol, for the legend or an axis.
    """

    colour: str
    line: Line
    marker: str
    label: str


def look_of(key: str) -> Look:
    """Look of a quantity, from its row in the table of quantities.

    Parameters
    ----------
    key : str
        Of a registered quantity.

    Returns
    -------
    Look
        Black where the row has no colour.
    """
    row = quantity(key)
    words = f"{row.words} ${row.latex}$" if row.latex else row.words
    return Look(row.colour or BLACK, row.line, row.marker, row.label or words)


# Members of a family (factors, spikes, exponents) share their quantity's hue, from dark to light.
FAMILY_LINES: tuple[Line, ...] = ("-", "--", "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
FAMILY_MARKERS = ("o", "s", "^", "D", "v")

Fill = Callable[["xr.Dataset", "FigureBase"], None]
Draw = Callable[..., "FigureBase"]


# Settings belong to the whole process: two threads that changed them in turn would each put back
# what the other one had set, and leave this style behind.
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib settings of this project inside a ``with`` block, whatever the user's are.

    Only one thread at a time is inside such a block; afterwards the settings are the user's again.

    Yields
    ------
    None
    """
    import matplotlib.style

    with _ONE_AT_A_TIME, matplotlib.style.context(STYLE, after_reset=True):
        yield


def whole_figure(height: float | Callable[[xr.Dataset], float]) -> Callable[[Fill], Draw]:
    """Decorate a function that fills a figure with data: the figure may be left out then.

    Parameters
    ----------
    height : float or callable
        Inches of a figure of its own, which is `PAGE` wide; from the data, if callable.

    Returns
    -------
    callable
        Makes ``draw(dataset, figure=None)`` of ``draw(dataset, figure)``: it draws in the style of
        this project on the figure or part of a figure that it is given, or on one that belongs to
        no window, and returns it. ``draw.height(dataset)`` tells its height.
    """

    def decorate(fill: Fill) -> Draw:
        def height_of(dataset: xr.Dataset) -> float:
            return height(dataset) if callable(height) else height

        @functools.wraps(fill)
        def draw(dataset: xr.Dataset, figure: FigureBase | None = None) -> FigureBase:
            with style():
                if figure is None:
                    figure = new_figure(height=height_of(dataset))
                fill(dataset, laid_out(figure))
            return figure

        draw.height = height_of  # type: ignore[attr-defined]
        return draw

    return decorate


def new_figure(width: float = PAGE, height: float = 2.9) -> Figure:
    """Empty figure that belongs to no window.

    Parameters
    ----------
    width : float
        `COLUMN` or `PAGE`, inches.
    height : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def laid_out(figure: FigureBase) -> FigureBase:
    """Keep legends and labels off panels, in a figure that was made without a layout.

    Parameters
    ----------
    figure : Figure or SubFigure
        To be divided into panels; a layout that it has is left as it is.

    Returns
    -------
    Figure or SubFigure
        The same.
    """
    whole: Any = figure.figure
    if whole.get_layout_engine() is None:
        whole.set_layout_engine("constrained")
    return figure


def family(name: str, count: int, *, start: int = 0) -> list[Look]:
    """Looks of the members of a family of curves of one quantity.

    Parameters
    ----------
    name : str
        Key of a registered quantity, whose hue is kept.
    count : int
        Members, at most five.
    start : int
        Line and marker to begin with: 1 where a solid line with circles stands beside the family.

    Returns
    -------
    list of Look
        From dark to light, each with its own line and marker; label it yourself.
    """
    from matplotlib.colors import to_hex, to_rgb

    base = np.array(to_rgb(look_of(name).colour))
    # Negative: towards black; positive: towards white, no further than is readable on paper.
    darkest, lightest = (-0.55, 0.4) if base.any() else (0.0, 0.65)  # black has no darker shade
    shades = np.linspace(darkest, lightest, count) if count > 1 else np.zeros(1)
    colours = [base * (1.0 + s) if s < 0.0 else base + (1.0 - base) * s for s in shades]
    return [
        Look(to_hex(colour), line, marker, "")
        for colour, line, marker in zip(
            colours, FAMILY_LINES[start:], FAMILY_MARKERS[start:], strict=False
        )
    ]


def predicted(axes: Axes, x: ArrayLike, y: ArrayLike, look: Look, **options: Any) -> None:
    """Draw a prediction as a line.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    x, y : array_like
        The curve.
    look : Look
        How; its label goes into the legend unless ``label`` is given.
    **options
        Passed to ``axes.plot``, beside or instead of those of the look.
    """
    chosen = {"linestyle": look.line, "color": look.colour, "label": look.label, **options}
    axes.plot(np.asarray(x), np.asarray(y), **chosen)


def measured(
    axes: Axes, x: ArrayLike, mean: ArrayLike, stderr: ArrayLike, look: Look, **options: Any
) -> None:
    """Draw a measurement as points with error bars of `BARS` standard errors.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    x, mean : array_like
        The points.
    stderr : array_like
        Standard errors; NaN is drawn without a bar.
    look : Look
        How; the points are not in the legend unless ``label`` is given.
    **options
        Passed to ``axes.errorbar``, beside or instead of those of the look.
    """
    chosen = {"marker": look.marker, "color": look.colour, "markerfacecolor": "white", **options}
    axes.errorbar(
        np.asarray(x), np.asarray(mean), yerr=BARS * np.nan_to_num(np.asarray(stderr)),
        linestyle="none", **{"zorder": 3, **chosen},
    )  # fmt: skip


def panel(axes: Axes, letter: str, title: str) -> None:
    """Title of a panel with its letter, left above it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel.
    letter : str
        As the caption calls it.
    title : str
        A few words.
    """
    axes.set_title(f"({letter}) {title}", loc="left")


def plain_ticks(axis: Axis) -> None:
    """Label 1, 2 and 5 with plain numbers where a log axis spans less than two decades.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``axes.xaxis`` or ``axes.yaxis``.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    low, high = axis.get_view_interval()
    if high < 100.0 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, path: Path) -> Written:
    """Write a figure as PDF, PNG or SVG, without dates, so that equal data give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to save.
    path : Path
        Target; its ending says the format.

    Returns
    -------
    Written
        The path, and whether a file was there before.
    """
    stamps = {".pdf": "CreationDate", ".svg": "Date"}
    ending = path.suffix.lower()
    metadata = {stamps[ending]: None} if ending in stamps else {}
    with style():
        return write_beside(path, lambda temporary: figure.savefig(temporary, metadata=metadata))
