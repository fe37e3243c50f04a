"""Local worker processes that may be killed without harm to the sweep."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from convergen.empirical.sweep.sweep import Outcome, Task, attempt, give_up
from convergen.theory.common.machine.worker_processes import deaf_to_interrupts, die_with_parent

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

# A cell whose worker was killed so often is not tried again: the reason is the cell.
_ATTEMPTS = 3


def local_workers(
    tasks: Sequence[Task], count: int, devices: Sequence[str] = ()
) -> Generator[Outcome, None, None]:
    """Do the cells in processes of this computer, started afresh.

    A cell whose worker dies is continued by another one.

    Parameters
    ----------
    tasks : sequence of Task
        What to do.
    count : int
        How many at a time.
    devices : sequence of str
        CUDA devices that they share: each process sees one of them only. Empty: every process
        sees what this one does.

    Yields
    ------
    Outcome
        As each ends.
    """
    waiting = deque((task, 1) for task in tasks)
    free = deque(devices[place % len(devices)] if devices else None for place in range(count))
    idle: list[_Worker] = []
    busy: dict[Connection, _Worker] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < count:
                worker = idle.pop() if idle else _Worker(free.popleft())
                worker.send(*waiting.popleft())
                busy[worker.pipe] = worker
            ready = wait(list(busy))
            for worker in [busy.pop(pipe) for pipe in list(busy) if pipe in ready]:
                try:
                    outcome = worker.pipe.recv()
                except (EOFError, OSError):
                    cause = worker.cause_of_death()
                    free.append(worker.device)
                    if worker.attempts < _ATTEMPTS:
                        waiting.append((worker.task, worker.attempts + 1))
                        continue
                    outcome = give_up(worker.task, f"{cause} ({_ATTEMPTS} attempts)")
                else:
                    idle.append(worker)
                yield outcome
    finally:
        for worker in (*idle, *busy.values()):
            worker.stop()


class _Worker:
    """A process at the other end of a pipe, whose end of file shows that it is dead."""

    def __init__(self, device: str | None) -> None:
        self.device = device
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, device), daemon=True
        )
        with deaf_to_interrupts():  # this process ends it in order
            self.process.start()
        theirs.close()

    def send(self, task: Task, attempts: int) -> None:
        self.task, self.attempts = task, attempts
        # A worker that is dead already shows when its answer is read.
        with suppress(BrokenPipeError):
            self.pipe.send(task)

    def cause_of_death(self) -> str:
        self.process.join()
        code = self.process.exitcode or 0
        if code == -signal.SIGKILL:
            return "its process was killed; is there enough memory?"
        return f"its process ended with {f'signal {-code}' if code < 0 else f'code {code}'}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(5.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _serve(pipe: Connection, device: str | None) -> None:
    if device is not None:  # CUDA reads it when it is first used
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()  # a worker without one would keep its cell locked
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the parent has gone
        while True:
            pipe.send(attempt(pipe.recv()))
