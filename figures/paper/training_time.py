"""Figure 11: in the course of training, networks first generalise and then, for small n, copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import (
    family,
    look_of,
    measured,
    panel,
    predicted,
    whole_figure,
)
from convergen.figures.looks.trained_networks import DATA, results
from convergen.figures.making.qualities import by_quality

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen.empirical.experiment.run import Run

NAME = "training-time"
NUMBER = 11
TITLE = "Training time: copying comes after learning"
CAPTION = (
    "A U-Net first lowers its test error and copies nothing; the smaller n, the sooner the error "
    "turns and copying sets in, while for n ≥ 256 neither happens within 64,000 images seen "
    "(points of three seeds; dotted: guide to the eye). "
    "With n = 16 it ends by copying nearly always on the digits but in a quarter of the draws on "
    "the field, and on the digits, which are not Gaussian, its error falls below that of the best "
    "linear denoiser, which is the true model of the field. Bars: onset of memorisation, in "
    "proportion to n in images weighed by the learning rate, fitted to the onsets of each network; "
    "with n = 64 the field does not reach its own."
)

SHOWN = ("digits", "field8")
MODEL = "unet"
SIGMA = 1.0
# At most as many as a family of looks has members.
SAMPLES = (4, 16, 64, 256, 4096)
_BEST = "best linear denoiser"
_MEASURED = ("excess", "fraction_memorised", "test_error")


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
        that a data set lacks are NaN.
    """
    import xarray as xr

    from convergen.empirical.validate.shipped_results import shipped_run

    found = results(SHOWN, (MODEL,))
    names = list(found)
    parts = []
    for name in names:
        result = found[name][MODEL].sel(sigma=SIGMA, drop=True)
        last = int(result["samples"].max())
        wanted = by_quality(quality, SAMPLES[:2], SAMPLES, SAMPLES)
        # A finite data set ends before the last of them.
        chosen = sorted({min(n, last) for n in wanted})
        run = shipped_run(f"{name}-{MODEL}")
        part = _history(result.sel(samples=chosen), run.experiment.training.images)
        parts.append(part.merge(_law(run, result).sel(samples=chosen)))
    merged = xr.concat(parts, "data", join="outer").assign_coords(data=names)
    return merged.assign_attrs(sigma=SIGMA)


def _law(run: Run, result: xr.Dataset) -> xr.Dataset:
    """Images seen at the onset of memorisation by the law; NaN beyond the end of the training."""
    import xarray as xr

    from convergen.empirical.validate.memorisation_time import memorisation_time
    from convergen.theory.networks.training_time.clock import images_for

    found, training = memorisation_time(run, result), run.experiment.training
    images = images_for(found["law_time"].values, training.images, training.schedule)
    values = np.where(np.isfinite(images), images, np.nan)
    words = {"long_name": "onset of memorisation by its law", "units": "images"}
    return xr.Dataset({"onset": ("samples", values, words)}, {"samples": found["samples"]})


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


@whole_figure(5.6)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """One column for each data set; rows are excess memorisation, copies and test error.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    names = [str(name) for name in dataset["data"].values]
    grid = figure.subplots(len(_MEASURED), len(names), sharex=True, squeeze=False)
    for column, name in enumerate(names):
        part = dataset.sel(data=name).dropna("samples", how="all", subset=["excess"])
        for row, quantity in enumerate(_MEASURED):
            letter = "abcdefghi"[row * len(names) + column]
            panel(grid[row, column], letter, DATA[name])
            _curves(grid[row, column], part, quantity)
        truth = part["images"][[0, -1]]
        error = np.full(2, float(part["true_error"]))
        predicted(grid[2, column], truth, error, look_of("optimal_error"), label=_BEST)
        grid[0, column].legend(loc="upper left", title="training samples $n$", ncols=2)
        grid[2, column].legend(handles=grid[2, column].get_lines()[-1:], loc="upper left")
        grid[-1, column].set_xlabel("images seen in training")
    grid[0, 0].set_ylabel("excess memorisation\n$m$ − ($m$ on fresh data)")
    grid[1, 0].set_ylabel("fraction memorised\n(share of copies)")
    grid[2, 0].set_ylabel(f"test error at σ = {dataset.attrs['sigma']:g}\n(data units², summed)")
    for row in grid:
        low, high = zip(*(axes.get_ylim() for axes in row), strict=True)
        for axes in row:
            axes.set_ylim(min(low), max(high))


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
        if quantity == "excess" and np.isfinite(one["onset"]):
            axes.axvline(float(one["onset"]), 0.0, 0.16, color=look.colour, linewidth=2.5)
    axes.set_xscale("log")
