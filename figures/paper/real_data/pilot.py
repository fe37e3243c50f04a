"""Figure 13: from a pilot sample to the truth, beside what the pilot's own spectrum promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import Look, family, panel, plain_ticks, whole_figure
from convergen.figures.making.qualities import by_quality
from convergen.figures.paper.real_data.pilot_truths import TRUTHS, Law
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

NAME = "pilot"
NUMBER = 13
TITLE = "From a pilot sample to the truth"
CAPTION = (
    "What a pilot of N points says of convergence: its own spectrum, taken for the truth, promises "
    "far too much (dashed), the law that `predict` estimates behind it does not (blue, bands: 90 % "
    "intervals; black: truth, exact for the power law, measured on disjoint subsets of all points "
    "for the others). "
    "Below, the samples that ten pilots of each size ask for to reach q = 0.9, over those truly "
    "needed (circles: `predict`, with 90 % intervals; crosses: the pilot's own spectrum)."
)
SIZES = (50, 140, 500)
LEVEL = 0.9
_RATIOS = (0.03, 0.1, 0.3, 1.0, 3.0)


def compute(quality: str, seed: int) -> xr.Dataset:
    """Curves from one pilot of each size, and the samples for q = 0.9 from several.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: how many pilots, and how well the truth is measured.
    seed : int
        Seed of pilots and subsets.

    Returns
    -------
    xarray.Dataset
        Curves along `data`, `points` (of the pilot) and `place`, samples for q = 0.9 along
        `data`, `points` and `pilot`, the truth along `data` and `place`.
    """
    import xarray as xr

    pilots = by_quality(quality, 2, 4, 10)
    places = by_quality(quality, 9, 25, 49)
    found = [
        _of_law(truth.load(by_quality(quality, 3, 10, 40), seed), pilots, places, seed)
        for truth in TRUTHS
    ]
    return xr.concat(found, "data").assign_coords(data=[truth.name for truth in TRUTHS])


def _of_law(law: Law, pilots: int, places: int, seed: int) -> xr.Dataset:
    """Everything of one law."""
    import xarray as xr

    from convergen import theory

    n = np.geomspace(law.first, law.last, places)
    curves = np.empty((len(SIZES), 4, places))
    needed = np.empty((len(SIZES), 4, pilots))
    for i, size in enumerate(SIZES):
        for k in range(pilots):
            points = law.draw(size, np.random.default_rng([seed, size, k]))
            estimated = theory.predict(
                theory.estimate_population(points, seed=seed), n, levels=[LEVEL],
                quantities=["convergence", "thresholds"], factors=1,
            )  # fmt: skip
            plug_in = theory.Spectrum.from_data(points)
            ends = ("", "_low", "_high")
            if k == 0:
                law_of_pilot = [estimated[f"convergence{end}"] for end in ends]
                curves[i] = [*law_of_pilot, theory.convergence(plug_in, n)]
            sizes = [float(estimated[f"convergence_samples{end}"][0]) for end in ends]
            needed[i, :, k] = [*sizes, float(theory.samples_for(plug_in, convergence=LEVEL))]
    names = ("estimate", "low", "high", "plug_in")
    about = {"long_name": "convergence of two models", "units": "1"}
    wanted = {"long_name": f"samples for q = {LEVEL:g}", "units": "1"}
    return xr.Dataset(
        {
            "n": ("place", n, {"long_name": "number of training samples", "units": "1"}),
            "truth": ("place", law.convergence(n), about),
            "needed_truth": ((), law.samples_for(LEVEL), wanted),
            **{
                f"q_{name}": (("points", "place"), curves[:, j], about)
                for j, name in enumerate(names)
            },
            **{
                f"needed_{name}": (("points", "pilot"), needed[:, j], wanted)
                for j, name in enumerate(names)
            },
        },
        {"points": ("points", np.array(SIZES), {"long_name": "points of the pilot"})},
    )  # fmt: skip


@whole_figure(4.7)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Convergence above, samples for q = 0.9 over the truth below, one column for each law.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    grid = figure.subplots(2, 3, sharey="row", gridspec_kw={"height_ratios": (1.45, 1.0)})
    looks = family("convergence", len(SIZES))[::-1]
    for column, letter, low_letter in zip(range(3), "abc", "def", strict=True):
        one = dataset.isel(data=column)
        _curves(grid[0, column], one, looks)
        panel(grid[0, column], letter, str(one["data"].values))
        _needed(grid[1, column], one, looks)
        panel(grid[1, column], low_letter, f"samples for $q$ = {LEVEL:g}")
    grid[0, 0].set_ylabel("convergence $q$")
    grid[1, 0].set_ylabel("predicted / true samples")
    grid[0, 0].legend(loc="lower right", handles=_entries(looks))


def _curves(axes: Axes, one: xr.Dataset, looks: list[Look]) -> None:
    n = one["n"]
    for i, look in enumerate(looks):
        axes.fill_between(
            n, one["q_low"][i], one["q_high"][i], color=look.colour, alpha=0.22, linewidth=0.0
        )
    for i, look in enumerate(looks):
        axes.plot(n, one["q_plug_in"][i], linestyle=(0, (3, 2)), color=look.colour, linewidth=0.9)
        axes.plot(n, one["q_estimate"][i], color=look.colour, linewidth=1.1)
    axes.plot(n, one["truth"], color="black", linewidth=1.6, zorder=4)
    axes.axhline(LEVEL, color=GREY, linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    axes.set_xlim(float(n[0]), float(n[-1]))
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("number of training samples $n$")
    plain_ticks(axes.xaxis)


def _needed(axes: Axes, one: xr.Dataset, looks: list[Look]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    truth = float(one["needed_truth"])
    pilots = one.sizes["pilot"]
    axes.axhline(1.0, color="black", linewidth=1.2)
    for i, look in enumerate(looks):
        place = i + np.linspace(-0.3, 0.3, pilots)
        value, low, high, plug_in = (
            one[f"needed_{name}"][i].values / truth
            for name in ("estimate", "low", "high", "plug_in")
        )
        axes.errorbar(
            place, value, yerr=[value - low, high - value], linestyle="none", marker="o",
            markersize=3.2, color=look.colour, markerfacecolor="white", capsize=1.2,
            elinewidth=0.9, zorder=3,
        )  # fmt: skip
        axes.plot(
            place, plug_in, linestyle="none", marker="x", markersize=3.6, color=look.colour,
            markeredgewidth=0.9,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xticks(range(len(looks)), [f"$N$ = {size}" for size in one["points"].values])
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_locator(FixedLocator(_RATIOS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _entries(looks: list[Look]) -> list[object]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color="black", linewidth=1.6, label="truth"),
        *(
            Line2D([], [], color=look.colour, marker="o", markerfacecolor="white", markersize=3.2,
                   label=f"estimated from {size} points")
            for look, size in zip(looks, SIZES, strict=True)
        ),
        Line2D([], [], color=looks[1].colour, linestyle=(0, (3, 2)), linewidth=0.9, marker="x",
               markersize=3.6, label="their own spectrum"),
    ]  # fmt: skip
