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


class Bar(NamedTuple):
    """How a sweep is shown.

    Attributes
    ----------
    budget : int
        What there is to do in a cell.
    unit : str
        Of the budget: images that networks see, or cells.
    shown : bool
        Whether there is a bar at all.
    """

    budget: int
    unit: str = "images"
    shown: bool = True


NO_BAR = Bar(0, shown=False)


class Seen(NamedTuple):
    """How far a sweep is.

    Attributes
    ----------
    images : float
        What all cells together have done, in the unit of the bar.
    cells : int
        Cells that are finished.
    phases : tuple of str
        What cells are doing that do not train just now, with the share that is done.
    """

    images: float
    cells: int
    phases: tuple[str, ...]


@contextmanager
def watched(folder: RunFolder, names: Sequence[str], asked: Bar) -> Iterator[None]:
    """Show rate, time left and what is being done while a ``with`` block runs.

    Parameters
    ----------
    folder : RunFolder
        Where.
    names : sequence of str
        All cells.
    asked : Bar
        What to show; nothing happens unless standard error is a terminal.
    """
    if not (asked.shown and sys.stderr.isatty()):
        yield
        return
    from tqdm import tqdm

    stop = threading.Event()
    begun = look(folder, names, asked.budget).images
    with tqdm(
        total=asked.budget * len(names), initial=begun, unit=f" {asked.unit}", unit_scale=True,
        dynamic_ncols=True, desc="training" if asked.unit == "images" else "fitting",
    ) as bar:  # fmt: skip

        def show() -> None:
            seen = look(folder, names, asked.budget)
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
        What there is to do in a cell; what a finished one counts.

    Returns
    -------
    Seen
    """
    images, finished, phases = 0.0, 0, []
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
