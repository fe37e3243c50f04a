"""Figure 1: the order parameters of isotropic and spiked data, theory beside simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.legends import key
from convergen.figures.looks.style import family, look_of, measured, panel, predicted, whole_figure
from convergen.figures.making.qualities import by_quality
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen.theory import Spectrum

NAME = "order-parameters"
NUMBER = 1
TITLE = "Order parameters of isotropic and spiked data"
CAPTION = (
    "Memorisation m falls and convergence q rises continuously around the load γ = n/d = 1, "
    "whether the data have a spike or not; a spike of strength θ is recovered in a separate "
    "transition at γ = 1/θ². Points lie within 4 standard errors of the lines up to a finite-size "
    "limit of 1/d (inset: 0.2/d for q), except Q below γ = 1.5/θ², where a finite system rounds "
    "the transition by about $d^{-1/3}$."
)

DIMS = (100, 300, 1000)
STRENGTHS = (4.0, 2.0, 1.0)
SPIKES = (0.0, *STRENGTHS)  # 0: isotropic
_DECAY_DIMS = (25, 50, 100, 200, 400)
_RANGE = (1.0 / 16.0, 10.0)


def compute(quality: str, seed: int) -> xr.Dataset:
    """Theory on a dense grid of loads, simulations on interleaved ones, and their difference.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: number of repeats, and at smoke smaller systems.
    seed : int
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Lines along `load`; points along `dim`, `spike` and `point`, at `sample_load`; the decay
        along `decay_dim`.
    """
    import xarray as xr

    dims = by_quality(quality, (20, 40, 80), DIMS, DIMS)
    points = by_quality(quality, 3, 5, 5)
    lines = _lines(dims, by_quality(quality, 9, 97, 97), seed)
    # Equal accuracy relative to the bias 1/d needs equal repeats; the largest system gets fewer.
    repeats = by_quality(quality, (8, 8, 8), (40, 20, 4), (200, 60, 16))
    cells = [
        [
            _cell(spike, dim, _loads(dims, i, j, points), count, seed)
            for j, spike in enumerate(SPIKES)
        ]
        for i, (dim, count) in enumerate(zip(dims, repeats, strict=True))
    ]
    rows = [xr.concat(row, "spike") for row in cells]
    measurements = xr.concat(rows, "dim").assign_coords(spike=list(SPIKES), dim=list(dims))
    decay_dims = by_quality(quality, (10, 20, 40), _DECAY_DIMS[:4], _DECAY_DIMS)
    decay = _decay(decay_dims, by_quality(quality, 40, 200, 800), seed)
    return xr.merge([lines, measurements, decay])


def _lines(dims: tuple[int, ...], count: int, seed: int) -> xr.Dataset:
    import xarray as xr

    from convergen import theory

    load = np.geomspace(*_RANGE, count)
    overlap = np.array([_limits(spike, load)[1] for spike in STRENGTHS])
    law = [
        theory.memorisation_law(
            theory.Spectrum.isotropic(dim), np.maximum(load * dim, 1.0), seed=seed
        )
        for dim in dims
    ]

    def curve(values: np.ndarray, dims: tuple[str, ...], words: str) -> tuple[Any, ...]:
        return dims, values, {"long_name": words, "units": "1"}

    per_dim = ("dim", "load")
    return xr.Dataset(
        {
            "convergence_limit": curve(_limits(0.0, load)[0], ("load",), "convergence q, limit"),
            "latent_recovery_limit": curve(
                overlap, ("strength", "load"), "latent recovery Q, limit"
            ),
            "memorisation_law": curve(
                np.array([each.value for each in law]), per_dim, "memorisation m at finite d"
            ),
            "memorisation_baseline_law": curve(
                np.array([each.baseline for each in law]), per_dim, "m of fresh data at finite d"
            ),
        },
        {
            "load": ("load", load, {"long_name": "load n/d", "units": "1"}),
            "strength": ("strength", np.array(STRENGTHS), {"long_name": "spike strength theta"}),
            "dim": ("dim", np.array(dims), {"long_name": "dimension d"}),
        },
    )


def _loads(dims: tuple[int, ...], i: int, j: int, points: int) -> np.ndarray:
    """Loads of one system; each has its own, so that points do not cover each other."""
    groups = len(dims) * len(SPIKES)
    grid = np.geomspace(*_RANGE, groups * points)
    return grid[len(SPIKES) * i + j :: groups]


def _spectrum(spike: float, dim: int) -> Spectrum:
    from convergen.theory import Spectrum

    return Spectrum.spiked(dim, [1.0 + spike]) if spike else Spectrum.isotropic(dim)


def _limits(spike: float, load: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Convergence and recovery for large d; an isotropic system has no factor to recover."""
    from convergen.theory.linear import closed_forms as closed_form

    overlap = closed_form.spike_overlap().compiled()(load, spike) if spike else load * np.nan
    return closed_form.convergence_isotropic().compiled()(load), overlap


