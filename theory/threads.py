"""One BLAS thread for batches of small matrices, where more only wait for each other."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_blas_thread() -> AbstractContextManager[object]:
    """Limit BLAS to one thread inside a ``with`` block.

    Returns
    -------
    context manager
    """
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
