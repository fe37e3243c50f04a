"""Figure 11: in the course of training, networks first generalise and then, for small n, copy."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import entry
from convergen.figures.looks.style import (
    family,
    look_of,
    measured,
    panel,
    predicted,
    whole_figure,
)
from convergen.figures.looks.trained_networks import DATA, MODEL_MARKERS, MODELS, results
from convergen.figures.making.qualities import by_quality
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase
    from numpy.typing import NDArray

    from convergen.figures.looks.style import Look

NAME = "training-time"
NUMBER = 11
TITLE = "Training time: copying comes after learning"
CAPTION = (
    "A U-Net first lowers its test error and copies nothing; the smaller n, the sooner the error "
    "turns and copying sets in, while for n ≥ 256 neither happens within 64,000 images seen "
    "(points of three seeds; dotted: guide to the eye). "
    "With n = 16 it ends by copying nearly always on the digits but in a quarter of the draws on "
    "the field, and on the digits, which are not Gaussian, its error falls below that of the best "
    "linear denoiser, which is the true model of the field. Memorisation begins where m − m₀ "
    "passes a tenth of 1 − m₀, m₀ being m on fresh data. The law says that this takes images in "
    "proportion to n (weighed by the learning rate); it is fitted to the onsets at n = 4 and 16 "
    "(lines in g and h, 95 % bands; bars in a and b) and predicts those at n = 64, where the U-Net "
    "on the field does not reach its own."
)

SHOWN = ("digits", "field8")
MODEL = "unet"
SIGMA = 1.0
# At most as many as a family of looks has members.
SAMPLES = (4, 16, 64, 256, 4096)
_BEST = "best linear denoiser"
_MEASURED = ("excess", "fraction_memorised", "test_error")
# The law of the onset: whose networks, and the n it is fitted to.
LAW_MODELS = ("mlp", "unet")
FITTED = (4, 16)
# Points of one n stand beside each other.
_SHIFTS = {"mlp": 0.95, "unet": 1.05}
_BAR = 2.5
_ONSETS = (200.0, 1.5e5)
_BUDGET: dict[str, Any] = {"color": GREY, "linestyle": (0, (1, 2)), "linewidth": 1.0}
_LAW_TIMES = [
    f"{name}{end}" for name in ("memorisation_time", "law_time") for end in ("", "_low", "_high")
]


def compute(quality: str, seed: int) -> xr.Dataset:
    """Histories of the shipped U-Nets, ending with what the trained networks do.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: at smoke two sample sizes.
    seed : int
        Not used: the seeds are those of the experiments.

    Returns
    -------
    xarray.Dataset
        Each quantity and its standard error along `data`, `images` and `samples`; sample sizes
        that a data set lacks are NaN. Onsets of memorisation, measured and by the law, along
        `data`, `model` and `samples`; NaN where a training ended before.
    """
    import xarray as xr

    from convergen.empirical.validate.shipped_results import shipped_run

    found = results(SHOWN, LAW_MODELS)
    names = list(found)
    parts = []
    for name in names:
        result = found[name][MODEL].sel(sigma=SIGMA, drop=True)
        last = int(result["samples"].max())
        wanted = by_quality(quality, SAMPLES[:2], SAMPLES, SAMPLES)
        # A finite data set ends before the last of them.
        chosen = sorted({min(n, last) for n in wanted})
        laws = xr.concat(
            [_law(f"{name}-{model}", found[name][model]) for model in LAW_MODELS], "model"
        )
        laws = laws.assign_coords(model=list(LAW_MODELS)).sel(samples=chosen)
        end = int(shipped_run(f"{name}-{MODEL}").experiment.training.images)
        part = _history(result.sel(samples=chosen), end)
        parts.append(part.merge(laws))
    merged = xr.concat(parts, "data", join="outer").assign_coords(data=names)
    return merged.assign_attrs(sigma=SIGMA)


def _law(name: str, result: xr.Dataset) -> xr.Dataset:
    """Onsets of memorisation of one network, measured and by the law; NaN beyond the training."""
    from convergen.empirical.validate.memorisation_time import memorisation_time
    from convergen.empirical.validate.shipped_results import shipped_run
    from convergen.theory.networks.training_time.clock import images_for

    run = shipped_run(name)
    found, training = memorisation_time(run, result, FITTED), run.experiment.training
    laws = found[_LAW_TIMES].where(np.isfinite)
    images = images_for(found["law_time"].values, training.images, training.schedule)
    words = {"long_name": "onset of memorisation by its law", "units": "images"}
    laws["onset"] = "samples", np.where(np.isfinite(images), images, np.nan), words
    words = {"long_name": "images of the training, weighed by the learning rate", "units": "images"}
    laws["budget"] = (), found.attrs["budget"], words
    return laws


def _history(result: xr.Dataset, end: int) -> xr.Dataset:
    import xarray as xr

    from convergen.empirical.measure.intervals import over_seeds

    data = xr.Dataset()
    for name in ("memorisation", "memorisation_baseline", "fraction_memorised", "test_error"):
        last = result[name].expand_dims(images=[end])
        data[name] = xr.concat([result[f"history_{name}"], last], "images")
        data[name].attrs = result[name].attrs
    data["excess"] = data["memorisation"] - data["memorisation_baseline"]
    data["excess"].attrs = {"long_name": "memorisation m less that of fresh data", "units": "1"}
    summary = xr.Dataset()
    for name in _MEASURED:
        mean, stderr = over_seeds(data[name])
        summary[name] = mean.assign_attrs(data[name].attrs)
        summary[f"{name}_stderr"] = stderr.assign_attrs(units=data[name].attrs["units"])
    summary["true_error"] = over_seeds(result["true_error"])[0].assign_attrs(
        result["true_error"].attrs
    )
    return summary


@whole_figure(7.2)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """One column for each data set; rows are excess memorisation, copies, test error and the law.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    names = [str(name) for name in dataset["data"].values]
    grid = figure.subplots(len(_MEASURED) + 1, len(names), squeeze=False)
    letters = iter(ascii_lowercase)
    for axes, name in zip(grid.flat, names * len(grid), strict=True):
        panel(axes, next(letters), DATA[name])
    *upper, below = grid
    for row, quantity in zip(upper, _MEASURED, strict=True):
        for axes, name in zip(row, names, strict=True):
            _curves(axes, _shown(dataset, name), quantity)
        _share(row)
        for axes in row if row is not upper[-1] else ():
            axes.tick_params(labelbottom=False)
    for column, name in enumerate(names):
        part = _shown(dataset, name)
        ends, error = part["images"][[0, -1]], np.full(2, float(part["true_error"]))
        predicted(upper[2][column], ends, error, look_of("optimal_error"), label=_BEST)
        upper[0][column].legend(loc="upper left", title="training samples $n$", ncols=2)
        upper[2][column].legend(handles=upper[2][column].get_lines()[-1:], loc="upper left")
        upper[2][column].set_xlabel("images seen in training")
        _onsets(below[column], part)
    upper[0][0].set_ylabel("excess memorisation\n$m$ − ($m$ on fresh data)")
    upper[1][0].set_ylabel("fraction memorised\n(share of copies)")
    upper[2][0].set_ylabel(f"test error at σ = {dataset.attrs['sigma']:g}\n(data units², summed)")
    below[0].set_ylabel("onset of memorisation\n(weighed images)")
    figure.legend(handles=_law_entries(), loc="outside lower center", ncols=3)


