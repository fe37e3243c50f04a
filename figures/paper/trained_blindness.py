"""Figure 14: trained denoisers agree before they know the leading factors."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

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
from convergen.figures.looks.trained_networks import DATA, MODELS, POWER_LAWS, results
from convergen.theory.quantities.rows import GREY

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
    "Conv nets that do not see the noise level and U-Nets, trained on disjoint sets: on digits and "
    "patches q reaches 0.9 while the leading factors Q are recovered late, if at all, and later "
    "than linear models of the same sets recover them (lines). The distance of the bulk stops "
    "falling where q saturates; that of the leading factors goes on falling for linear models, "
    "but from n = 256 on hardly for networks, except for the U-Net on the field, whose circular "
    "padding knows the symmetry (g, j). "
    "On power laws (Gaussian fields, eigenvalues falling like rank^-α, for which the linear "
    "denoiser is the best) the errors of the conv nets at n = 256 are 15 % above the best for "
    "α = 1 and 11 to 27 % for α = 2, and hardly fall with n; samples vary 1.1 (α = 1) and 0.9 "
    "times (α = 2) as much as the truth. Factors 1 to 4 of a field share one eigenvalue: Q is "
    "that of their subspace."
)

# Data sets of each network, in the order of the panels.
SHOWN = {
    "conv": ("power1", "power2", "digits"), "unet": ("field8", "digits", "patches"),
}  # fmt: skip
FACTORS = (1, 5)
# Of the bulk and of the leading factors: what shipped results hold beside overlaps.
DISTANCES = {"sliced_wasserstein": "s", "covariance_error": "^"}
_QUANTITIES = ("convergence", "latent_recovery", *DISTANCES)
_LINEAR = "linear"
_WORDS = {**{key: words.split(",")[0] for key, words in DATA.items()}, **POWER_LAWS}


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
        for data, found in results(dict.fromkeys(wanted), (model,)).items():
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
        _summary(_trained(result, run.data.dim), "").sel(factor=list(FACTORS)),
        _summary(reference(run, _LINEAR, part), "_linear").sel(factor=list(FACTORS)),
        law(run, quality)[["convergence_law", "latent_recovery_law", "line_samples"]].sel(
            factor=list(FACTORS)
        ),
    ]
    return xr.merge(pieces, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts")


def _trained(result: xr.Dataset, dim: int) -> xr.Dataset:
    """Without pairs of which one network never left the identity."""
    from convergen.empirical.measure.denoising_errors import stayed_identity

    error = result["test_error"].transpose(..., "sigma")
    true_error = result["true_error"].mean("seed")
    found = stayed_identity(error, true_error, result["sigma"] ** 2 * dim)
    stuck = error.isel(sigma=0, drop=True).copy(data=found).any("side")
    kept = result[list(_QUANTITIES)].where(~stuck)
    for name in _QUANTITIES:
        kept[name].attrs = result[name].attrs
    kept["stuck"] = stuck.sum("seed").assign_attrs(long_name="pairs left out", units="1")
    return kept


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
    if "stuck" in result:
        data["stuck"] = result["stuck"]
    return data.drop_vars("eigenvalue", errors="ignore")


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
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3)


def _ticks(axes: Axes, part: xr.Dataset) -> None:
    """At the sample sizes themselves."""
    n = part["convergence"].dropna("samples")["samples"].values
    axes.set_xticks(n, [str(one) for one in n])


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
        Line2D([], [], color=GREY, label="lines: linear law ($q$, $Q_k$),\nfitted linear models"),
        Line2D(
            [], [], color=GREY, linestyle="none", marker="o", markerfacecolor="white",
            label=f"points: networks ± {BARS:g} s.e. over seeds",
        ),
    ]  # fmt: skip
