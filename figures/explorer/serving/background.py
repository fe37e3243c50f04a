"""Long work beside the pages, one piece at a time."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from bokeh.document import Document

# Long work of all pages, one piece at a time.
_HEAVY = Lock()
_OURS = "something went wrong that is a fault of ours; the terminal shows what."


def work_beside(
    document: Document,
    work: Callable[[], Any],
    then: Callable[[Any], None],
    refuse: Callable[[str], None],
    wanted: Callable[[], bool],
) -> None:
    """Do long work beside a page; forget it if it is no longer wanted.

    Parameters
    ----------
    document : bokeh.document.Document
        The page, to which what was found is brought in its own turn.
    work : callable
        What takes long.
    then : callable
        Takes what `work` returned.
    refuse : callable
        Takes the sentence that says what went wrong.
    wanted : callable
        Whether nothing moved meanwhile.
    """

    def deliver(act: Callable[[], None]) -> None:
        if wanted():
            act()

    def run() -> None:
        with _HEAVY:
            if not wanted():
                return
            try:
                found = work()
            except InputError as error:
                refusal = str(error)
                document.add_next_tick_callback(lambda: deliver(lambda: refuse(refusal)))
                return
            except Exception:
                traceback.print_exc()
                document.add_next_tick_callback(lambda: deliver(lambda: refuse(_OURS)))
                return
        document.add_next_tick_callback(lambda: deliver(lambda: then(found)))

    Thread(target=run, daemon=True).start()
