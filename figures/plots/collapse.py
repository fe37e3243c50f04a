"""Collapse noise of the empirical score, and the samples it needs beside the linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import LOOKS, new_figure, plain_ticks, predicted, styled

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


@styled
def draw(result: xr.Dataset) -> Figure:
    """σ_c(n) with its width on the left, n*(σ) on the right.

    Parameters
    ----------
    result : xarray.Dataset
        From `convergen.theory.forecast.predict_collapse.predict_collapse`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure()
    left, right = figure.subplots(1, 2)
    look = LOOKS["collapse_noise"]
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
    names = ("samples_to_generalise", "gaussian_samples", "agreement_samples", "linear_samples")
    for name in (name for name in names if name in result):
        marker = "" if name == "gaussian_samples" else LOOKS[name].marker
        predicted(right, result["sigma"], result[name], LOOKS[name], marker=marker)
    right.set_xlabel(r"noise level $\sigma$ (data units)")
    right.set_ylabel("samples needed $n^*$")
    right.set_title("Samples needed to generalise")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(loc="best")
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis)
    figure.suptitle(f"{result.attrs['source']}, $d$ = {result.attrs['dimension']}", fontsize=8)
    return figure
