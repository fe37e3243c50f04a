"""A progress bar for a sweep, fed by the logs of its cells wherever they run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from convergen.empirical.storage.journal import last_images

if TYPE_CHECKING:
    from convergen.empirical.storage.run_folder import RunFolder

# Seconds between two looks at the logs.
_INTERVAL = 0.5


@contextmanager
def watched(run: RunFolder, names: Sequence[str], budget: int, shown: bool) -> Iterator[None]:
    """Show rate and time left while a ``with`` block runs.

    Parameters
    ----------
    run : RunFolder
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

    seen = images_seen(run, names, budget)
    total, stop = budget * len(names), threading.Event()
    with tqdm(
        total=total, initial=seen, unit=" images", unit_scale=True, dynamic_ncols=True
    ) as bar:

        def look() -> None:
            found = images_seen(run, names, budget)
            # Smaller than before where a cell had to go back to an older checkpoint.
            bar.n = found
            done = sum(run.cell(name).has_result for name in names)
            bar.set_postfix_str(f"{done}/{len(names)} cells")

        def watch() -> None:
            while not stop.wait(_INTERVAL):
                look()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            look()


def images_seen(run: RunFolder, names: Sequence[str], budget: int) -> int:
    """Images seen by all cells together.

    Parameters
    ----------
    run : RunFolder
        Where.
    names : sequence of str
        All cells.
    budget : int
        Images that a cell sees; what a finished one counts.

    Returns
    -------
    int
    """
    cells = [run.cell(name) for name in names]
    return sum(
        budget if cell.has_result else min(budget, last_images(cell.journal_path)) for cell in cells
    )
