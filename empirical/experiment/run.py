"""From an experiment and a folder to the experiment's result."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.experiment.plan import Plan, freeze
from convergen.empirical.storage.run_folder import CellFailed, CellFolder, RunFolder
from convergen.empirical.sweep.sweep import FINISHED, Outcome, Runner, in_process, sweep
from convergen.theory.common.checks import as_count

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.train_cell import Cell


@dataclass(frozen=True)
class Finished:
    """What became of an experiment.

    Attributes
    ----------
    plan : Plan
        What was to be done.
    outcomes : list of Outcome
        One for each cell.
    result : xarray.Dataset or None
        Results of the cells that are finished; None where none is.
    """

    plan: Plan
    outcomes: list[Outcome]
    result: xr.Dataset | None

    @property
    def unfinished(self) -> list[Outcome]:
        """Cells that failed, or that another process works in."""
        return [outcome for outcome in self.outcomes if outcome.state != FINISHED]


def run_experiment(
    experiment: Experiment,
    folder: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> Finished:
    """Do an experiment, or what is left of it, and save its result as ``result.nc``.

    Parameters
    ----------
    experiment : Experiment
        What to do.
    folder : Path
        Where; a folder that was begun with the same experiment is gone on with.
    workers : int
        Processes on this computer; 1 works in this one. Where the device is ``cuda``, without a
        number, they share all visible GPUs, and each process sees one of them.
    scheduler : str, optional
        Address of a Dask scheduler to use instead; all must see `folder`.
    threads : int, optional
        Of each cell; default: those the run was begun with, or as many as it keeps busy, at most
        the processors that each worker has for itself (1 on a cluster).
    progress : bool
        Show a bar on a terminal.

    Returns
    -------
    Finished

    Raises
    ------
    InputError
        If the folder belongs to another experiment, the experiment cannot be done, or nothing can
        be written any more.
    """
    from convergen.empirical.experiment import train_cell as cell

    count = as_count(workers, "workers")
    given = None if threads is None else as_count(threads, "threads")
    run = RunFolder(folder.resolve())
    available = 1 if scheduler else max(1, processors() // count)
    plan = freeze(run, experiment, given, available)
    decided = Experiment.from_config(plan.experiment)
    runner = _runner(count, scheduler, decided.run.device)
    work = partial(do_cell, plan)
    outcomes = sweep(
        run, cell.cells(decided), work, runner, budget=decided.training.images, progress=progress
    )
    return Finished(plan, outcomes, _collect(run, plan, outcomes))


def do_cell(plan: Plan, cell: Cell, folder: CellFolder) -> None:
    """Train and measure one cell as planned, with the planned data and threads.

    Parameters
    ----------
    plan : Plan
        Of the run.
    cell : Cell
        Which.
    folder : CellFolder
        Of the cell.

    Raises
    ------
    CellFailed
        If data or splits are not those of the plan.
    """
    from convergen.empirical.experiment import train_cell as real
    from convergen.empirical.splits.splits import Splits

    experiment = Experiment.from_config(plan.experiment)
    with limited_threads(plan.threads):
        data = real.load(experiment)
        if data.fingerprint != plan.data["fingerprint"]:
            raise CellFailed(f"the data {data.name!r} are not those the run was begun with")
        run = RunFolder(folder.path.parents[1])
        splits = Splits.load(run.split_path(cell.seed), data)
        if splits.digest != plan.splits[str(cell.seed)]:
            raise CellFailed("the splits are not those the run was begun with")
        real.run_cell(experiment, cell, folder, splits)


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Compute with a number of threads inside a ``with`` block.

    Parameters
    ----------
    count : int
        For torch, BLAS and OpenMP.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    with threadpool_limits(count):
        torch.set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def processors() -> int:
    """Processors that this process may use.

    Returns
    -------
    int
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _runner(workers: int, scheduler: str | None, device: str) -> Runner:
    if scheduler is not None:
        from convergen.empirical.sweep.dask_cluster import on_dask

        return partial(on_dask, address=scheduler)
    if workers == 1:
        return in_process
    from convergen.empirical.common.devices import visible_devices
    from convergen.empirical.sweep.local_workers import local_workers

    # A device with a number is the one that was asked for.
    devices = visible_devices() if device == "cuda" else []
    return partial(local_workers, count=workers, devices=devices)


def _collect(run: RunFolder, plan: Plan, outcomes: Sequence[Outcome]) -> xr.Dataset | None:
    """Join what is finished; a later run replaces it once more is."""
    from convergen.empirical.experiment.train_cell import collect

    done = [outcome.name for outcome in outcomes if outcome.state == FINISHED]
    if not done:
        return None
    with run.lock():
        result = collect(
            Experiment.from_config(plan.experiment), [run.cell(name).result() for name in done]
        )
        missing = [outcome.name for outcome in outcomes if outcome.state != FINISHED]
        result.attrs |= plan.attributes() | {"missing_cells": json.dumps(missing)}
        run.save_result(result)
    return result
