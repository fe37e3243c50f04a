"""Figure 10: trained networks between the solvable models, on every data set."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from convergen.figures.looks.style import (
    BARS,
    look_of,
    measured,
    panel,
    predicted,
    whole_figure,
)
from convergen.figures.looks.trained_networks import (
    DATA,
    MODEL_MARKERS,
    MODELS,
    OWN_THEORIES,
    THEORIES,
    results,
    theory_look,
)
from convergen.figures.paper.trained.theory_of_trained import band_entry, draw_own

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

NAME = "trained-against-predicted"
NUMBER = 10
TITLE = "Trained networks against the solvable models"
CAPTION = (
    "Linear networks follow the linear law (solid) on all but the photograph patches; MLPs and "
    "U-Nets copy four digits as the empirical score does (dotted) and later agree less than the "
    "law says, but on the stationary fields U-Nets agree more from n = 64 on, towards the best "
    "linear model that knows the symmetry (dashed). "
    "Conv nets, bias-free U-Nets that do not see the noise level, copy digits as the others do; "
    "the variance of their samples is right from n = 256 on (m) but leading factors are hardly "
    "recovered (q, u). On the fields, circular and trained more slowly, they copy nothing, agree "
    "from n = 64 on nearly as the linear model that knows the symmetry, and recover factors as "
    "far as the 256 random draws show that are measured (r, s, v, w). On patches, textures that "
    "look like noise keep them from knowing the noise level, and samples vary less than half as "
    "much as the truth (p). "
    "Small filled points are theories that know the network, one seed: kernel regression of the "
    "MLP, and generaliser and memoriser of the U-Net, calibrated at n = 16 and not shown there "
    "(bands: 90 % interval of its constant c). On digits and fields q is off by 0.02 (U-Nets, "
    "rms; 0.06 at 16 × 16, computed for n ≤ 64) and 0.03 to 0.06 (MLPs), m by at most 0.05, copies "
    "of U-Nets by 0.01. They fail in the copies of MLPs at small n (i, j; 0.07 and 0.13), whose "
    "samples vary too little by theory (m to p), and on patches, where m is off by 0.15 (MLP) and "
    "0.13 (U-Net; h) and copies of the U-Net by 0.13 (l). "
    "Networks saw 64,000 images each, on the larger field U-Nets 32,000 and conv nets 256,000."
)

# Quantity, factor (0: none), label of the axis.
_ROWS = (
    ("convergence", 0, "convergence $q$"),
    ("memorisation", 0, "memorisation $m$"),
    ("fraction_memorised", 0, "share of\ncopies"),
    ("variance_ratio", 0, "variance of\nsamples / truth"),
    ("latent_recovery", 1, "latent\nrecovery $Q_1$"),
    ("latent_recovery", 5, "latent\nrecovery $Q_5$"),
)
# Points of one n stand beside each other.
_SHIFTS = {"linear": 0.79, "mlp": 0.92, "conv": 1.08, "unet": 1.26}

_FRESH: dict[str, Any] = {"linestyle": (0, (5, 1, 1, 1)), "linewidth": 0.8}
_FRESH_POINTS: dict[str, Any] = {"linestyle": "none", "marker": "_", "markersize": 5}
_OWN: dict[str, Any] = {"linestyle": (0, (1, 1)), "linewidth": 0.7, "markersize": 2.2}


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

    from convergen.empirical.validate.shipped_results import shipped_run
    from convergen.figures.paper.trained.theory_of_trained import fitted, law

    found = results()
    parts = []
    for data, models in found.items():
        # Networks of a data set share its splits: any of them stands for the data.
        run = shipped_run(f"{data}-{next(iter(models))}")
        networks = [_network(f"{data}-{model}", models[model], quality) for model in models]
        points = xr.concat(networks, "model", join="outer").assign_coords(model=list(models))
        lines = [law(run, quality), fitted(run, quality)]
        parts.append(xr.merge([points, *lines], join="outer", compat="no_conflicts"))
    whole = xr.concat(parts, "data", join="outer").assign_coords(data=list(found))
    known = set(whole["model"].values.tolist())
    return whole.reindex(model=[name for name in MODELS if name in known])


def _network(name: str, result: xr.Dataset, quality: str) -> xr.Dataset:
    """A network, and the theory that knows it."""
    import xarray as xr

    from convergen.empirical.validate.shipped_results import shipped_run
    from convergen.figures.paper.trained.theory_of_trained import own, summary

    theory = own(shipped_run(name), result, quality)
    return xr.merge([summary(result), theory], join="outer", compat="no_conflicts")


@whole_figure(9.2)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """One column for each data set; rows are convergence, memorisation, variance and recovery.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    names = [name for name in DATA if name in dataset["data"].values]
    grid = figure.subplots(len(_ROWS), len(names), sharex=True, sharey="row", squeeze=False)
    letters = iter(ascii_lowercase)
    for row, (quantity, factor, label) in enumerate(_ROWS):
        grid[row, 0].set_ylabel(label)
        for column, name in enumerate(names):
            axes = grid[row, column]
            part = dataset.sel(data=name)
            one = part.sel(factor=factor) if factor else part.isel(factor=0)
            panel(axes, next(letters), DATA[name] if row == 0 else "")
            _theories(axes, one, quantity)
            _networks(axes, one, quantity)
            # Beyond it there are only ends of error bars.
            axes.set_ylim(-0.03, 2.7 if quantity == "variance_ratio" else 1.05)
    for axes in grid[-1]:
        axes.set_xscale("log")
        axes.set_xlabel("training samples $n$")
    shown = [name for name in MODELS if name in dataset["model"].values]
    figure.legend(handles=_legend(shown), loc="outside lower center", ncols=3)


