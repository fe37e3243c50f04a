"""Figure 5: digits and photograph patches, and why the patches converge later than predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import key
from convergen.figures.looks.style import BARS, family, measured, panel, plain_ticks, whole_figure
from convergen.figures.making.qualities import by_quality
from convergen.figures.paper.real_data.patch_causes import (
    SAMPLES,
    amplitudes,
    causes,
    limit_ratio,
    photograph_patches,
)
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

NAME = "real-spectra"
NUMBER = 5
TITLE = "Real spectra, and where the Gaussian theory fails"
CAPTION = (
    "Models of disjoint subsets of the digits differ as much as their covariance predicts, models "
    "of photograph patches up to 4.5 times more (a, b). "
    "The cause is contrast: it varies far more between patches than between Gaussian vectors (d), "
    "vectors of the same covariance and contrast (dashed, limit of large d) fail alike to within "
    "15 %, and the failure falls from 4.3 to 1.2 when contrast is divided out, while tails of "
    "single components explain little and signs nothing (c)."
)

DATA = ("digits", "patches, 8 × 8", "patches, 16 × 16")
_WORDS = {
    "gaussian": "Gaussian vectors, same covariance",
    "permuted": "patches, each component permuted",
    "elliptical": "Gaussian vectors × contrast of patches",
    "signs": "patches, signs of components random",
    "patches": "patches",
    "normalised": "patches, contrast divided out",
    "regions": "patches, one region per model",
    "normalised_regions": "the same, contrast divided out",
}
_CONTRASTS = np.geomspace(10.0**-3.5, 10.0**1.5, 41)
_NORMAL = 100_000


def compute(quality: str, seed: int) -> xr.Dataset:
    """Measured and predicted 1 − q of three data sets, and of surrogates of the 8 × 8 patches.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: pairs of training sets, and at smoke fewer sample sizes.
    seed : int
        Seed of subsets and surrogates.

    Returns
    -------
    xarray.Dataset
        Lines along `data` and `line_samples`, points along `data` and `samples`, the law of
        contrast along `data` and `contrast`, surrogates along `cause`.
    """
    import xarray as xr

    from convergen.theory.data.sets.digits import load_digits

    # Larger patches overlap by half: their number must be large beside their dimension.
    sets = (load_digits(), photograph_patches(8, 8), photograph_patches(16, 8))
    repeats = by_quality(quality, 6, 20, 100)
    every = (16, 32, 64, 128, 256, 512)
    counts = np.array(by_quality(quality, (64, 256), every, every))
    line = np.geomspace(8, 1000, by_quality(quality, 9, 33, 65))
    rows = [_data_set(data, counts, line, repeats, seed) for data in sets]
    curves = xr.concat(rows, "data").assign_coords(data=list(DATA))
    merged = xr.merge([curves, causes(sets[1], repeats, seed)])
    return merged.assign_attrs(surrogate_samples=SAMPLES)


def _data_set(
    rows: np.ndarray, counts: np.ndarray, line: np.ndarray, repeats: int, seed: int
) -> xr.Dataset:
    """Lines and points of one data set."""
    import xarray as xr

    from convergen import theory
    from convergen.theory.linear.elliptical.elliptical_data import elliptical_convergence

    centred = rows - rows.mean(axis=0)
    spectrum = theory.Spectrum.from_data(centred)
    found = theory.simulate(
        rows, counts, quantities=("convergence",), repeats=repeats, seed=seed, source="data"
    )
    tau = amplitudes(centred)
    words = {"long_name": "1 - q of two models", "units": "1"}
    share = {"long_name": "share of samples with less contrast", "units": "1"}
    variables = {
        "gap": ("samples", 1.0 - found["convergence"].values, words),
        "gap_stderr": ("samples", found["convergence_stderr"].values, words),
        "gap_expected": ("samples", theory.order_parameters(spectrum, counts).gap, words),
        "gap_gaussian": ("line_samples", theory.order_parameters(spectrum, line).gap, words),
        "gap_elliptical": (
            "line_samples", 1.0 - elliptical_convergence(spectrum, line, tau), words,
        ),
        "limit_ratio": (
            (), limit_ratio(centred), {"long_name": "measured over predicted 1 - q as n grows"},
        ),
        "contrast_moment": (
            (), np.mean(tau**2), {"long_name": "E tau^2 of the amplitudes tau, E tau = 1"},
        ),
    }  # fmt: skip
    for name, (values, stderr) in _shares(centred, spectrum.eigenvalues, seed).items():
        variables[name] = ("contrast", values, share)
        variables[f"{name}_stderr"] = ("contrast", stderr, share)
    return xr.Dataset(
        variables,
        {
            "samples": ("samples", counts, {"long_name": "training samples n"}),
            "line_samples": ("line_samples", line, {"long_name": "training samples n"}),
            "contrast": ("contrast", _CONTRASTS, {"long_name": "squared contrast |x|^2/E|x|^2"}),
        },
    )  # fmt: skip


def _shares(
    rows: np.ndarray, eigenvalues: np.ndarray, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Distribution function of |x|² of the data, and of Gaussian vectors of their covariance."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((_NORMAL, eigenvalues.size)) ** 2 @ eigenvalues
    result = {}
    for name, squares in (("share", np.sum(rows**2, axis=1)), ("share_gaussian", normal)):
        share = np.searchsorted(np.sort(squares), _CONTRASTS * squares.mean()) / squares.size
        result[name] = share, np.sqrt(share * (1.0 - share) / squares.size)
    return result


@whole_figure(5.2)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Four panels: 1 − q, its ratio to the prediction, the causes, and the law of contrast.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    # Room for the long labels, whose width differs a little between formats.
    whole: Any = figure.figure
    whole.get_layout_engine().set(w_pad=0.1)
    # Each row has its own layout, so that long labels below do not narrow the panels above.
    parts: Any = figure.subfigures(2, 1)
    top, bottom = parts
    top_left, top_right = top.subplots(1, 2)
    bottom_left, bottom_right = bottom.subplots(1, 2)
    _gaps(top_left, dataset)
    _ratios(top_right, dataset)
    _reasons(bottom_left, dataset)
    _contrast(bottom_right, dataset)


def _gaps(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "a", "Two models differ")
    axes.plot([], [], color=GREY, label="Gaussian theory")
    axes.plot([], [], "--", color=GREY, label="elliptical theory")
    for look, name in zip(family("convergence", 3), dataset["data"].values, strict=True):
        one = dataset.sel(data=name)
        for variable, line in (("gap_gaussian", "-"), ("gap_elliptical", "--")):
            axes.plot(one["line_samples"], one[variable], linestyle=line, color=look.colour)
        measured(axes, one["samples"], one["gap"], one["gap_stderr"], look, label=str(name))
    _log_samples(axes)
    axes.set_yscale("log")
    axes.set_ylim(5e-4, 1.3)
    axes.set_ylabel("difference of two models $1 - q$")
    axes.legend(loc="lower left")


def _ratios(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "b", "Measurement over Gaussian theory")
    line = dataset["line_samples"]
    axes.axhline(1.0, color=GREY)
    for look, name in zip(family("convergence", 3), dataset["data"].values, strict=True):
        one = dataset.sel(data=name)
        expected = one["gap_expected"]
        elliptical = one["gap_elliptical"] / one["gap_gaussian"]
        axes.plot(line, elliptical, linestyle="--", color=look.colour)
        measured(axes, one["samples"], one["gap"] / expected, one["gap_stderr"] / expected, look)
        axes.plot(
            [float(line.max()) * 1.2], [float(one["limit_ratio"])], marker="<", color=look.colour,
            linestyle="none", clip_on=False,
        )  # fmt: skip
    axes.plot([], [], "<", color=GREY, label=r"fourth moments, $n \to \infty$")
    _log_samples(axes)
    axes.set_ylim(0.5, 5.4)
    axes.set_ylabel("measured / predicted $1 - q$")
    axes.legend(loc="upper left", handles=[key("subsets of the data")[1], *axes.get_lines()[-1:]])


def _reasons(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "c", f"Causes, 8 × 8 patches, $n$ = {dataset.attrs['surrogate_samples']}")
    look = family("convergence", 3)[1]
    height = np.arange(dataset.sizes["cause"])[::-1]
    axes.axvline(1.0, color=GREY)
    limit = dataset["ratio_limit"]
    axes.plot(limit, height, "|k", markersize=11)
    # Beside a bar: in a legend it would look like one more result.
    shown = list(dataset["cause"].values).index("elliptical")
    axes.annotate(
        "fourth moments,\n" + r"$n\to\infty$", (float(limit[shown]), height[shown]), (6, 14),
        textcoords="offset points", va="center", fontsize=7,
        arrowprops={"arrowstyle": "-", "linewidth": 0.6, "shrinkB": 1.0},
    )  # fmt: skip
    axes.errorbar(
        dataset["ratio"], height, xerr=BARS * dataset["ratio_stderr"], linestyle="none",
        marker=look.marker, color=look.colour, markerfacecolor="white", zorder=3,
    )  # fmt: skip
    axes.set_yticks(height, [_WORDS[str(name)] for name in dataset["cause"].values])
    axes.set_xscale("log")
    plain_ticks(axes.xaxis)
    axes.set_xlabel("measured / predicted $1 - q$")


def _contrast(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "d", "How much contrast varies")
    for look, name in zip(family("convergence", 3), dataset["data"].values, strict=True):
        one = dataset.sel(data=name)
        axes.plot(one["contrast"], one["share_gaussian"], color=look.colour)
        shown = one.isel(contrast=slice(None, None, 2))
        measured(
            axes, shown["contrast"], shown["share"], shown["share_stderr"], look, label=str(name)
        )
    axes.plot([], [], color=GREY, label="Gaussian vectors")
    axes.set_xscale("log")
    axes.set_xlabel(r"squared contrast $|x|^2/E|x|^2$")
    axes.set_ylabel("share of samples with less contrast")
    axes.legend(loc="upper left")


def _log_samples(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("training samples $n$")
