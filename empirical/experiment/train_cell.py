"""One cell of an experiment: models of one seed, trained on disjoint sets, then measured."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.common.devices import choose_device
from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.kinds import load_data
from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.generation import SIDES
from convergen.empirical.measure.measure import measure, snapshot
from convergen.empirical.models.by_name import fitted, grouping_of, needs_training, untrained
from convergen.empirical.splits.splits import Splits, split
from convergen.empirical.storage.run_folder import CellFailed
from convergen.empirical.training.trainer import Diverged, Member, Trainer
from convergen.theory.denoisers.noise_schedules import karras_schedule

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.storage.run_folder import CellFolder

# Seconds between two checkpoints: what a killed run may lose.
_INTERVAL = 20.0
_LEAST_HELD_OUT = 16
# Fewest numbers that a thread of torch is given; threads with less to do wait for each other.
_GRAIN = 32768


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


def choose_grouping(experiment: Experiment) -> str:
    """How the networks of an experiment are trained together.

    Parameters
    ----------
    experiment : Experiment
        Any grouping; one that is not ``auto`` is kept.

    Returns
    -------
    str
        ``seed`` (all n as one batched ensemble) or ``pair`` (each n on its own).
    """
    if experiment.run.grouping != "auto":
        return experiment.run.grouping
    return grouping_of(experiment.model)


def useful_threads(experiment: Experiment, available: int) -> int:
    """Threads that a cell keeps busy; several workers are the better use of all others.

    Parameters
    ----------
    experiment : Experiment
        Its grouping decided.
    available : int
        Processors that a cell has for itself.

    Returns
    -------
    int
        One for each 32 768 coordinates that a network is given at once.
    """
    if not needs_training(experiment.model):
        return available
    together = len(SIDES) * len(experiment.samples) if experiment.run.grouping == "seed" else 1
    numbers = experiment.training.batch * load(experiment).dim * together
    return max(1, min(available, numbers // _GRAIN))


@lru_cache(maxsize=2)
def _load(options: str) -> DataSet:
    return load_data(**json.loads(options))


def load(experiment: Experiment) -> DataSet:
    """Data of an experiment, kept for the next cell of the same process.

    Parameters
    ----------
    experiment : Experiment
        What is trained.

    Returns
    -------
    DataSet
    """
    return _load(json.dumps(dict(experiment.data), sort_keys=True))


def split_of(experiment: Experiment, data: DataSet, seed: int) -> Splits:
    """Disjoint training sets of one seed.

    Parameters
    ----------
    experiment : Experiment
        Its sample sizes and duplicate limit.
    data : DataSet
        Its data.
    seed : int
        One of its seeds.

    Returns
    -------
    Splits
    """
    limit = experiment.splits.duplicate_limit or None
    # Unseen points are drawn from the law where it is known, else they are rows that are left.
    rest = _LEAST_HELD_OUT if data.truth is None else 0
    return split(data, experiment.samples, seed, duplicate_limit=limit, held_out=rest)


def run_cell(experiment: Experiment, cell: Cell, folder: CellFolder, splits: Splits) -> None:
    """Train the models of a cell from its newest checkpoint on, measure them, save the result.

    Parameters
    ----------
    experiment : Experiment
        What is trained.
    cell : Cell
        Which part of it.
    folder : CellFolder
        Where checkpoints, log and result go.
    splits : Splits
        Of the seed of the cell.

    Raises
    ------
    CellFailed
        If a loss becomes NaN or infinite.
    """
    data = load(experiment)
    subjects = Subjects(data, splits, cell.samples, experiment.training, experiment.measure)
    history: list[dict[str, Any]] = []
    if needs_training(experiment.model):
        try:
            models, history = _trained(experiment, cell, subjects, folder)
        except Diverged as error:
            raise CellFailed(str(error)) from error
    else:
        settings = experiment.training
        grid = karras_schedule(experiment.measure.steps, settings.sigma_min, settings.sigma_max)
        levels = np.unique(np.append(grid[:-1], experiment.measure.sigmas))
        sets = [subjects.training_set(member) for member in range(len(subjects.keys))]
        models = fitted(
            experiment.model, sets, levels, choose_device(experiment.run.device),
            seed=cell.seed, truth=data.truth,
        )  # fmt: skip
    result = measure(models, subjects)
    folder.finish(_with_history(result, history, cell))


def _trained(
    experiment: Experiment, cell: Cell, subjects: Any, folder: CellFolder
) -> tuple[Any, list[dict[str, Any]]]:
    settings = experiment.training
    device = choose_device(experiment.run.device)
    seeds = [_seed(cell.seed, n, side, 0) for n, side in subjects.keys]
    models = untrained(
        experiment.model, subjects.data.shape, seeds, device=device,
        batched=experiment.run.grouping == "seed", compiled=device.type == "cuda",
    )  # fmt: skip
    members = [
        Member(subjects.rows(m), _seed(cell.seed, n, side, 1))
        for m, (n, side) in enumerate(subjects.keys)
    ]
    trainer = Trainer(models, subjects.data.points, members, settings)
    history: list[dict[str, Any]] = []
    saved = folder.load_checkpoint()
    if saved is not None:
        tensors, meta = saved
        trainer.restore(tensors, meta["images"])
        history = meta["history"]
    last = time.monotonic()
    for progress in trainer.run():
        folder.log(images=progress.images, loss=[float(x) for x in progress.loss])
        if progress.snapshot:
            history.append({"images": progress.images, **snapshot(models, subjects)})
        if time.monotonic() - last > _INTERVAL and progress.images < settings.images:
            meta = {"images": progress.images, "history": history}
            folder.save_checkpoint(progress.images, trainer.state(), meta)
            last = time.monotonic()
    folder.save_checkpoint(
        settings.images, trainer.state(), {"images": settings.images, "history": history}
    )
    return models, history


def _seed(seed: int, n: int, side: str, purpose: int) -> int:
    """Seed of one member: 0 for its initial parameters, 1 for its batches and noise."""
    key = (n, SIDES.index(side), purpose)
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)[0] >> 1)


def _with_history(result: xr.Dataset, history: Sequence[dict[str, Any]], cell: Cell) -> xr.Dataset:
    """Add the snapshots along `images`, and the seed."""
    if history:
        images = [entry["images"] for entry in history]
        result = result.assign_coords(images=("images", images, {"long_name": "images seen"}))
        for name in history[0]:
            if name == "images":
                continue
            values: NDArray[np.float64] = np.array([entry[name] for entry in history])
            source = result[name]
            result[f"history_{name}"] = (("images", *source.dims), values, source.attrs)
    return result.expand_dims(seed=[cell.seed])


def collect(experiment: Experiment, results: Sequence[xr.Dataset]) -> xr.Dataset:
    """Join the results of all cells.

    Parameters
    ----------
    experiment : Experiment
        What was trained.
    results : sequence of xarray.Dataset
        One for each of `cells`.

    Returns
    -------
    xarray.Dataset
        Along ``samples`` and ``seed``.
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
    joined = xr.concat(parts, "seed", data_vars="all", **options)
    # What is missing is NaN.
    return joined.reindex(samples=list(experiment.samples), seed=list(experiment.seeds))
