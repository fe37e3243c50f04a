"""Figure 10: trained networks between the solvable models, on every data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures.style import BARS, GREY, LOOKS, measured, new_figure, panel, predicted, styled
from figures.trained import (
    DATA,
    MODEL_MARKERS,
    MODELS,
    THEORIES,
    THEORY_LINES,
    results,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "trained-against-predicted"
NUMBER = 10
TITLE = "Trained networks against the solvable models"
CAPTION = (
    "Linear networks follow the linear law on every data set but the photograph patches, which "
    "are far from Gaussian. MLPs stay near it. U-Nets repeat their data at small n (digits, "
    "patches) like the empirical score, and on the stationary fields converge sooner than the "
    "law, between it and the best linear model that knows the symmetry; they keep that advantage "
    "in the latent factors. The blind conv nets are undertrained after the same 64,000 images: the "
    "variance of their samples is 3 to 135 % of the truth and they find no factors, though on the "
    "fields their q is high. Three seeds; points of one n are shifted "
    "apart; rows: convergence, memorisation, the first and the fifth factor."
)

# Quantity, factor (0: none), label of the axis.
_ROWS = (
    ("convergence", 0, "convergence $q$"),
    ("memorisation", 0, "memorisation $m$"),
    ("latent_recovery", 1, "latent recovery $Q_1$"),
    ("latent_recovery", 5, "latent recovery $Q_5$"),
)
# Points of one n beside each other.
_SHIFTS = {"linear": 0.84, "mlp": 0.94, "conv": 1.06, "unet": 1.19}


def compute(quality: str, seed: int) -> xr.Dataset:
    """Shipped results, the linear law, and solvable models fitted to the same splits.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: nodes of the lines; at smoke few draws of the fitted models.
    seed : int
        Not used: the seeds are those of the experiments.

    Returns
    -------
    xarray.Dataset
        Measurements along `data`, `model`, `samples` and `factor`; lines along `data`, `node` and
        `theory`; NaN where a data set or network lacks a sample size.
    """
    import xarray as xr

    from empirical.shipped import shipped_experiment
    from figures.theory_of_trained import fitted, law, summary

    found = results()
    parts = []
    for data, models in found.items():
        # Networks of a data set share its splits: any of them stands for the data.
        experiment = shipped_experiment(f"{data}-{next(iter(models))}")
        points = xr.concat([summary(result) for result in models.values()], "model", join="outer")
        points = points.assign_coords(model=list(models))
        lines = [law(experiment, quality), fitted(experiment, quality)]
        parts.append(xr.merge([points, *lines], join="outer", compat="no_conflicts"))
    return xr.concat(parts, "data", join="outer").assign_coords(data=list(found))


@styled
def draw(dataset: xr.Dataset) -> Figure:
    """One column for each data set; rows are convergence, memorisation and recovery.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=7.0)
    names = [name for name in DATA if name in dataset["data"].values]
    grid = figure.subplots(len(_ROWS), len(names), sharex=True, sharey="row", squeeze=False)
    for column, name in enumerate(names):
        part = dataset.sel(data=name)
        for row, (quantity, factor, label) in enumerate(_ROWS):
            axes = grid[row, column]
            one = part.sel(factor=factor) if factor else part.isel(factor=0)
            title = DATA[name] if row == 0 else ""
            panel(axes, "abcdefghijklmnop"[row * len(names) + column], title)
            _theories(axes, one, quantity)
            _networks(axes, one, quantity)
            axes.set_xscale("log")
            axes.set_ylim(-0.03, 1.05)
            if column == 0:
                axes.set_ylabel(label)
        grid[-1, column].set_xlabel("training samples $n$")
    shown = [name for name in MODELS if name in dataset["model"].values]
    figure.legend(handles=_legend(shown), loc="outside lower center", ncols=3)
    return figure


def _theories(axes: Axes, part: xr.Dataset, quantity: str) -> None:
    look = LOOKS[quantity]
    predicted(axes, part["line_samples"], part[f"{quantity}_law"], look, label="")
    for theory, line in THEORY_LINES.items():
        if theory == "linear" or theory not in part["theory"].values:
            continue
        model = part.sel(theory=theory)[f"{quantity}_fitted"].dropna("samples")
        predicted(axes, model["samples"], model, look, linestyle=line, label="")
    if quantity == "memorisation":
        fresh = part["memorisation_baseline_law"]
        axes.plot(part["line_samples"], fresh, color=GREY, linestyle="-.")


def _networks(axes: Axes, part: xr.Dataset, quantity: str) -> None:
    look = LOOKS[quantity]
    for name in part["model"].values:
        one = part.sel(model=name)
        x = one["samples"] * _SHIFTS[str(name)]
        marker = MODEL_MARKERS[str(name)]
        measured(axes, x, one[quantity], one[f"{quantity}_stderr"], look, marker=marker)
        if quantity == "memorisation":
            fresh = one["memorisation_baseline"]
            axes.plot(
                x, fresh, color=GREY, marker=marker, markersize=2.5, linestyle="none", zorder=2
            )


def _legend(models: list[str]) -> list[Artist]:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color="black", linestyle=THEORY_LINES[name], label=words)
        for name, words in THEORIES.items()
    ]
    points = [
        Line2D(
            [], [], color="black", linestyle="none", marker=MODEL_MARKERS[name],
            markerfacecolor="white", label=f"{MODELS[name]} ± {BARS:g} s.e.",
        )
        for name in models
    ]  # fmt: skip
    fresh = Line2D(
        [], [], color=GREY, linestyle="-.", marker="o", markersize=2.5,
        label="$m$ on fresh data: law, small points",
    )  # fmt: skip
    return [*lines, *points, fresh]
