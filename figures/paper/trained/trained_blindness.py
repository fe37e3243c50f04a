"""Figure 14: what trained denoisers agree on, and what they know of the truth."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from convergen.figures.looks.legends import entry
from convergen.figures.looks.style import (
    BARS,
    family,
    look_of,
    measured,
    panel,
    plain_ticks,
    predicted,
    whole_figure,
)
from convergen.figures.looks.trained_networks import DATA, LAWS, MODELS, POWER_LAWS, results
from convergen.theory.quantities.rows import GREY
from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from convergen.empirical.experiment.run import Run
    from convergen.figures.looks.style import Look

NAME = "trained-blindness"
NUMBER = 14
TITLE = "Convergence against recovery in trained denoisers"
CAPTION = (
    "Bias-free conv nets that do not see the noise level (a to h) and U-Nets that do (i to p), "
    "trained on disjoint sets. On power laws (Gaussian fields, eigenvalues falling like rank^-α, "
    "for which the linear denoiser is the best) conv nets are circular, as the fields are: from "
    "n = 64 on two of them agree (q = 0.98 and more) before linear models do, as linear models of "
    "all shifted images would (long dashes), and the bulk is right. Q and the distance of the "
    "leading factors are those of 256 random draws of the truth, as many as are measured (for the "
    "distance dotted; Q of the linear law at n = 256), although errors are 3 to 13 % above the "
    "best. With zero padding such networks agreed at n = 768 (q = 0.97) without knowing the fifth "
    "factor (0.36 and 0.61). U-Nets, here with zero padding, copy 16 fields, and from n = 256 on "
    "are near the lines in q, Q and the distance of the leading factors, and within a factor of "
    "about 2 in that of the bulk: at n = 768 their "
    "errors are 1 to 5 % above the best. On digits and patches q reaches 0.7 to 0.93 "
    "while leading factors are recovered late, if at all, and later than linear models of the "
    "same sets recover them; the distance of the bulk stops falling where q saturates, that of "
    "the leading factors from n = 256 on, unlike that of linear models. Factors 1 to 4 of a field "
    "share one eigenvalue: Q is that of their subspace."
)

# Data sets of each network, in the order of the panels.
_DATA = ("power1", "power2", "digits", "patches")
SHOWN = {"conv": _DATA, "unet": _DATA}
FACTORS = (1, 5)
ORBIT_LAW = "linear law of orbits"
# Of the bulk and of the leading factors.
DISTANCES = {"bures_wasserstein": "s", "covariance_error": "^"}
_QUANTITIES = ("convergence", "latent_recovery", *DISTANCES)
_WORDS = {**{key: words.split(",")[0] for key, words in DATA.items()}, **POWER_LAWS}
_FLOOR: dict[str, Any] = {"color": GREY, "linestyle": (0, (1, 2)), "linewidth": 0.9}


def compute(quality: str, seed: int) -> xr.Dataset:
    """Shipped results, the linear law, and linear models fitted to the same training sets.

    Parameters
    ----------
    quality : str
        smoke, draft or paper: nodes of the lines of the law.
    seed : int
        Not used: the seeds are those of the experiments.

    Returns
    -------
    xarray.Dataset
        Quantities and their standard errors along `panel` (``NETWORK DATA``), `samples` and
        `factor`; those of the law end in ``_law``, convergence of the law of orbits in ``_orbits``
        (NaN without a known symmetry), distances of linear models in ``_linear``, and the
        covariance error of as many draws of the truth in ``_truth``.
    """
    import xarray as xr

    from convergen.empirical.validate.shipped_results import shipped_run

    parts, names = [], []
    for model, wanted in SHOWN.items():
        for data, found in results(dict.fromkeys(wanted), (model,)).items():
            run = shipped_run(f"{data}-{model}")
            parts.append(_panel(run, found[model], quality))
            names.append(f"{model} {data}")
    return xr.concat(parts, "panel", join="outer").assign_coords(panel=names)


def _panel(run: Run, result: xr.Dataset, quality: str) -> xr.Dataset:
    """One network on one data set, with its law and its linear models."""
    import xarray as xr

    from convergen.figures.paper.trained.theory_of_trained import law

    lines = law(run, quality)[["convergence_law", "latent_recovery_law", "line_samples"]]
    lines["convergence_orbits"] = _orbits(run, lines["line_samples"])
    leading = {"factor": list(FACTORS)}
    pieces = [_summary(result).sel(leading), lines.sel(leading), _solvable(run)]
    return xr.merge(pieces, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts")


def _orbits(run: Run, samples: xr.DataArray) -> xr.DataArray:
    """Convergence of linear models that learn each point with all that the network takes for it."""
    from convergen.empirical.validate.theories.linear_laws import orbit_convergence

    grid = tuple(int(n) for n in samples.values)
    q = orbit_convergence(replace(run.experiment, samples=grid), run.data)
    words = {"long_name": "convergence by the linear law of orbits", "units": "1"}
    return samples.copy(data=q).assign_attrs(words)


def _summary(result: xr.Dataset) -> xr.Dataset:
    """Means over seeds."""
    import xarray as xr

    from convergen.empirical.measure.intervals import over_seeds

    data = xr.Dataset()
    for name in _QUANTITIES:
        mean, stderr = over_seeds(result[name])
        data[name] = mean.assign_attrs(result[name].attrs)
        data[f"{name}_stderr"] = stderr.assign_attrs(long_name="standard error", units="1")
    return data.drop_vars("eigenvalue", errors="ignore")


def _solvable(run: Run) -> xr.Dataset:
    """Distances of linear models, which have the covariance of their training set exactly."""
    import numpy as np
    import xarray as xr

    from convergen.empirical.measure.fidelity import bures_wasserstein, covariance_error

    samples, seeds = run.experiment.samples, run.experiment.seeds
    shape = (len(seeds), len(samples), 2)
    bulk, leading = np.empty(shape), np.empty(shape)
    for i, seed in enumerate(seeds):
        subjects = run.subjects(seed, samples)
        for member, place in enumerate(np.ndindex(shape[1:])):
            points = subjects.training_set(member)
            bulk[i][place] = bures_wasserstein(points, subjects.spectrum, fresh=False)
            leading[i][place] = covariance_error(points, subjects.covariance)
    data = xr.Dataset(coords={"samples": list(samples)})
    for name, values in zip(DISTANCES, (bulk, leading), strict=True):
        words = quantity(name).attributes
        data[f"{name}_linear"] = ("samples", values.mean(axis=(0, 2)), words)
    if subjects.blind:  # other samplers make of the seeds the covariance of the truth itself
        spectrum, words = subjects.spectrum, quantity("covariance_error").attributes
        # E |C − Σ|² of as many Gaussian draws is ((Tr Σ)² + Tr Σ²)/draws.
        scatter = (1.0 + spectrum.participation_ratio) / run.experiment.measure.draws
        data["covariance_error_truth"] = ((), np.sqrt(scatter), words)
    return data


def _networks(dataset: xr.Dataset) -> list[str]:
    """Each has two rows."""
    return list(dict.fromkeys(str(name).split()[0] for name in dataset["panel"].values))


@whole_figure(lambda dataset: 0.8 + 3.1 * len(_networks(dataset)))
def draw(dataset: xr.Dataset, figure: FigureBase) -> None:
    """One block of two rows for each network: convergence and recovery, and the two distances.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `compute`.
    figure : Figure or SubFigure
        What to fill.
    """
    names = [str(name).split() for name in dataset["panel"].values]
    networks = _networks(dataset)
    columns = max(sum(model == network for model, _ in names) for network in networks)
    grid = figure.subplots(2 * len(networks), columns, sharey="row", squeeze=False)
    letters = iter(ascii_lowercase)
    for block, network in enumerate(networks):
        shown = [data for model, data in names if model == network]
        above, below = grid[2 * block], grid[2 * block + 1]
        for axes, data in zip(above, shown, strict=False):
            panel(axes, next(letters), _WORDS[data])
            _overlaps(axes, dataset.sel(panel=f"{network} {data}"))
            axes.set_ylim(-0.03, 1.05)
        for axes, data in zip(below, shown, strict=False):
            panel(axes, next(letters), "")
            _distances(axes, dataset.sel(panel=f"{network} {data}"))
            axes.set_yscale("log")
            axes.set_xlabel("training samples $n$")
        above[0].set_ylabel(f"{MODELS[network]}\noverlap $q$, $Q_k$")
        below[0].set_ylabel(f"{MODELS[network]}\ndistance to the truth")
        for axes in (*above, *below):
            axes.set_xscale("log")
            axes.minorticks_off()
        plain_ticks(below[0].yaxis)
        for axes, data in zip(above, shown, strict=False):
            _ticks(axes, dataset.sel(panel=f"{network} {data}"))
        for axes, data in zip(below, shown, strict=False):
            _ticks(axes, dataset.sel(panel=f"{network} {data}"))
        for axes in (*above[len(shown) :], *below[len(shown) :]):
            axes.set_axis_off()
    # Long dashes need room.
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3, handlelength=3.5)


def _ticks(axes: Axes, part: xr.Dataset) -> None:
    """At the sample sizes themselves; every second has its number where there are many."""
    n = part["convergence"].dropna("samples")["samples"].values
    every = 1 + (len(n) > 4)
    axes.set_xticks(n, [str(one) if i % every == 0 else "" for i, one in enumerate(n)])


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
    if part["convergence_orbits"].notnull().any():
        look, line = look_of("convergence"), LAWS[ORBIT_LAW]
        shown = part["line_samples"], part["convergence_orbits"]
        predicted(axes, *shown, look, linestyle=line, label="")


def _distances(axes: Axes, part: xr.Dataset) -> None:
    one = part.isel(factor=0)
    for name, marker in DISTANCES.items():
        look = _distance_look(name, marker)
        linear = one[f"{name}_linear"].dropna("samples")
        predicted(axes, linear["samples"], linear, look, label="")
        measured(axes, one["samples"], one[name], one[f"{name}_stderr"], look)
    if one["covariance_error_truth"].notnull():
        axes.axhline(float(one["covariance_error_truth"]), **_FLOOR)


def _distance_look(name: str, marker: str) -> Look:
    of_bulk = name == "bures_wasserstein"
    base = look_of("bures_wasserstein" if of_bulk else "max_sliced_wasserstein")
    words = r"$|C-\Sigma|/|\Sigma|$ (leading factors)"
    if of_bulk:
        words = r"$W_2^2/\mathrm{Tr}\,\Sigma$ (bulk)"
    return base._replace(marker=marker, line="-" if of_bulk else "--", label=words)


def _legend() -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        entry(look_of("convergence")),
        *(entry(look, f"latent recovery $Q_{k}$")
          for look, k in zip(_looks(), FACTORS, strict=True)),
        *(entry(_distance_look(name, marker)) for name, marker in DISTANCES.items()),
        Line2D(
            [], [], color=look_of("convergence").colour, label=f"$q$ by the {ORBIT_LAW}",
            linestyle=LAWS[ORBIT_LAW],  # type: ignore[arg-type]
        ),
        Line2D([], [], color=GREY, label="lines: linear law ($q$, $Q_k$),\nfitted linear models"),
        Line2D([], [], **_FLOOR, label=r"$|C-\Sigma|/|\Sigma|$ of draws of the truth"),
        Line2D(
            [], [], color=GREY, linestyle="none", marker="o", markerfacecolor="white",
            label=f"points: networks ± {BARS:g} s.e. over seeds",
        ),
    ]  # fmt: skip
