"""Figure 12: the question, the three transitions and one trained network, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import entry, key
from convergen.figures.looks.style import (
    Look,
    family,
    look_of,
    measured,
    panel,
    predicted,
    whole_figure,
)
from convergen.figures.looks.trained_networks import theory_look
from convergen.figures.making.qualities import by_quality
from convergen.figures.paper.trained import disjoint_training
from convergen.figures.paper.trained.theory_of_trained import band_entry, draw_own

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

NAME = "summary"
NUMBER = 12
TITLE = "The question, the three transitions, one trained network"
CAPTION = (
    "A linear model stops memorising (m falls to what fresh data give) and two models of disjoint "
    "training sets converge (q) around n = d, while each latent factor is recovered in a "
    "transition of its own, long before or long after (a). "
    "U-Nets trained on digits copy their data at small n, as the empirical score does, and agree "
    "at large n, though less than the linear law says (b) and as a theory says that knows how long "
    "they were trained (dashed, one seed, calibrated at n = 16 and not shown there; the band is "
    "what the 90 % interval of its constant c allows; its m is too large by 0.05 to 0.07 from "
    "n = 64 on); the pictures that two of them make of "
    "the same noise show both (c)."
)

STRENGTHS = (9.0, 0.6)
_NETWORK = "digits-unet"
_NOISES = 3
_RANGE = (0.01, 30.0)
# Dashes of the theory that knows the network: those of its row in the table.
_OWN = (0, (5, 1))
_SIMULATED = ("convergence", "memorisation", "memorisation_baseline", "latent_recovery")
_LINES = ("convergence", "memorisation", "memorisation_baseline")


def compute(quality: str, seed: int) -> xr.Dataset:
    """Theory and simulation of spiked data; a shipped U-Net beside its theories and its pictures.

    Parameters
    ----------
    quality : str
        smoke, draft or paper.
    seed : int
        Seed of the simulation and first picture; the training has seeds of its own.

    Returns
    -------
    xarray.Dataset
        Lines along `load`, simulations along `point`, networks along `samples`, pictures along
        `row`, `height` and `width`.
    """
    import xarray as xr

    pictures = disjoint_training.pictures(_NETWORK, _NOISES, seed)[["picture"]]
    found = xr.merge(
        [_transitions(quality, seed), _network(quality), pictures],
        join="outer", compat="no_conflicts", combine_attrs="drop_conflicts",
    )  # fmt: skip
    return found.assign_attrs(pixels=pictures.sizes["height"] * pictures.sizes["width"])


def _transitions(quality: str, seed: int) -> xr.Dataset:
    import xarray as xr

    from convergen import theory

    dim = by_quality(quality, 60, 300, 300)
    spectrum = theory.Spectrum.spiked(dim, [1.0 + strength for strength in STRENGTHS])
    n = np.unique(np.round(np.geomspace(*_RANGE, by_quality(quality, 7, 48, 96)) * dim))
    count = len(STRENGTHS)
    lines = theory.predict(
        spectrum, n, factors=count, seed=seed,
        quantities=("convergence", "memorisation", "latent_recovery", "thresholds"),
    )  # fmt: skip
    points = np.unique(np.round(np.geomspace(*_RANGE, by_quality(quality, 3, 8, 11)) * dim))
    found = theory.simulate(
        spectrum, points, factors=count, seed=seed, repeats=by_quality(quality, 4, 10, 40),
        quantities=("convergence", "memorisation", "latent_recovery"),
    )  # fmt: skip
    load = {"long_name": "load n/d", "units": "1"}
    variables: dict[str, Any] = {
        f"{name}_line": ("load", lines[name].values, lines[name].attrs) for name in _LINES
    }
    recovery = lines["latent_recovery_finite_size"]
    variables["latent_recovery_line"] = (("load", "strength"), recovery.values, recovery.attrs)
    variables["recovery_threshold"] = (
        "strength", lines["recovery_threshold"].values / dim,
        {"long_name": "load at which the factor starts to be recovered", "units": "1"},
    )  # fmt: skip
    variables["sample_load"] = ("point", points / dim, {**load, "long_name": "simulated load n/d"})
    for name in _SIMULATED:
        dims = ("point", "strength") if name == "latent_recovery" else ("point",)
        for ending in ("", "_stderr"):
            source = found[name + ending]
            variables[f"{name}_simulated{ending}"] = (dims, source.values, source.attrs)
    coordinates = {
        "load": ("load", n / dim, load),
        "strength": ("strength", np.array(STRENGTHS), {"long_name": "spike strength theta"}),
    }
    return xr.Dataset(variables, coordinates, {"dimension": dim})


def _network(quality: str) -> xr.Dataset:
    import xarray as xr

    from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
    from convergen.figures.paper.trained.theory_of_trained import fitted, law, own, summary

    run, result = shipped_run(_NETWORK), shipped_result(_NETWORK)
    score = fitted(run, quality).sel(theory="empirical-score", drop=True)
    parts = [summary(result), law(run, quality), score, own(run, result, quality)]
    found = xr.merge(parts, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts")
    ends = ("", "_stderr", "_law", "_fitted", "_own", "_own_low", "_own_high")
    wanted = [f"{q}{end}" for q in _LINES for end in ends]
    wanted = [name for name in wanted if name in found]  # at smoke there is no theory of its own
    return found[[*wanted, "line_samples"]].drop_vars("factor", errors="ignore")


@whole_figure(5.6)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Transitions and network above, pictures below.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.75, 1.0))
    upper, lower = parts
    left, right = upper.subplots(1, 2, sharey=True)
    _draw_transitions(left, dataset)
    _draw_network(right, dataset)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_ylim(-0.03, 1.05)
    trained = dataset["samples"].values
    right.set_xticks(trained, [str(n) for n in trained])
    right.minorticks_off()
    left.set_ylabel("overlap $q$ or $m$, squared overlap $Q_k$")
    upper.suptitle(
        "Does a generative model memorise its training set, or learn the distribution behind it?",
        fontsize=9, fontweight="bold",
    )  # fmt: skip
    upper.legend(handles=_legend(), loc="outside lower center", ncols=4)
    grid = lower.subplots(1, dataset.sizes["noise"])
    numbers = {"samples $n$": ("samples", "d")}
    for noise, axes in enumerate(grid):
        part = dataset[["picture"]].isel(noise=[noise]).dropna("samples")
        disjoint_training.tile(axes, part, numbers)
        if noise:
            axes.set_yticklabels([])
    title = (
        "What two U-Nets A and B, trained on disjoint sets of $n$ digits, make of the same noise"
    )
    lower.suptitle(f"(c) {title}", x=0.065, ha="left", fontsize="medium")


def _legend() -> list[Artist]:
    from matplotlib.lines import Line2D

    strong, weak = _factors()
    line, points = key("measured")
    line.set_label("lines: linear theory")
    words, dotted = theory_look("empirical-score")
    score = Line2D(
        [], [], color=look_of("convergence").colour, label=f"$q$ of the {words}",
        linestyle=dotted,  # type: ignore[arg-type]
    )  # fmt: skip
    return [
        *(entry(look_of(name)) for name in _LINES),
        entry(strong, "recovery $Q_1$ of a strong factor"),
        entry(weak, "recovery $Q_2$ of a weak factor"),
        score,
        Line2D([], [], color="black", linestyle=_OWN, label="theory of the U-Net"),
        band_entry(), line, points,
    ]  # fmt: skip


def _factors() -> list[Look]:
    """Looks of the strong and of the weak factor, with markers that nothing else has here."""
    looks = family("latent_recovery", len(STRENGTHS))
    return [look._replace(marker=marker) for look, marker in zip(looks, "^v", strict=True)]


def _draw_transitions(axes: Axes, dataset: xr.Dataset) -> None:
    for name in _LINES:
        look = look_of(name)
        predicted(axes, dataset["load"], dataset[f"{name}_line"], look)
        mean, stderr = dataset[f"{name}_simulated"], dataset[f"{name}_simulated_stderr"]
        measured(axes, dataset["sample_load"], mean, stderr, look)
    for k, look in enumerate(_factors()):
        one = dataset.isel(strength=k)
        predicted(axes, dataset["load"], one["latent_recovery_line"], look)
        mean = one["latent_recovery_simulated"]
        stderr = one["latent_recovery_simulated_stderr"]
        measured(axes, dataset["sample_load"], mean, stderr, look)
        threshold = float(one["recovery_threshold"])
        axes.axvline(threshold, color=look.colour, linestyle=look.line, linewidth=0.6)
        axes.annotate(
            f"$n^*_{k + 1}/d$", (threshold, 0.5), (2, 0), textcoords="offset points",
            color="0.3", fontsize=7,
        )  # fmt: skip
    axes.set_xlabel("load $n/d$ (training samples per dimension)")
    panel(axes, "a", f"Three transitions of linear models, $d$ = {dataset.attrs['dimension']}")


def _draw_network(axes: Axes, dataset: xr.Dataset) -> None:
    for name in _LINES:
        look = look_of(name)
        trained = dataset[[name, f"{name}_stderr"]].dropna("samples", subset=[name])
        n = trained["samples"]
        # Fresh data stand beside the others, which they would cover.
        x = 1.08 * n if name == "memorisation_baseline" else n
        measured(axes, x, trained[name], trained[f"{name}_stderr"], look)
        predicted(axes, dataset["line_samples"], dataset[f"{name}_law"], look, label="")
        if f"{name}_own" in dataset and name != "memorisation_baseline":
            own = dataset.sel(samples=n)
            draw_own(axes, own, name, color=look.colour, linestyle=_OWN, marker=".")
    score = dataset["convergence_fitted"].dropna("samples")
    look, line = look_of("convergence"), theory_look("empirical-score")[1]
    predicted(axes, score["samples"], score, look, linestyle=line, label="")
    axes.set_xlabel("training samples $n$")
    panel(axes, "b", f"U-Nets trained on digits, $d$ = {dataset.attrs['pixels']}")
