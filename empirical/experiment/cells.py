"""The independent parts of an experiment, and how their results become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convergen.theory.quantities.labelled import coordinate_attributes

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.declared.declaration import Experiment


@dataclass(frozen=True)
class Cell:
    """What is trained together.

    Attributes
    ----------
    name : str
        Of its folder.
    seed : int
        Gives its splits, initial parameters and noise.
    samples : tuple of int
        Its training samples n; both sides of each.
    """

    name: str
    seed: int
    samples: tuple[int, ...]


def work_of(experiment: Experiment) -> tuple[int, str]:
    """How much there is to do in a cell, and the unit in which it is reported.

    Parameters
    ----------
    experiment : Experiment
        Of which the cell is a part.

    Returns
    -------
    tuple
        The images that networks see; or the cell itself, of which a fit reports its share.
    """
    from convergen.empirical.models.by_name import needs_training

    return (
        (experiment.training.images, "images") if needs_training(experiment.model) else (1, "cells")
    )


def cells(experiment: Experiment) -> list[Cell]:
    """Divide an experiment into independent cells.

    Parameters
    ----------
    experiment : Experiment
        Its grouping decided: ``seed`` or ``pair``.

    Returns
    -------
    list of Cell
    """
    if experiment.run.grouping == "seed":
        return [Cell(f"seed{s}", s, experiment.samples) for s in experiment.seeds]
    return [Cell(f"seed{s}-n{n}", s, (n,)) for s in experiment.seeds for n in experiment.samples]


def joined(experiment: Experiment, results: Sequence[xr.Dataset]) -> xr.Dataset:
    """Join the results of cells.

    Parameters
    ----------
    experiment : Experiment
        What was trained.
    results : sequence of xarray.Dataset
        One for each of `cells`, or of some of them.

    Returns
    -------
    xarray.Dataset
        Along ``samples`` and ``seed``; what is missing is NaN.
    """
    import xarray as xr

    by_seed: dict[int, list[xr.Dataset]] = {}
    for result in results:
        by_seed.setdefault(int(result["seed"].item()), []).append(result)
    options: Any = {
        "coords": "minimal", "compat": "override", "join": "outer", "combine_attrs": "override",
    }  # fmt: skip
    parts = [
        xr.concat(found, "samples", data_vars="minimal", **options) for found in by_seed.values()
    ]
    whole = xr.concat(parts, "seed", data_vars="all", **options)
    return whole.reindex(samples=list(experiment.samples), seed=list(experiment.seeds))


def with_seed(result: xr.Dataset, seed: int) -> xr.Dataset:
    """A result of one seed along `seed`.

    Parameters
    ----------
    result : xarray.Dataset
        What was measured.
    seed : int
        Of splits, parameters and noise.

    Returns
    -------
    xarray.Dataset
    """
    found = result.expand_dims(seed=[seed])
    found["seed"].attrs = coordinate_attributes("seed")
    return found
