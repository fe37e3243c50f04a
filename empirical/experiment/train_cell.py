"""One cell of a run: models of one seed, trained on disjoint sets, then measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.common.devices import choose_device, pays_to_compile
from convergen.empirical.experiment.cells import Cell, work_of
from convergen.empirical.experiment.members import initial_seeds, members
from convergen.empirical.experiment.watched_models import WatchedModels
from convergen.empirical.measure.measure import measure, snapshot
from convergen.empirical.models.by_name import fitted, needs_training, untrained
from convergen.empirical.storage.cell_folder import CellFailed
from convergen.empirical.training.trainer import Diverged, Trainer
from convergen.theory.denoisers.noise_schedules import karras_schedule

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run
    from convergen.empirical.measure.evaluation_set import Subjects
    from convergen.empirical.storage.cell_folder import CellFolder

History = list[dict[str, Any]]


def train_cell(run: Run, cell: Cell, folder: CellFolder, checkpoint_seconds: float) -> None:
    """Train the models of a cell from its newest checkpoint on, measure them, save the result.

    Parameters
    ----------
    run : Run
        Of which it is a part.
    cell : Cell
        Which part.
    folder : CellFolder
        Where checkpoints, log and result go.
    checkpoint_seconds : float
        Time between two checkpoints: what a kill may lose.

    Raises
    ------
    CellFailed
        If a loss becomes NaN or infinite.
    InputError
        If data, splits or checkpoints are not those of the run.
    """
    folder.report("reading the data")
    subjects = run.subjects(cell.seed, cell.samples)
    budget = work_of(run.experiment)[0]
    history: History = []
    if needs_training(run.experiment.model):
        try:
            models, history = _trained(run, cell, subjects, folder, checkpoint_seconds)
        except Diverged as error:
            raise CellFailed(str(error)) from error
    else:
        folder.report("fitting")
        models = _fitted(run, cell, subjects, lambda done: _report(folder, "fitting", done, done))
    watch = partial(_report, folder, "measuring", budget)
    result = measure(WatchedModels(models, subjects, watch), subjects)
    folder.finish(_with_history(result, history, cell))


def _fitted(run: Run, cell: Cell, subjects: Subjects, report: Callable[[float], object]) -> Any:
    """Models whose optimum is known, at the noise levels at which they will be called."""
    experiment = run.experiment
    settings, asked = experiment.training, experiment.measure
    grid = karras_schedule(asked.steps, settings.sigma_min, settings.sigma_max)
    levels = np.unique(np.append(grid[:-1], asked.sigmas))
    sets = [subjects.training_set(member) for member in range(len(subjects.keys))]
    return fitted(
        experiment.model, sets, levels, choose_device(experiment.run.device),
        seed=cell.seed, truth=run.data.truth, report=report, trained=experiment.trained,
    )  # fmt: skip


def _trained(
    run: Run, cell: Cell, subjects: Subjects, folder: CellFolder, checkpoint_seconds: float
) -> tuple[Any, History]:
    models, trainer = _trainer(run, cell, subjects)
    history: History = []
    saved = folder.load_checkpoint()
    if saved is not None:
        tensors, meta = saved
        trainer.restore(tensors, meta["images"])
        history = meta["history"]
    end, last = trainer.settings.images, time.monotonic()
    folder.report("training", images=trainer.images, done=trainer.images / end)
    for progress in trainer.run():
        images = progress.images
        folder.log(images=images, loss=[float(x) for x in progress.loss])
        if progress.snapshot:
            watch = partial(_report, folder, "measuring on the way", images)
            watched = WatchedModels(models, subjects, watch)
            history.append({"images": images, **snapshot(watched, subjects)})
        folder.report("training", images=images, done=images / end)
        if time.monotonic() - last > checkpoint_seconds and images < end:
            folder.save_checkpoint(images, trainer.state(), {"history": history})
            last = time.monotonic()
    folder.save_checkpoint(end, trainer.state(), {"history": history})
    return models, history


def _trainer(run: Run, cell: Cell, subjects: Subjects) -> tuple[Any, Trainer]:
    experiment = run.experiment
    device = choose_device(experiment.run.device)
    models = untrained(
        experiment.model, subjects.data.shape, initial_seeds(subjects, cell.seed),
        subjects.data.standard_mean, device=device,
        batched=experiment.run.grouping == "seed",
        compiled=pays_to_compile(device, experiment.training.steps),
    )  # fmt: skip
    of_seed = members(subjects, cell.seed)
    return models, Trainer(models, subjects.data.points, of_seed, experiment.training)


def _report(folder: CellFolder, phase: str, images: float, done: float) -> None:
    folder.report(phase, images=images, done=done)


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
