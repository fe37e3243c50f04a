"""The figures of the paper by name: every module in a room of paper that names itself is one.

A figure module has

- ``NAME`` (its key here), ``NUMBER``, ``TITLE`` and ``CAPTION`` (two sentences),
- ``compute(quality, seed) -> xarray.Dataset``, pure data with long names and units,
- ``draw(dataset, figure)``, decorated with `looks.style.whole_figure`, which fills a Figure or
  SubFigure, or a new one if none is given, returns it, and computes nothing,

and imports neither matplotlib nor torch before one of the two is called. A new figure is one such
file; modules of a room without a ``NAME`` are shared by several.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure, FigureBase

# By name, not by import: this room stands below the one of the figures.
_PAPER = "convergen.figures.paper"


class FigureModule(Protocol):
    """What every figure module offers.

    Attributes
    ----------
    NAME, TITLE, CAPTION : str
        How it is called, its title, and what to see in it.
    NUMBER : int
        Its place in the paper.
    """

    NAME: str
    NUMBER: int
    TITLE: str
    CAPTION: str

    def compute(self, quality: str, seed: int) -> xr.Dataset:
        """Data of the figure."""
        ...

    def draw(self, dataset: xr.Dataset, figure: FigureBase | None = None) -> Figure:
        """Picture of the data."""
        ...


@functools.cache
def figures() -> dict[str, FigureModule]:
    """Every figure by its name.

    Returns
    -------
    dict of FigureModule
        In the order of their numbers.
    """
    path = importlib.import_module(_PAPER).__path__
    found = pkgutil.walk_packages(path, f"{_PAPER}.")
    modules = [importlib.import_module(file.name) for file in found if not file.ispkg]
    named = [cast("FigureModule", module) for module in modules if hasattr(module, "NAME")]
    return {figure.NAME: figure for figure in sorted(named, key=lambda figure: figure.NUMBER)}


def load(name: str) -> FigureModule:
    """One figure.

    Parameters
    ----------
    name : str
        Key of `figures`.

    Returns
    -------
    FigureModule

    Raises
    ------
    InputError
        If there is no such figure; the nearest one is suggested.
    """
    known = figures()
    if name not in known:
        raise InputError(
            f"unknown figure {name!r}{suggestion(name, list(known))}: choose from "
            f"{', '.join(known)}, or all."
        )
    return known[name]
