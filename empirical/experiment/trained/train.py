"""From an experiment and a folder to the experiment's result."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.empirical.experiment.cells import work_of
from convergen.empirical.experiment.run import Run
from convergen.empirical.sweep.dask_cluster import connected, on_dask
from convergen.empirical.sweep.local_workers import local_workers
from convergen.empirical.sweep.progress import Bar
from convergen.empirical.sweep.sweep import FINISHED, Outcome, Runner, in_process, sweep
from convergen.theory.common.checks import as_count, as_number, as_positive
from convergen.theory.messages.terminal import one_line

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

    from convergen.empirical.experiment.cells import Cell
    from convergen.empirical.experiment.declared.declaration import Experiment
    from convergen.empirical.storage.cell_folder import CellFolder

CHECKPOINT_SECONDS = 20.0


@dataclass(frozen=True)
class Finished:
    """What became of an experiment.

    Attributes
    ----------
    run : Run
        What was to be done, with which data.
    outcomes : list of Outcome
        One for each cell.
    result : xarray.Dataset or None
        Results of the cells that are finished; None where none is.
    """

    run: Run
    outcomes: list[Outcome]
    result: xr.Dataset | None

    def __repr__(self) -> str:
        every = len(self.outcomes)
        done = every - len(self.unfinished)
        name = self.run.experiment.name
        return f"Finished({name}: {done} of {every} cell{'s' * (every > 1)})"

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
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: bool = False,
) -> Finished:
    """Do an experiment, or what a stopped run has not done yet, and save its result.

    Parameters
    ----------
    experiment : Experiment
        What to do.
    folder : Path
        Where: a new or empty folder, or that of a run of the same experiment. The result is its
        ``result.nc``.
    workers : int
        Processes on this computer; 1 works in this one. Where the device is ``cuda``, without a
        number, they share all visible GPUs, and each process sees one of them.
    scheduler : str, optional
        Address of a Dask scheduler to use instead; all must see `folder`.
    threads : int, optional
        Of each cell; default: those the run was begun with, or as many as it keeps busy, at most
        the processors that each worker has for itself (1 on a cluster).
    checkpoint_seconds : float
        Time between two checkpoints of a cell: what a kill may lose.
    progress : bool
        Show a bar on a terminal, and say on standard error what the reader of the data left out.

    Returns
    -------
    Finished

    Raises
    ------
    InputError
        If the folder holds another experiment or files of others, the experiment cannot be done,
        or the scheduler or the folder can no longer be used.

    Examples
    --------
    >>> from pathlib import Path
    >>> from convergen.empirical import Experiment, run_experiment
    >>> experiment = Experiment.from_config(
    ...     {
    ...         "name": "mine",
    ...         "samples": [8],
    ...         "data": {"kind": "digits"},
    ...         "model": {"name": "mlp", "size": "tiny"},
    ...         "training": {"images": 640},
    ...     }
    ... )
    >>> done = run_experiment(experiment, Path("runs/mine"))
    >>> done
    Finished(mine: 1 of 1 cell)
    >>> done.unfinished
    []
    >>> done.result["convergence"].sizes
    Frozen({'seed': 1, 'samples': 1})
    """
    count = as_count(workers, "workers")
    given = None if threads is None else as_count(threads, "threads")
    seconds = as_number(as_positive(checkpoint_seconds, "checkpoint_seconds"), "checkpoint_seconds")
    available = 1 if scheduler else max(1, processors() // count)
    # What is missing for the work shows before the folder is claimed.
    with connected(scheduler) as cluster:
        run = Run.begin(experiment, folder.resolve(), threads=given, available=available)
        for remark in run.data.remarks if progress else ():
            print(one_line(remark), file=sys.stderr)
        runner = _runner(count, cluster, run.experiment.run.device)
        work = partial(do_cell, run, seconds)
        bar = Bar(*work_of(run.experiment), shown=progress)
        outcomes = sweep(run.folder, run.cells(), work, runner, bar)
    done = [outcome.name for outcome in outcomes if outcome.state == FINISHED]
    return Finished(run, outcomes, run.collect(done))


def _runner(workers: int, cluster: Client | None, device: str) -> Runner:
    if cluster is not None:
        return partial(on_dask, client=cluster)
    if workers == 1:
        return in_process
    from convergen.empirical.common.devices import visible_devices

    # A device with a number is the one that was asked for.
    devices = visible_devices() if device == "cuda" else []
    return partial(local_workers, count=workers, devices=devices)


def do_cell(run: Run, checkpoint_seconds: float, cell: Cell, folder: CellFolder) -> None:
    """Train and measure one cell, with the planned number of threads.

    Parameters
    ----------
    run : Run
        Of which it is a part.
    checkpoint_seconds : float
        Time between two checkpoints.
    cell : Cell
        Which part.
    folder : CellFolder
        Of the cell.
    """
    from convergen.empirical.experiment.trained.train_cell import train_cell

    with limited_threads(run.plan.threads):
        train_cell(run, cell, folder, checkpoint_seconds)


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