def _share(row: NDArray[Any]) -> None:
    """One range of heights for a row."""
    low, high = zip(*(axes.get_ylim() for axes in row), strict=True)
    for axes in row:
        axes.set_ylim(min(low), max(high))


def _shown(dataset: xr.Dataset, name: str) -> xr.Dataset:
    return dataset.sel(data=name).dropna("samples", how="all", subset=["excess"])


def _curves(axes: Axes, part: xr.Dataset, quantity: str) -> None:
    look_name = "test_error" if quantity == "test_error" else "memorisation"
    looks = family(look_name, part.sizes["samples"])
    for look, n in zip(looks, part["samples"].values, strict=True):
        one = part.sel(samples=n)
        # Thin and dotted: a guide to the eye through points, not a theory.
        axes.plot(one["images"], one[quantity], color=look.colour, linewidth=0.6, linestyle=":")
        measured(
            axes, one["images"], one[quantity], one[f"{quantity}_stderr"], look, label=f"{n}"
        )  # fmt: skip
        onset = float(one["onset"].sel(model=MODEL))
        if quantity == "excess" and np.isfinite(onset):
            axes.axvline(onset, 0.0, 0.16, color=look.colour, linewidth=_BAR)
    axes.set_xscale("log")


def _onsets(axes: Axes, part: xr.Dataset) -> None:
    """Onsets over n: points with their intervals, and the law with its own."""
    for name, look in _law_looks().items():
        one = part.sel(model=name)
        time = one["memorisation_time"]
        ends = time - one["memorisation_time_low"], one["memorisation_time_high"] - time
        axes.errorbar(
            one["samples"] * _SHIFTS[name], time, yerr=np.stack(ends), marker=look.marker,
            color=look.colour, markerfacecolor="white", linestyle="none", zorder=3,
        )  # fmt: skip
        predicted(axes, one["samples"], one["law_time"], look)
        band = one["law_time_low"], one["law_time_high"]
        axes.fill_between(one["samples"], *band, color=look.colour, alpha=0.15, linewidth=0)
    # That of both networks.
    axes.axhline(float(part["budget"][0]), **_BUDGET)
    axes.set_xscale("log")
    axes.set_yscale("log")
    seen = part["samples"].values[:3]
    axes.set_xlim(seen[0] / 1.5, seen[-1] * 1.5)
    axes.set_ylim(_ONSETS)
    axes.set_xticks(seen, [str(n) for n in seen])
    axes.minorticks_off()
    axes.set_xlabel("training samples $n$")


def _law_looks() -> dict[str, Look]:
    """Of the networks in the panels of the law."""
    shades = family("memorisation", len(LAW_MODELS))
    return {
        name: look._replace(marker=MODEL_MARKERS[name], label="")
        for name, look in zip(LAW_MODELS, shades, strict=True)
    }


def _law_entries() -> list[Artist]:
    from matplotlib.lines import Line2D

    words = ", ".join(str(n) for n in FITTED)
    return [
        *(entry(look, MODELS[name]) for name, look in _law_looks().items()),
        Line2D([], [], color=GREY, label=f"lines: law $\\kappa n$ fitted to $n$ = {words}"),
        Line2D(
            [],
            [],
            color=look_of("memorisation").colour,
            linestyle="none",
            marker="|",
            markersize=9,
            markeredgewidth=_BAR,
            label="bars (a, b): the same law, U-Net",
        ),
        Line2D([], [], label="end of training", **_BUDGET),
    ]
