"""Running the cells of an experiment: each is locked, done once, and fails on its own."""

from __future__ import annotations

import errno
import os
import socket
import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from convergen.empirical.storage.cell_folder import CellBusy, CellFailed, CellFolder
from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep.progress import NO_BAR, Bar, watched
from convergen.theory.common.checks import InputError

FINISHED, FAILED, BUSY, STORAGE = "finished", "failed", "busy", "storage"
_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

# Networks are initialised through torch's global generator, so a process does one cell at a time.
_ONE_AT_A_TIME = threading.Lock()


class Cell(Protocol):
    """What the sweep must know of a cell; anything else is between the experiment and the work."""

    @property
    def name(self) -> str:
        """Of its folder."""


Work = Callable[[Cell, CellFolder], None]


@dataclass(frozen=True)
class Task:
    """One cell to be done, as it travels to a worker.

    Attributes
    ----------
    run : RunFolder
        Where.
    cell : Cell
        Which.
    work : callable
        Does it: ``work(cell, folder)`` trains from the newest checkpoint on and ends with
        `CellFolder.finish`. It must pickle where workers are used.
    """

    run: RunFolder
    cell: Cell
    work: Work


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes
    ----------
    name : str
        Of the cell.
    state : {'finished', 'failed', 'busy', 'storage'}
        ``busy``: another process works in it. ``storage``: nothing can be written any more.
    cause : str
        One line, unless it is finished.
    """

    name: str
    state: str
    cause: str = ""


Runner = Callable[[Sequence[Task]], Generator[Outcome, None, None]]


def sweep(
    run: RunFolder,
    cells: Sequence[Cell],
    work: Work,
    runner: Runner | None = None,
    bar: Bar = NO_BAR,
) -> list[Outcome]:
    """Do all cells that are not finished.

    Parameters
    ----------
    run : RunFolder
        Where.
    cells : sequence of Cell
        All of the experiment.
    work : callable
        As in `Task`.
    runner : callable, optional
        Who does them: `in_process`, the default, or one that hands them to others.
    bar : Bar
        What is shown on a terminal.

    Returns
    -------
    list of Outcome
        In the order of `cells`.

    Raises
    ------
    InputError
        If a cell holds the result of another experiment, nothing can be written any more, or the
        runner cannot continue.
    """
    outcomes = {cell.name: Outcome(cell.name, FINISHED) for cell in cells}
    pending = [cell for cell in cells if not run.cell(cell.name).finished]
    run.log(event="begin", cells=len(cells), pending=len(pending), process=os.getpid())
    tasks = [Task(run, cell, work) for cell in pending]
    names = [cell.name for cell in cells]
    # Closed, so that an interrupt ends all workers before anything else happens.
    with watched(run, names, bar), closing((runner or in_process)(tasks)) as done:
        try:
            for outcome in done:
                if outcome.state == STORAGE:
                    raise StorageError(outcome.cause)
                outcomes[outcome.name] = outcome
                run.log(event=outcome.state, cell=outcome.name, cause=outcome.cause)
        except KeyboardInterrupt:
            run.log(event="interrupted")
            raise
    run.log(event="end")
    return list(outcomes.values())


def in_process(tasks: Sequence[Task]) -> Generator[Outcome, None, None]:
    """Do the cells one after the other in this process.

    Parameters
    ----------
    tasks : sequence of Task
        What to do.

    Yields
    ------
    Outcome
        As each ends.
    """
    yield from map(attempt, tasks)


def attempt(task: Task) -> Outcome:
    """Do one cell; whatever goes wrong is recorded in its folder and returned, not raised.

    Parameters
    ----------
    task : Task
        What to do.

    Returns
    -------
    Outcome
    """
    return _locked(task, lambda folder: _attempt_locked(task, folder))


def _locked(task: Task, act: Callable[[CellFolder], Outcome]) -> Outcome:
    folder = task.run.cell(task.cell.name)
    try:
        with _ONE_AT_A_TIME, folder.lock():
            return Outcome(folder.name, FINISHED) if folder.finished else act(folder)
    except CellBusy as error:
        return Outcome(folder.name, BUSY, str(error))
    except StorageError as error:
        return Outcome(folder.name, STORAGE, str(error))


def _attempt_locked(task: Task, folder: CellFolder) -> Outcome:
    folder.log(event="start", process=os.getpid(), host=socket.gethostname())
    try:
        task.work(task.cell, folder)
        if not folder.finished:
            raise CellFailed("its work ended without a result")
    except StorageError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _REFUSED:
            raise StorageError(f"cannot write to {folder.path}: {error.strerror}.") from error
        cause = one_line(error)
        folder.fail(cause, "".join(traceback.format_exception(error)))
        return Outcome(folder.name, FAILED, cause)
    folder.log(event="finished")
    return Outcome(folder.name, FINISHED)


def give_up(task: Task, cause: str) -> Outcome:
    """Record that a cell cannot be finished since its processes die.

    Parameters
    ----------
    task : Task
        What was to be done.
    cause : str
        One line.

    Returns
    -------
    Outcome
    """

    def record(folder: CellFolder) -> Outcome:
        folder.fail(cause)
        return Outcome(folder.name, FAILED, cause)

    return _locked(task, record)


def one_line(error: BaseException) -> str:
    """An error in one line.

    Parameters
    ----------
    error : BaseException
        Of any kind.

    Returns
    -------
    str
        The message alone where it was written for the user.
    """
    lines = str(error).strip().splitlines() or [""]
    if isinstance(error, InputError | CellFailed):
        return lines[0]
    if isinstance(error, MemoryError):
        return "not enough memory"
    return f"{type(error).__name__}: {lines[0]}"
