"""The figures of the paper by name; each is a module that is imported when it is asked for.

A figure module has

- ``NAME`` (its key here), ``NUMBER``, ``TITLE`` and ``CAPTION`` (two sentences),
- ``compute(quality, seed) -> xarray.Dataset``, pure data with long names and units,
- ``draw(dataset) -> matplotlib.figure.Figure``, decorated with `looks.style.styled`, which
  computes nothing,

and imports neither matplotlib nor torch before one of the two is called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, cast

from convergen.theory.common.checks import InputError
from convergen.theory.common.suggestions import suggestion

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

# Name of each figure and its module in this package, in the order of their numbers.
MODULES = {
    "order-parameters": "order_parameters",
    "blindness": "blindness",
    "power-laws": "power_laws",
    "regularisation": "regularisation",
    "real-spectra": "real_spectra",
    "linear-denoisers": "linear_denoisers",
    "empirical-score": "empirical_score",
    "mixtures": "mixtures",
    "disjoint-training": "disjoint_training",
    "trained-against-predicted": "trained_against_predicted",
    "training-time": "training_time",
    "summary": "summary",
}


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

    def draw(self, dataset: xr.Dataset) -> Figure:
        """Picture of the data."""
        ...


def load(name: str) -> FigureModule:
    """Import a figure.

    Parameters
    ----------
    name : str
        Key of `MODULES`.

    Returns
    -------
    FigureModule

    Raises
    ------
    InputError
        If there is no such figure.
    """
    check_name(name)
    return cast("FigureModule", importlib.import_module(f"convergen.figures.paper.{MODULES[name]}"))


def check_name(name: str) -> None:
    """Refuse an unknown figure.

    Parameters
    ----------
    name : str
        What was given.

    Raises
    ------
    InputError
        If it is not a key of `MODULES`; the nearest one is suggested.
    """
    if name not in MODULES:
        raise InputError(
            f"unknown figure {name!r}{suggestion(name, list(MODULES))}: choose from "
            f"{', '.join(MODULES)}, or all."
        )
