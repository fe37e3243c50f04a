"""Figure 14: trained denoisers agree before they know the leading factors."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from convergen.figures.looks.style import (
    BARS,
    GREY,
    entry,
    family,
    look_of,
    measured,
    new_figure,
    panel,
    predicted,
    styled,
)
from convergen.figures.looks.trained_networks import DATA, MODELS, results
from convergen.figures.making.qualities import by_quality

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convergen.empirical.experiment.run import Run
    from convergen.figures.looks.style import Look

NAME = "trained-blindness"
NUMBER = 14
TITLE = "Convergence against recovery in trained denoisers"
CAPTION = "to be written"

# Data sets of each network, in the order of the panels.
SHOWN = {"conv": ("digits",), "unet": ("digits", "field8", "patches")}
FACTORS = (1, 5)
# Of the bulk and of the leading factors: what shipped results hold beside overlaps.
DISTANCES = {"sliced_wasserstein": "s", "covariance_error": "^"}
_QUANTITIES = ("convergence", "latent_recovery", *DISTANCES)
_LINEAR = "linear"


def compute(quality: str, seed: int) -> xr.Dataset:
    """Shipped results, the linear law, and linear models fitted to the same training sets.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: nodes of the lines; at smoke two sample sizes and one seed of the
        linear models.
    seed : int
        Not used: the seeds are those of the experiments.

    Returns
    -------
    xarray.Dataset
        Quantities and their standard errors along `panel` (``NETWORK DATA``), `samples` and
        `factor`; those of linear models end in ``_linear``, those of the law in ``_law``.
    """
    import xarray as xr

    from convergen.empirical.validate.shipped_results import shipped_run

    parts, names = [], []
    for model, wanted in SHOWN.items():
        for data, found in results(wanted, (model,)).items():
            run = shipped_run(f"{data}-{model}")
            parts.append(_panel(run, found[model], quality))
            names.append(f"{model} {data}")
    return xr.concat(parts, "panel", join="outer").assign_coords(panel=names)


def _panel(run: Run, result: xr.Dataset, quality: str) -> xr.Dataset:
    """One network on one data set, with its law and its linear models."""
    from dataclasses import replace

    import xarray as xr

    from convergen.empirical.validate.solvable_models import reference
    from convergen.figures.paper.theory_of_trained import law

    part = run.experiment
    if quality == "smoke":
        part = replace(part, samples=part.samples[:2], seeds=part.seeds[:1])
    pieces = [
        _summary(result, "").sel(factor=list(FACTORS)),
        _summary(reference(run, _LINEAR, part), "_linear").sel(factor=list(FACTORS)),
        law(run, quality)[["convergence_law", "latent_recovery_law", "line_samples"]].sel(
            factor=list(FACTORS)
        ),
    ]
    return xr.merge(pieces, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts")


def _summary(result: xr.Dataset, ending: str) -> xr.Dataset:
    import xarray as xr

    from convergen.empirical.measure.intervals import over_seeds

    data = xr.Dataset()
    for name in _QUANTITIES:
        mean, stderr = over_seeds(result[name])
        data[f"{name}{ending}"] = mean.assign_attrs(result[name].attrs)
        data[f"{name}{ending}_stderr"] = stderr.assign_attrs(
            long_name="standard error", units=result[name].attrs["units"]
        )
    return data.drop_vars("eigenvalue", errors="ignore")


@styled
def draw(dataset: xr.Dataset) -> Figure:
    """Above convergence and recovery, below the two distances; one column for each panel.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height=4.6)
    names = [str(name) for name in dataset["panel"].values]
    grid = figure.subplots(2, len(names), sharex="col", sharey="row", squeeze=False)
    letters = iter(ascii_lowercase)
    for axes, name in zip(grid[0], names, strict=True):
        model, data = name.split()
        panel(axes, next(letters), f"{MODELS[model]}: {DATA[data].split(',')[0]}")
        _overlaps(axes, dataset.sel(panel=name))
        axes.set_ylim(-0.03, 1.05)
        axes.set_xscale("log")
    for axes, name in zip(grid[1], names, strict=True):
        panel(axes, next(letters), "")
        _distances(axes, dataset.sel(panel=name))
        axes.set_yscale("log")
        axes.set_xlabel("training samples $n$")
    grid[0, 0].set_ylabel("convergence $q$,\nrecovery $Q_k$")
    grid[1, 0].set_ylabel("distance to the truth")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3)
    return figure


def _looks() -> list[Look]:
    """Of the factors; circles with solid lines are convergence."""
    return family("latent_recovery", len(FACTORS), start=1)


def _overlaps(axes: Axes, part: xr.Dataset) -> None:
    for look, one, name in [
        (look_of("convergence"), part.isel(factor=0), "convergence"),
        *(
            (look, part.sel(factor=k), "latent_recovery")
            for look, k in zip(_looks(), FACTORS, strict=True)
        ),
    ]:
        predicted(axes, one["line_samples"], one[f"{name}_law"], look, label="")
        measured(axes, one["samples"], one[name], one[f"{name}_stderr"], look)


def _distances(axes: Axes, part: xr.Dataset) -> None:
    one = part.isel(factor=0)
    for name, marker in DISTANCES.items():
        look = _distance_look(name, marker)
        linear = one[f"{name}_linear"].dropna("samples")
        predicted(axes, linear["samples"], linear, look, label="")
        measured(axes, one["samples"], one[name], one[f"{name}_stderr"], look)


def _distance_look(name: str, marker: str) -> Look:
    of_bulk = name == "sliced_wasserstein"
    base = look_of("bures_wasserstein" if of_bulk else "max_sliced_wasserstein")
    words = "sliced $W_2$ (bulk)" if of_bulk else r"$|C-\Sigma|/|\Sigma|$ (leading factors)"
    return base._replace(marker=marker, line="-" if of_bulk else "--", label=words)


def _legend() -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        entry(look_of("convergence")),
        *(entry(look, f"latent recovery $Q_{k}$")
          for look, k in zip(_looks(), FACTORS, strict=True)),
        *(entry(_distance_look(name, marker)) for name, marker in DISTANCES.items()),
        Line2D([], [], color=GREY, label="lines: linear law (above),\nlinear models fitted (below)"),
        Line2D(
            [], [], color=GREY, linestyle="none", marker="o", markerfacecolor="white",
            label=f"points: networks ± {BARS:g} s.e. over seeds",
        ),
    ]  # fmt: skip
