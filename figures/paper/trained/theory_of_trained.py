"""Lines of figures 10 and 12: the linear law, and solvable models fitted to the same splits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.figures.looks.trained_networks import OWN_THEORIES
from convergen.figures.making.qualities import by_quality
from convergen.theory.quantities.rows import GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from convergen.empirical.experiment.run import Run

_LAW = ("convergence", "memorisation", "memorisation_baseline", "latent_recovery")
QUANTITIES = (*_LAW, "variance_ratio", "fraction_memorised")
OWN = [f"{name}_own" for name in QUANTITIES]
_PALE = 0.25


def law(run: Run, quality: str) -> xr.Dataset:
    """The linear law of the data, on a finer grid of sample sizes than was trained.

    Parameters
    ----------
    run : Run
        Its data, noise levels and factors are used.
    quality : str
        smoke, draft or paper: nodes of the line.

    Returns
    -------
    xarray.Dataset
        ``line_samples`` and order parameters with ``_law`` along `node` (and `factor`).
    """
    import xarray as xr

    from convergen.empirical.validate.theories.linear_laws import linear_law

    count = by_quality(quality, 4, 17, 33)
    ends = run.experiment.samples[0], run.experiment.samples[-1]
    grid = tuple(np.unique(np.geomspace(*ends, count).round().astype(int)).tolist())
    found = linear_law(replace(run.experiment, samples=grid), run.data)
    lines = xr.Dataset({f"{name}_law": found[name].drop_vars("samples") for name in _LAW})
    lines = lines.rename(samples="node")
    lines["factor"] = np.arange(1, lines.sizes["factor"] + 1)
    nodes = {"long_name": "training samples n of the lines"}
    lines["line_samples"] = ("node", np.array(grid, dtype=np.float64), nodes)
    return lines


def fitted(run: Run, quality: str) -> xr.Dataset:
    """Solvable models fitted to the very training sets of a run.

    Parameters
    ----------
    run : Run
        What was trained.
    quality : str
        smoke, draft or paper: at smoke one seed, few draws and the two smallest sample sizes.

    Returns
    -------
    xarray.Dataset
        `QUANTITIES` with ``_fitted`` and their standard errors along `theory` and `samples`.
    """
    import xarray as xr

    from convergen.empirical.validate.theories.solvable_models import reference, reference_names

    part = run.experiment
    if quality == "smoke":
        measure = replace(part.measure, draws=16)
        part = replace(part, samples=part.samples[:2], seeds=part.seeds[:1], measure=measure)
    names = reference_names(run)
    parts = [summary(reference(run, name, part), "_fitted") for name in names]
    return xr.concat(parts, "theory").assign_coords(theory=names)


def own(run: Run, result: xr.Dataset, quality: str) -> xr.Dataset:
    """The theory that knows the network of a run, on the training sets of one seed.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        Its result, with the history of one pair on which a theory may be calibrated.
    quality : str
        smoke, draft or paper: at smoke nothing, since a calibration takes half a minute.

    Returns
    -------
    xarray.Dataset
        `QUANTITIES` with ``_own`` along `samples`, NaN at the n of the calibration, and ``_low``
        and ``_high`` behind it where the interval of its constant ends; empty where the network
        has no such theory.
    """
    import xarray as xr

    from convergen.empirical.models.table import SOLVABLE
    from convergen.empirical.validate.theories.network_theories import band_of
    from convergen.empirical.validate.theories.solvable_models import reference

    name = OWN_THEORIES.get(str(run.experiment.model["name"]))
    if name is None or quality == "smoke":
        return xr.Dataset()
    part = replace(run.experiment, seeds=run.experiment.seeds[:1])
    if SOLVABLE.find(name).images_each is not None:  # it needs no pair
        return summary(reference(run, name, part), "_own")[OWN]
    best, *ends = (summary(found, "_own")[OWN] for found in band_of(run, result, name, part))
    band = xr.concat([best, *ends], "constant")
    edges = {
        "_low": band.min("constant", keep_attrs=True),
        "_high": band.max("constant", keep_attrs=True),
    }
    for ending, edge in edges.items():
        best = best.merge(edge.rename({name: f"{name}{ending}" for name in OWN}))
    return best


def draw_own(axes: Axes, found: xr.Dataset, quantity: str, **look: Any) -> None:
    """Points of the theory that knows a network; beneath them what the interval of c allows.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where.
    found : xarray.Dataset
        From `own`, at the n that are shown. No line crosses the n of the calibration, where nothing
        is predicted.
    quantity : str
        Which of `QUANTITIES`.
    **look
        How the points are drawn.
    """
    n, name = found["samples"], f"{quantity}_own"
    axes.plot(n, found[name], **look)
    if f"{name}_low" in found:
        ends = found[f"{name}_low"], found[f"{name}_high"]
        band: dict[str, Any] = {"color": look["color"], "alpha": _PALE, "zorder": 1}
        axes.fill_between(n, *ends, linewidth=0, **band)
        # An n whose neighbours are not predicted has no area.
        axes.vlines(n, *ends, linewidth=2.5, **band)


def band_entry() -> Artist:
    """Legend entry of what `draw_own` draws beneath its points."""
    from matplotlib.patches import Patch

    return Patch(color=GREY, alpha=_PALE, linewidth=0, label="band: 90 % interval of $c$")


def summary(result: xr.Dataset, ending: str = "") -> xr.Dataset:
    """Means and standard errors over the seeds of a result.

    Parameters
    ----------
    result : xarray.Dataset
        Of a run or of `convergen.empirical.validate.theories.solvable_models.reference`.
    ending : str
        Follows the name of each quantity.

    Returns
    -------
    xarray.Dataset
        `QUANTITIES` and, with ``_stderr``, their errors, along `samples` (and `factor`).
    """
    import xarray as xr

    from convergen.empirical.measure.intervals import over_seeds

    data = xr.Dataset()
    for name in QUANTITIES:
        mean, stderr = over_seeds(result[name])
        data[f"{name}{ending}"] = mean.assign_attrs(result[name].attrs)
        data[f"{name}{ending}_stderr"] = stderr.assign_attrs(units="1")
    return data.drop_vars(["eigenvalue"], errors="ignore")
