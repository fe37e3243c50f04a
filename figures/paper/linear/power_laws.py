"""Figure 3: spectra λ_k = k^{-α}, whose factors are learnt one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import entry, key
from convergen.figures.looks.style import (
    family,
    look_of,
    measured,
    panel,
    predicted,
    whole_figure,
)
from convergen.figures.making.qualities import by_quality
from convergen.theory.quantities.rows import BLACK, GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen.theory import Spectrum

NAME = "power-laws"
NUMBER = 3
TITLE = "Power-law spectra: factors one by one"
CAPTION = (
    r"For eigenvalues $k^{-\alpha}$ the factors are recovered one after the other, each from "
    r"$n_k^*\simeq\pi^2k^2/3\alpha^2$ on (ticks on the axes, panel e), while convergence q sums "
    "them up in one "
    "smooth rise. Convergence to q = 0.9 needs a number of samples that grows with d for α ≤ 1 "
    "and saturates for α > 1, where a few factors carry all variance (panel f)."
)

EXPONENTS = (0.5, 1.0, 1.5, 2.0)
FACTORS = (1, 3, 10)
LEVEL = 0.9
_RANGE = (2.0, 1e4)


def compute(quality: str, seed: int) -> xr.Dataset:
    """Order parameters against n, recovery thresholds against k, samples for q = 0.9 against d.

    Parameters
    ----------
    quality : str
        smoke, draft or paper.
    seed : int
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Everything along `exponent`; lines along `samples`, points along `point`, thresholds along
        `rank`, samples for q = 0.9 along `dimension` (line) and `measured_dimension` (points).
    """
    import xarray as xr

    dim = by_quality(quality, 80, 300, 300)
    parts = [
        xr.merge([_curves(alpha, dim, quality, seed), _thresholds(alpha, quality, seed)])
        for alpha in EXPONENTS
    ]
    words = {"long_name": "exponent alpha of the spectrum", "units": "1"}
    result = xr.concat(parts, "exponent")
    return result.assign_coords(exponent=("exponent", np.array(EXPONENTS), words)).assign_attrs(
        dim=dim, level=LEVEL
    )


def _curves(alpha: float, dim: int, quality: str, seed: int) -> xr.Dataset:
    import xarray as xr

    from convergen import theory

    spectrum = theory.Spectrum.power_law(dim, alpha)
    n = np.geomspace(*_RANGE, by_quality(quality, 13, 49, 97))
    n = n if quality != "smoke" else np.minimum(n, 1e3)
    points = np.array(by_quality(quality, (4, 40), *(2 * [(3, 10, 30, 100, 300, 1000, 3000)])))
    found = theory.simulate(
        spectrum, points, factors=FACTORS[-1], quantities=("convergence", "latent_recovery"),
        repeats=by_quality(quality, 8, 12, 60), seed=seed,
    )  # fmt: skip
    chosen = np.array(FACTORS) - 1
    recovery = theory.latent_recovery(spectrum, n, FACTORS[-1], finite_size=True)[:, chosen]
    variables: dict[str, Any] = {
        "convergence_line": ("samples", theory.convergence(spectrum, n)),
        "latent_recovery_line": (("samples", "factor"), recovery),
        "factor_threshold": (
            "factor", theory.recovery_thresholds(spectrum, FACTORS[-1])[chosen],
            {"long_name": "samples at which the factor starts to be recovered", "units": "1"},
        ),
    }  # fmt: skip
    for kind in ("", "_stderr"):
        variables[f"convergence{kind}"] = ("point", found[f"convergence{kind}"].values)
        values = found[f"latent_recovery{kind}"].values[:, chosen]
        variables[f"latent_recovery{kind}"] = (("point", "factor"), values)
    words = "number of training samples n"
    coordinates = {
        "samples": ("samples", n, {"long_name": words, "units": "1"}),
        "point": ("point", points, {"long_name": f"{words} of the simulation", "units": "1"}),
        "factor": ("factor", np.array(FACTORS), {"long_name": "factor k"}),
    }
    return xr.Dataset(variables, coordinates)


def _thresholds(alpha: float, quality: str, seed: int) -> xr.Dataset:
    """n*_k against k, and the samples for q = 0.9 against d."""
    import xarray as xr

    from convergen import theory

    ranks = np.unique(np.round(np.geomspace(1, 100, by_quality(quality, 7, 25, 41))).astype(int))
    wide = theory.Spectrum.power_law(1000, alpha)
    dims = np.unique(np.round(np.geomspace(10, 1e5, by_quality(quality, 5, 17, 33))).astype(int))
    small = np.array(by_quality(quality, (10, 20), (30, 100, 300), (30, 100, 300)))
    repeats = by_quality(quality, 10, 20, 100)
    line = [
        float(theory.samples_for(theory.Spectrum.power_law(int(d), alpha), convergence=LEVEL))
        for d in dims
    ]
    points = [
        _measured_samples(theory.Spectrum.power_law(int(d), alpha), repeats, seed) for d in small
    ]
    measurement, stderr = np.transpose(points)
    words = f"samples for convergence q = {LEVEL:g}"
    return xr.Dataset(
        {
            "threshold": ("rank", theory.recovery_thresholds(wide, 100)[ranks - 1]),
            "threshold_law": ("rank", (np.pi * ranks / alpha) ** 2 / 3.0),
            "level_samples_line": ("dimension", np.array(line), {"long_name": words}),
            "level_samples": ("measured_dimension", measurement, {"long_name": words}),
            "level_samples_stderr": ("measured_dimension", stderr),
        },
        {
            "rank": ("rank", ranks, {"long_name": "rank k of a factor"}),
            "dimension": ("dimension", dims, {"long_name": "dimension d"}),
            "measured_dimension": ("measured_dimension", small, {"long_name": "dimension d"}),
        },
    )


def _measured_samples(spectrum: Spectrum, repeats: int, seed: int) -> tuple[float, float]:
    """Samples for q = 0.9 in a simulation, between two n about a third below and above.

    1 − q is interpolated as a power of n; the theory only says where to look.
    """
    from convergen import theory

    middle = float(theory.samples_for(spectrum, convergence=LEVEL))
    n = np.round(middle * np.array([0.7, 1.4]))
    found = theory.simulate(
        spectrum, n, factors=1, quantities=("convergence",), repeats=repeats, seed=seed
    )
    gap, spread = 1.0 - found["convergence"].values, found["convergence_stderr"].values
    slope = np.log(gap[1] / gap[0]) / np.log(n[1] / n[0])
    share = np.log((1.0 - LEVEL) / gap[0]) / np.log(gap[1] / gap[0])
    # Linear in both log gaps, with weights 1 − share and share.
    error = np.hypot((1.0 - share) * spread[0] / gap[0], share * spread[1] / gap[1]) / abs(slope)
    value = n[0] * (n[1] / n[0]) ** share
    return float(value), float(value * error)


@whole_figure(4.5)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """One panel for each exponent above, thresholds below.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    parts: Any = figure.subfigures(2, 1)
    top, bottom = parts
    row = top.subplots(1, 4, sharey=True)
    for axes, letter, alpha in zip(row, "abcd", dataset["exponent"].values, strict=True):
        _order_parameters(axes, dataset.sel(exponent=alpha), letter)
    row[0].set_ylabel("overlap $q$, squared overlap $Q_k$")
    left, right = bottom.subplots(1, 2)
    _recovery(left, dataset)
    _samples(right, dataset)
    figure.legend(handles=_key(dataset), loc="outside lower center", ncols=6, columnspacing=1.2)


