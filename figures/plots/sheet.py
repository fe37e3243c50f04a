"""Where a picture goes: axes of the user's, a figure, or a new one that notebooks show."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.figures.looks.style import COLUMN, PAGE, laid_out, new_figure, style
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.figure import FigureBase as AnyFigure

_HEIGHT = 2.9


@dataclass(frozen=True)
class Sheet:
    """Panels to draw on.

    Attributes
    ----------
    axes : ndarray of matplotlib.axes.Axes, shape (panels,)
        In reading order.
    figure : Figure, SubFigure or None
        What may have a title and a legend beside its panels; None for axes of the user's.
    """

    axes: NDArray[Any]
    figure: AnyFigure | None

    def title(self, text: str) -> None:
        """Write above all panels, where they are ours."""
        if self.figure is not None:
            self.figure.suptitle(text, fontsize=8)


@contextmanager
def sheet(place: Any, panels: int, *, rows: int = 1, sharex: bool = False) -> Iterator[Sheet]:
    """Panels on what the user gave, inside which to draw.

    Parameters
    ----------
    place : Axes, sequence of Axes, Figure, SubFigure or None
        Axes are drawn on as they are, in the style of the user; a figure is divided into panels in
        the style of this project; for None a new figure of pyplot is, which notebooks show.
    panels : int
        How many are needed.
    rows : int
        Into how many rows of equal length a figure is divided.
    sharex : bool
        Whether new panels share their x axis.

    Yields
    ------
    Sheet

    Raises
    ------
    InputError
        If the axes are not as many as the panels.
    """
    from matplotlib.figure import FigureBase

    if place is not None and not isinstance(place, FigureBase):
        yield Sheet(_checked(place, panels), None)
        return
    with style():
        if place is None:
            import matplotlib.pyplot as plt

            place = plt.figure(figsize=(PAGE if panels > 1 else COLUMN, rows * _HEIGHT))
        grid = laid_out(place).subplots(rows, panels // rows, sharex=sharex, squeeze=False)
        yield Sheet(grid.ravel(), place)


def offscreen(picture: Callable[..., Any], **size: float) -> Callable[..., Figure]:
    """Make a function that draws a picture on a figure that belongs to no window, for files.

    Parameters
    ----------
    picture : callable
        Takes data, and a figure as `axes`.
    **size : float
        ``width`` and ``height`` unless others are asked for, inches.

    Returns
    -------
    callable
        Takes the same data, and ``width`` and ``height``; returns the Figure.
    """

    @functools.wraps(picture)
    def draw(*data: Any, **other: float) -> Figure:
        with style():
            figure = new_figure(**{**size, **other})
        picture(*data, axes=figure)
        return figure

    return draw


def _checked(place: Any, panels: int) -> NDArray[Any]:
    from matplotlib.axes import Axes

    axes = np.atleast_1d(np.asarray(place, dtype=object)).ravel()
    if axes.size != panels or not all(isinstance(each, Axes) for each in axes):
        kinds = ", ".join(sorted({type(each).__name__ for each in axes}))
        raise InputError(
            f"this picture has {panels} panel{'s' * (panels > 1)}, but axes holds {axes.size} "
            f"({kinds}): give {'as many matplotlib axes' if panels > 1 else 'one matplotlib axes'},"
            " a figure to divide, or nothing for a new figure."
        )
    return axes