def _cell(spike: float, dim: int, loads: np.ndarray, repeats: int, seed: int) -> xr.Dataset:
    """Simulation of one system, with the lines at the same loads."""
    import xarray as xr

    from convergen import theory

    n = np.maximum(np.round(loads * dim), 1.0)
    # One spike hardly changes m; an isotropic system has no factor to recover.
    quantities = ("convergence", "latent_recovery" if spike else "memorisation")
    found = theory.simulate(
        _spectrum(spike, dim), n, factors=1, quantities=quantities, repeats=repeats, seed=seed
    )
    limit, overlap = _limits(spike, n / dim)
    lines = {
        "convergence": limit,
        "memorisation": theory.memorisation(theory.Spectrum.isotropic(dim), n, seed=seed),
        "latent_recovery": overlap,
    }
    variables: dict[str, Any] = {
        "sample_load": ("point", n / dim, {"long_name": "load n/d of the simulation", "units": "1"})
    }
    for name, line in lines.items():
        words = f"{name.replace('_', ' ')}, simulated"
        mean, stderr = (
            found[key].values.ravel() if name in found else np.full(n.size, np.nan)
            for key in (name, f"{name}_stderr")
        )
        variables[name] = ("point", mean, {"long_name": words, "units": "1"})
        variables[f"{name}_stderr"] = ("point", stderr)
        variables[f"{name}_line"] = ("point", line, {"long_name": "the line at the same load"})
    return xr.Dataset(variables)


def _decay(dims: tuple[int, ...], repeats: int, seed: int) -> xr.Dataset:
    """|simulation − limit| at γ = 1 against d: q far from any transition, Q of θ = 1 at its own."""
    import xarray as xr

    from convergen import theory

    variables: dict[str, Any] = {}
    for name, spike in (("convergence", 0.0), ("latent_recovery", 1.0)):
        limit = float(_limits(spike, np.ones(1))[name == "latent_recovery"][0])
        found = [
            theory.simulate(
                _spectrum(spike, dim), [dim],
                factors=1, quantities=(name,), repeats=repeats, seed=seed,
            )
            for dim in dims
        ]  # fmt: skip
        error = [abs(each[name].item() - limit) for each in found]
        stderr = [each[f"{name}_stderr"].item() for each in found]
        words = f"|simulated - limit| of {name.replace('_', ' ')} at load 1, spike {spike:g}"
        variables[f"{name}_decay"] = ("decay_dim", np.array(error), {"long_name": words})
        variables[f"{name}_decay_stderr"] = ("decay_dim", np.array(stderr))
    about = {"long_name": "dimension d of the decay"}
    return xr.Dataset(variables, {"decay_dim": ("decay_dim", np.array(dims), about)})


