"""One cell of a run: models of one seed, trained on disjoint sets, then measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.common.devices import choose_device, pays_to_compile
from convergen.empirical.experiment.cells import Cell, with_seed, work_of
from convergen.empirical.experiment.trained.members import initial_seeds, members
from convergen.empirical.experiment.trained.stopping import LastWithoutCopies, copies_appear
from convergen.empirical.experiment.trained.watched_models import WatchedModels
from convergen.empirical.measure.measure import measure, snapshot
from convergen.empirical.models.by_name import fitted, needs_training, untrained
from convergen.empirical.storage.cell_folder import CellFailed
from convergen.empirical.training.trainer import Diverged, Trainer
from convergen.theory.denoisers.noise_schedules import karras_schedule
from convergen.theory.quantities.labelled import coordinate_attributes

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run
    from convergen.empirical.measure.evaluation_set import Subjects
    from convergen.empirical.storage.cell_folder import CellFolder

History = list[dict[str, Any]]

_TRAINED = {"long_name": "images seen in training, which stopped before copies", "units": "images"}


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
    seen = None
    history: History = []
    if needs_training(run.experiment.model):
        try:
            models, trainer, history = _trained(run, cell, subjects, folder, checkpoint_seconds)
        except Diverged as error:
            raise CellFailed(str(error)) from error
        if trainer.settings.stop_before_copying:
            seen = trainer.images
    else:
        folder.report("fitting")
        models = _fitted(run, cell, subjects, lambda done: _report(folder, "fitting", done, done))
    watch = partial(_report, folder, "measuring", budget)
    result = measure(WatchedModels(models, subjects, watch), subjects)
    if seen is not None:
        result["trained_images"] = ("samples", [seen] * result.sizes["samples"], _TRAINED)
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
) -> tuple[Any, Trainer, History]:
    models, trainer = _trainer(run, cell, subjects)
    settings = trainer.settings
    history: History = []
    before, stopped = LastWithoutCopies(), False
    saved = folder.load_checkpoint()
    if saved is not None:
        tensors, meta = saved
        stopped = meta.get("stopped", False)
        tensors = before.take_from(tensors, meta.get("before", 0))
        trainer.restore(tensors, before.images if stopped else meta["images"])
        history = meta["history"]

    def save(images: int) -> None:
        about = {"before": before.images, "stopped": stopped} if before.images else {}
        tensors = {**trainer.state(), **before.tensors()}
        folder.save_checkpoint(images, tensors, {"history": history, **about})

    end, last = settings.images, time.monotonic()
    folder.report("training", images=trainer.images, done=trainer.images / end)
    for progress in () if stopped else trainer.run():
        images = progress.images
        folder.log(images=images, loss=[float(x) for x in progress.loss])
        if progress.snapshot:
            watch = partial(_report, folder, "measuring on the way", images)
            watched = WatchedModels(models, subjects, watch)
            history.append({"images": images, **snapshot(watched, subjects)})
            if settings.stop_before_copying:
                stopped = copies_appear(history[-1], subjects.settings.draws)
                if stopped:
                    before.go_back(trainer)
                    folder.log(event="stopped before copying", images=trainer.images)
                    break
                before.keep(trainer)
        folder.report("training", images=images, done=images / end)
        if time.monotonic() - last > checkpoint_seconds and images < end:
            save(images)
            last = time.monotonic()
    # One that was stopped is newer than any on the way to where copies appeared.
    save(history[-1]["images"] if stopped else end)
    return models, trainer, history


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
        words = coordinate_attributes("images")
        result = result.assign_coords(images=("images", images, words))
        for name in history[0]:
            if name == "images":
                continue
            values: NDArray[np.float64] = np.array([entry[name] for entry in history])
            source = result[name]
            result[f"history_{name}"] = (("images", *source.dims), values, source.attrs)
    return with_seed(result, cell.seed)
