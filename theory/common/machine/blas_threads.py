"""One BLAS thread where the work is shared out in another way, or more only wait for each other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import RLock

from threadpoolctl import ThreadpoolController

_OWNER = RLock()
# Numbers in a matrix up to which a second thread waits longer than it works.
_FEW = 2**18


@cache
def _controller(scipy_is_loaded: bool) -> ThreadpoolController:
    """The BLAS libraries of the process: SciPy brings one of its own. Looking for them is slow."""
    return ThreadpoolController()


def blas_threads() -> int:
    """Threads that BLAS may use: those of its environment variables, else all processors.

    Returns
    -------
    int
        At least 1.
    """
    found = _controller("scipy.linalg" in sys.modules).select(user_api="blas").info()
    return max([1, *(int(each["num_threads"]) for each in found)])


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread inside a ``with`` block.

    The limit holds for the whole process. While one thread holds it, others run under it without
    setting their own: each would restore what it found, and the last would restore the limit.

    Returns
    -------
    context manager
    """
    if not _OWNER.acquire(blocking=False):
        yield
        return
    try:
        with _controller("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas"):
            yield
    finally:
        _OWNER.release()


def blas_threads_for(numbers: int) -> AbstractContextManager[None]:
    """Limit BLAS to one thread where matrices are small: others wait for work without resting.

    Parameters
    ----------
    numbers : int
        In the largest matrix.

    Returns
    -------
    context manager
        `one_blas_thread` up to 2¹⁸ numbers, else one that changes nothing.
    """
    return one_blas_thread() if numbers <= _FEW else nullcontext()