@whole_figure(2.9)
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """Three panels: m, q with the decay as an inset, Q.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    left, middle, right = figure.subplots(1, 3, sharex=True, width_ratios=(1.0, 1.15, 1.0))
    _memorisation(left, dataset)
    _convergence(middle, dataset)
    _recovery(right, dataset)
    for axes in (left, middle, right):
        axes.set_xscale("log")
        axes.set_xlabel(r"load $\gamma = n/d$")
    figure.legend(handles=_key(), loc="outside lower center", ncols=4)


def _key() -> list[Artist]:
    from matplotlib.lines import Line2D

    line, points = key()
    spiked = Line2D([], [], color=GREY, linestyle="none", marker="o", label="spiked data")
    points.set_label(f"{points.get_label()}, isotropic data")
    return [line, points, spiked]


def _memorisation(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "a", "Memorisation")
    for look, dim in zip(family("memorisation", 3), dataset["dim"].values, strict=True):
        one = dataset.sel(dim=dim)
        predicted(
            axes, one["load"], one["memorisation_law"], look,
            label="",
        )  # fmt: skip
        baseline = look_of("memorisation_baseline").line
        predicted(
            axes, one["load"], one["memorisation_baseline_law"], look,
            label="", linestyle=baseline, linewidth=0.8,
        )  # fmt: skip
        flat = one.sel(spike=0.0)
        measured(axes, flat["sample_load"], flat["memorisation"], flat["memorisation_stderr"], look)
        axes.plot(
            [], [], linestyle=look.line, marker=look.marker, color=look.colour,
            markerfacecolor="white", label=f"$d$ = {dim}",
        )  # fmt: skip
    axes.plot([], [], ":", color=GREY, linewidth=0.8, label="against fresh data")
    axes.set_ylabel("memorisation $m$ (largest cosine)")
    axes.set_ylim(0.0, 1.0)
    axes.legend(loc="upper right")


def _convergence(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "b", "Convergence")
    predicted(axes, dataset["load"], dataset["convergence_limit"], look_of("convergence"), label="")
    for look, dim in zip(family("convergence", 3), dataset["dim"].values, strict=True):
        for spike in SPIKES:
            one = dataset.sel(dim=dim, spike=spike)
            measured(
                axes, one["sample_load"], one["convergence"], one["convergence_stderr"], look,
                markerfacecolor=look.colour if spike else "white", markersize=3,
            )  # fmt: skip
    axes.set_ylabel("convergence $q$ (overlap)")
    axes.set_ylim(0.0, 1.02)
    _decay_inset(axes.inset_axes((0.63, 0.2, 0.36, 0.36)), dataset)


def _decay_inset(axes: Axes, dataset: xr.Dataset) -> None:
    """|simulation − limit| at γ = 1 against d, with a line of slope −1."""
    d = dataset["decay_dim"].values
    for name, symbol, power, height in (
        ("convergence", "$q$, $d^{-1}$", 1.0, 0.08),
        ("latent_recovery", r"$Q$ at $\theta$ = 1, $d^{-1/3}$", 1.0 / 3.0, 0.62),
    ):
        decay, stderr = dataset[f"{name}_decay"], dataset[f"{name}_decay_stderr"]
        measured(axes, d, decay, stderr, look_of(name), markersize=3)
        axes.plot(d, float(decay[0]) * (d[0] / d) ** power, ":", color="black", linewidth=0.8)
        axes.text(0.05, height, symbol, fontsize=5.5, transform=axes.transAxes)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.7 * d[0], 1.4 * d[-1])
    axes.set_xticks(d[::2], [f"{x:g}" for x in d[::2]])
    axes.minorticks_off()
    axes.tick_params(labelsize=6)
    axes.set_title(r"|sim. $-$ limit|, $\gamma$ = 1", fontsize=6, pad=2, loc="right")
    axes.set_xlabel("dimension $d$", fontsize=6, labelpad=1)


def _recovery(axes: Axes, dataset: xr.Dataset) -> None:
    panel(axes, "c", "Latent recovery")
    looks = family("latent_recovery", 3)
    for look, strength in zip(looks, dataset["strength"].values, strict=True):
        limit = dataset["latent_recovery_limit"].sel(strength=strength)
        predicted(axes, dataset["load"], limit, look, label=rf"$\theta$ = {strength:g}")
        for dim, of_dim in zip(dataset["dim"].values, family("memorisation", 3), strict=True):
            one = dataset.sel(dim=dim, spike=strength)
            measured(
                axes, one["sample_load"], one["latent_recovery"], one["latent_recovery_stderr"],
                look, marker=of_dim.marker, markerfacecolor=look.colour,
            )  # fmt: skip
    axes.set_ylabel("latent recovery $Q$ (squared overlap)")
    axes.set_ylim(-0.02, 1.02)
    axes.legend(loc="upper left", title="spike strength", title_fontsize=7)