def _key(dataset: xr.Dataset) -> list[Artist]:
    looks = family("latent_recovery", len(FACTORS), start=1)
    factors = [
        entry(look, f"$Q_{{{k}}}$") for look, k in zip(looks, dataset["factor"].values, strict=True)
    ]
    return [entry(look_of("convergence")), *factors, *key()]


def _order_parameters(axes: Axes, part: xr.Dataset, letter: str) -> None:
    panel(axes, letter, rf"$\alpha$ = {float(part['exponent']):g}")
    look = look_of("convergence")
    predicted(axes, part["samples"], part["convergence_line"], look, linewidth=2.0)
    measured(axes, part["point"], part["convergence"], part["convergence_stderr"], look)
    for one, k in zip(
        family("latent_recovery", len(FACTORS), start=1), part["factor"].values, strict=True
    ):
        factor = part.sel(factor=k)
        predicted(axes, part["samples"], factor["latent_recovery_line"], one)
        measured(
            axes, part["point"], factor["latent_recovery"], factor["latent_recovery_stderr"], one
        )
        threshold = float(factor["factor_threshold"])
        if threshold > _RANGE[0]:
            axes.plot([threshold], [0.0], "|", markersize=9, color=one.colour, clip_on=False)
    axes.set_xscale("log")
    axes.set_xlim(*_RANGE)
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("samples $n$")


def _recovery(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "e", "Samples that show factor $k$")
    for look, alpha in zip(family("latent_recovery", 4), dataset["exponent"].values, strict=True):
        part = dataset.sel(exponent=alpha)
        label = rf"$\alpha$ = {alpha:g}"
        predicted(axes, part["rank"], part["threshold"], look, label=label, marker="")
        predicted(axes, part["rank"], part["threshold_law"], look, label="", linestyle=":",
                  color=BLACK, linewidth=0.8)  # fmt: skip
    axes.plot([], [], ":", color=BLACK, linewidth=0.8, label=r"$\pi^2 k^2/3\alpha^2$")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rank $k$ of the factor")
    axes.set_ylabel("recovery threshold $n^*_k$")
    axes.legend(loc="lower right")


def _samples(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "f", rf"Samples for convergence $q$ = {dataset.attrs['level']:g}")
    for look, alpha in zip(family("convergence", 4), dataset["exponent"].values, strict=True):
        part = dataset.sel(exponent=alpha)
        label = rf"$\alpha$ = {alpha:g}"
        predicted(axes, part["dimension"], part["level_samples_line"], look, label=label)
        measured(
            axes, part["measured_dimension"], part["level_samples"], part["level_samples_stderr"],
            look,
        )  # fmt: skip
    d = dataset["dimension"].values
    axes.plot(d, d, color=GREY, linewidth=0.8, label="$n = d$", zorder=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("dimension $d$")
    axes.set_ylabel("samples $n$ with $q(n)$ = 0.9")
    axes.legend(loc="upper left")
