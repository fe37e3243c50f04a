"""A progress bar for a sweep, fed by what its cells report wherever they run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from convergen.empirical.storage.run_folder import RunFolder

# Seconds between two looks at the cells.
_INTERVAL = 0.5


class Seen(NamedTuple):
    """How far a sweep is.

    Attributes
    ----------
    images : int
        Images seen by all cells together.
    cells : int
        Cells that are finished.
    phases : tuple of str
        What cells are doing that do not train just now, with the share that is done.
    """

    images: int
    cells: int
    phases: tuple[str, ...]


@contextmanager
def watched(folder: RunFolder, names: Sequence[str], budget: int, shown: bool) -> Iterator[None]:
    """Show rate, time left and what is being done while a ``with`` block runs.

    Parameters
    ----------
    folder : RunFolder
        Where.
    names : sequence of str
        All cells.
    budget : int
        Images that a cell sees.
    shown : bool
        Nothing happens unless this is true and standard error is a terminal.
    """
    if not (shown and budget and sys.stderr.isatty()):
        yield
        return
    from tqdm import tqdm

    stop = threading.Event()
    begun = look(folder, names, budget).images
    with tqdm(
        total=budget * len(names), initial=begun, unit=" images", unit_scale=True,
        dynamic_ncols=True, desc="training",
    ) as bar:  # fmt: skip

        def show() -> None:
            seen = look(folder, names, budget)
            # Smaller than before where a cell had to go back to an older checkpoint.
            bar.n = seen.images
            bar.set_postfix_str(", ".join([f"{seen.cells}/{len(names)} cells", *seen.phases[:2]]))

        def watch() -> None:
            while not stop.wait(_INTERVAL):
                show()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            show()


def look(folder: RunFolder, names: Sequence[str], budget: int) -> Seen:
    """How far a sweep is.

    Parameters
    ----------
    folder : RunFolder
        Where.
    names : sequence of str
        All cells.
    budget : int
        Images that a cell sees; what a finished one counts.

    Returns
    -------
    Seen
    """
    images, finished, phases = 0, 0, []
    for name in names:
        cell = folder.cell(name)
        if cell.has_result:
            images, finished = images + budget, finished + 1
            continue
        found = cell.progress()
        if found is not None:
            images += min(budget, found.images)
            if found.phase != "training":
                share = f" {found.done:.0%}" if found.done else ""
                phases.append(f"{name} {found.phase}{share}")
    return Seen(images, finished, tuple(phases))
