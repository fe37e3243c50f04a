"""Collapse noise of the empirical score, and the samples it needs beside the linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.figures.looks.style import look_of, plain_ticks, predicted
from convergen.figures.plots.sheet import offscreen, sheet
from convergen.theory.quantities.table import quantities

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def collapse(result: xr.Dataset, *, axes: Any = None) -> NDArray[Any]:
    """σ_c(n) with its width on the left, n*(σ) on the right.

    Parameters
    ----------
    result : xarray.Dataset
        From `theory.predict_collapse`.
    axes : Axes, sequence of Axes, Figure or SubFigure, optional
        Where to draw: two axes, or a figure to divide; default a new one.

    Returns
    -------
    ndarray of Axes, shape (2,)

    Raises
    ------
    InputError
        If there are not as many axes.

    Examples
    --------
    >>> import convergen as cg
    >>> law = cg.Spectrum.isotropic(8)
    >>> found = cg.theory.predict_collapse(law, law, [10, 100], [0.5, 1.0])
    >>> left, right = cg.plot.collapse(found)
    >>> left.get_xlabel()
    'number of training samples $n$'
    """
    with sheet(axes, 2) as on:
        left, right = on.axes
        _panels(left, right, result)
        on.title(f"{result.attrs['source']}, $d$ = {result.attrs['dimension']}")
    return on.axes


draw = offscreen(collapse)


def _panels(left: Axes, right: Axes, result: xr.Dataset) -> None:
    look = look_of("collapse_noise")
    n, noise = result["samples"].values, result["collapse_noise"].values
    width = result["collapse_width"].values
    shown = np.isfinite(noise)
    n, noise, width = n[shown], noise[shown], width[shown]
    left.fill_between(
        n, noise * np.exp(-width), noise * np.exp(width), color=look.colour, alpha=0.2,
        linewidth=0.0, label="width of the crossover",
    )  # fmt: skip
    predicted(left, n, noise, look, marker=look.marker)
    left.set_xlabel("number of training samples $n$")
    left.set_ylabel(r"noise level $\sigma$ (data units)")
    left.set_title("Where the empirical score collapses")
    for row in quantities():
        if row.colour and row.dims == ("sigma",) and row.key in result:
            law = look_of(row.key)
            predicted(right, result["sigma"], result[row.key], law, marker=law.marker)
    right.set_xlabel(r"noise level $\sigma$ (data units)")
    right.set_ylabel("samples needed $n^*$")
    right.set_title("Samples needed to generalise")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(loc="best")
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis)
