"""Trained networks in figures: which results there are, their words, markers and lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from convergen.theory.quantities.table import Line

if TYPE_CHECKING:
    import xarray as xr

# Data sets and networks by the two halves of an experiment's name, in the order of the panels.
DATA = {
    "digits": "digits",
    "field8": "Gaussian field, 8 × 8",
    "field16": "Gaussian field, 16 × 16",
    "patches": "photograph patches",
}
# Data sets of figure 14 alone: fields whose eigenvalues fall like a power of their rank.
POWER_LAWS = {"power1": "power law, α = 1", "power2": "power law, α = 2"}
MODELS = {"linear": "linear network", "mlp": "MLP", "conv": "conv net", "unet": "U-Net"}
MODEL_MARKERS = {"linear": "o", "mlp": "s", "conv": "^", "unet": "D"}
# Laws of the linear model, and their lines.
LAWS: dict[str, Line] = {"linear law": "-", "linear law of orbits": (0, (10, 3))}
# The theories that figures 10 and 12 show: the law and solvable models.
THEORIES = ("law", "stationary-linear", "empirical-score")
# The theory that knows a network, which figures 10 and 12 show beside it.
OWN_THEORIES = {"mlp": "kernel-regime", "unet": "generaliser-memoriser"}


def theory_look(name: str) -> tuple[str, Line]:
    """Words and line of a theory; its colour is that of the quantity.

    Parameters
    ----------
    name : str
        ``law`` for the linear law, one of `LAWS`, or a solvable model.

    Returns
    -------
    (str, line style)
    """
    known = "linear law" if name == "law" else name
    if known in LAWS:
        return known, LAWS[known]
    from convergen.empirical.models.table import SOLVABLE

    row = SOLVABLE.find(name)
    return row.words, row.line


def results(
    data: Iterable[str] = DATA, models: Iterable[str] = MODELS
) -> dict[str, dict[str, xr.Dataset]]:
    """Results that come with the package.

    Parameters
    ----------
    data, models : iterable of str
        Keys of `DATA` and `MODELS` that are wanted.

    Returns
    -------
    dict of dict of xarray.Dataset
        By data set and by network, in the order given; those without a result are left out.
    """
    from convergen.empirical.validate.shipped_results import shipped_names, shipped_result

    names = set(shipped_names())
    found = {
        one: {
            model: shipped_result(f"{one}-{model}") for model in models if f"{one}-{model}" in names
        }
        for one in data
    }
    return {one: of_data for one, of_data in found.items() if of_data}
