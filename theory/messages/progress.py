"""A name and a bar for every long step: on a terminal, and silent in a pipe."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds before a step is shown at all, and between two looks at its clock.
_QUIET = 1.0
_INTERVAL = 0.5


@contextmanager
def phase(
    name: str, total: int | None = None, unit: str = "step"
) -> Iterator[Callable[[int], object]]:
    """Show what is being done, for how long, and how far it is, while a ``with`` block runs.

    Nothing is shown unless standard error is a terminal and the block takes longer than a second.

    Parameters
    ----------
    name : str
        Words for the step, such as ``reading the data``.
    total : int, optional
        How many units it has; None shows the time alone.
    unit : str
        What is counted.

    Yields
    ------
    callable
        To be called with the number of units that were done since the last call.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from tqdm import tqdm

    look = None if total else "{desc}: {elapsed}"
    stop = threading.Event()
    with tqdm(
        total=total, desc=name, unit=unit, delay=_QUIET, leave=False, dynamic_ncols=True,
        bar_format=look,
    ) as bar:  # fmt: skip

        def watch() -> None:
            wait = _QUIET
            while not stop.wait(wait):
                bar.refresh()
                wait = _INTERVAL

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield bar.update
        finally:
            stop.set()
            watcher.join()