def _theories(axes: Axes, part: xr.Dataset, quantity: str) -> None:
    look = look_of(quantity)
    if f"{quantity}_law" in part:
        predicted(axes, part["line_samples"], part[f"{quantity}_law"], look, label="")
    for theory in THEORIES:
        if theory in part["theory"].values:
            model = part.sel(theory=theory)[f"{quantity}_fitted"].dropna("samples")
            line = theory_look(theory)[1]
            predicted(axes, model["samples"], model, look, linestyle=line, label="")
    if quantity == "memorisation":
        fresh = look_of("memorisation_baseline")
        predicted(
            axes, part["line_samples"], part["memorisation_baseline_law"], fresh,
            label="", **_FRESH,
        )  # fmt: skip


def _networks(axes: Axes, part: xr.Dataset, quantity: str) -> None:
    look = look_of(quantity)
    for name in part["model"].values:
        one = part.sel(model=name)
        x = one["samples"] * _SHIFTS[str(name)]
        marker = MODEL_MARKERS[str(name)]
        measured(axes, x, one[quantity], one[f"{quantity}_stderr"], look, marker=marker)
        if f"{quantity}_own" in one:
            # The marker of the network says whose theory it is.
            known = one.sel(samples=one[quantity].dropna("samples")["samples"])
            draw_own(axes, known, quantity, color=look.colour, marker=marker, **_OWN)
        if quantity == "memorisation":
            axes.plot(x, one["memorisation_baseline"], color=look.colour, **_FRESH_POINTS)


def _legend(models: list[str]) -> list[Artist]:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color="black", linestyle=line, label=words)  # type: ignore[arg-type]
        for words, line in map(theory_look, THEORIES)
    ]
    points = [
        Line2D(
            [], [], color="black", linestyle="none", marker=MODEL_MARKERS[name],
            markerfacecolor="white", label=MODELS[name],
        )
        for name in models
    ]  # fmt: skip
    own = [
        Line2D(
            [], [], color="black", marker=MODEL_MARKERS[name],
            label=f"theory of the {MODELS[name]}", **_OWN,
        )
        for name in OWN_THEORIES
        if name in models
    ]  # fmt: skip
    bars = Line2D(
        [], [], color="black", linestyle="none", marker="|", markersize=9,
        label=f"± {BARS:g} s.e. over seeds",
    )  # fmt: skip
    law, networks = (
        Line2D(
            [], [], color=look_of("memorisation").colour, label=f"$m$ on fresh data: {what}", **how
        )
        for what, how in (("law", _FRESH), ("networks", _FRESH_POINTS))
    )
    return [*lines, *own, *points, law, networks, band_entry(), bars]
