"""A sweep under ``torchrun``: all processes train each cell together, the first one writes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from torch import distributed

from convergen.empirical.storage.run_folder import CellFailed, CellFolder, RunFolder
from convergen.empirical.sweep.sweep import Cell, Outcome, Task, Work, attempt, one_line
from convergen.theory.common.checks import InputError

T = TypeVar("T")


def agree(value: T | None) -> T:
    """Give all processes what the first one has.

    Parameters
    ----------
    value : object
        It; ignored in all other processes.

    Returns
    -------
    object
    """
    held: list[Any] = [value]
    distributed.broadcast_object_list(held, src=0)
    found: T = held[0]
    return found


def lead(tasks: Sequence[Task]) -> Generator[Outcome, None, None]:
    """Do the cells one after the other together with the processes that `follow`.

    Parameters
    ----------
    tasks : sequence of Task
        What to do.

    Yields
    ------
    Outcome
        As each ends.

    Raises
    ------
    InputError
        If a cell fails in a way that the other processes may not share: going on could wait for
        ever.
    """
    for task in tasks:
        work = _Announced(task.work)
        outcome = attempt(replace(task, work=work))
        if work.cause is not None:
            raise InputError(
                f"the cell {task.cell.name!r} failed in one process of several: {work.cause}."
            )
        yield outcome
    agree(None)


def follow(run: RunFolder, cells: Sequence[Cell], work: Work) -> None:
    """Take part in the cells that the first process announces.

    Parameters
    ----------
    run : RunFolder
        Where.
    cells : sequence of Cell
        All of the experiment.
    work : callable
        As in `Task`.
    """
    known = {cell.name: cell for cell in cells}
    while True:
        name: str | None = agree(None)
        if name is None:
            return
        try:
            work(known[name], run.cell(name, writes=False))
        except CellFailed:
            continue  # so it did in all processes, and the first one records it


@dataclass
class _Announced:
    """Tells the other processes when the work begins, which is after lock and checks."""

    work: Work
    cause: str | None = None

    def __call__(self, cell: Cell, folder: CellFolder) -> None:
        agree(cell.name)
        try:
            self.work(cell, folder)
        except CellFailed:
            raise
        except Exception as error:
            self.cause = one_line(error)
            raise
