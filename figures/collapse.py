"""Collapse noise of the empirical score, and the samples it needs beside the linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from figures.curves import STYLE, plain_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def draw(result: xr.Dataset) -> Figure:
    """σ_c(n) with its width on the left, n*(σ) on the right.

    Parameters
    ----------
    result : xarray.Dataset
        From `theory.collapse_prediction.predict_collapse`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(STYLE):
        figure = Figure()
        left, right = figure.subplots(1, 2)
        n, noise = result["samples"].values, result["collapse_noise"].values
        width = result["collapse_width"].values
        shown = np.isfinite(noise)
        n, noise, width = n[shown], noise[shown], width[shown]
        left.fill_between(
            n, noise * np.exp(-width), noise * np.exp(width), color="#D55E00", alpha=0.2,
            linewidth=0.0, label="width of the crossover",
        )  # fmt: skip
        left.plot(n, noise, "s-", color="#D55E00", label=r"collapse noise $\sigma_c(n)$")
        left.set_xlabel("number of training samples $n$")
        left.set_ylabel(r"noise level $\sigma$ (data units)")
        left.set_title("Where the empirical score collapses")
        sigma = result["sigma"]
        for name, style, colour, label in (
            ("samples_to_generalise", "s-", "#D55E00", r"empirical score, $e^{I(\sigma)}$"),
            ("gaussian_samples", ":", "#D55E00", "its Gaussian bound"),
            ("linear_samples", "o--", "#0072B2", "linear denoiser, agreement 1/2"),
        ):
            right.plot(sigma, result[name], style, color=colour, label=label)
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
