"""One BLAS thread where the work is shared out in another way, or more only wait for each other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController


@cache
def _controller(scipy_is_loaded: bool) -> ThreadpoolController:
    """The BLAS libraries of the process: SciPy brings one of its own. Looking for them is slow."""
    return ThreadpoolController()


class _Limit:
    """The limit holds from the first thread that enters to the last that leaves."""

    def __init__(self) -> None:
        self._lock, self._inside, self._held = Lock(), 0, ExitStack()

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                found = _controller("scipy.linalg" in sys.modules)
                self._held.enter_context(found.limit(limits=1, user_api="blas"))
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._held.close()


_LIMIT = _Limit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread inside a ``with`` block, which several threads may enter.

    Returns
    -------
    context manager
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()
