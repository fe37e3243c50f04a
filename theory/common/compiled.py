"""Compiled kernels: one decorator, and a cache on disk that may fail without failing the caller."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core import caching, config
from numba.core.runtime import rtsys

_said = False


def kernel(*, arrays: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function with numba and keep the machine code on disk where that is possible.

    Parameters
    ----------
    arrays : bool
        Whether it may make arrays. Without, what manages their memory is not compiled first, which
        takes as long as loading a kernel.
    **options
        As `numba.njit` takes them. Division follows IEEE (``error_model="numpy"``) unless another
        model is given.

    Returns
    -------
    callable
        A decorator.

    Notes
    -----
    Where no folder can be written, and where a cache file is damaged, the function is compiled
    again. The first compilation of a process is announced on stderr in one line.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = njit(**{"error_model": "numpy", "_nrt": arrays, **options})(function)
        # It would read what every installed package says of itself, for types that no kernel takes.
        compiled._compilation_chain_init_hook = _nothing
        try:
            compiled._cache = _Cache(function, arrays)
        except RuntimeError:  # numba found no folder that it may write
            compiled._cache = _NoCache()
        return compiled

    return decorate


def kernel_threads() -> int:
    """Threads that share the work of kernels: as NUMBA_NUM_THREADS says, else all processors.

    Returns
    -------
    int

    Notes
    -----
    `numba.get_num_threads` would start numba's own threads, and with them set how many threads
    OpenMP has in the whole process, torch's included.
    """
    return int(config.NUMBA_NUM_THREADS)


def _nothing() -> None:
    """In place of what numba would do before it sees a kernel's arguments."""


def _announce(kept: bool) -> None:
    """Say once a process what it waits for."""
    global _said
    if _said or sys.stderr is None:
        return
    _said = True
    often = "once" if kept else "no cache folder can be written (set NUMBA_CACHE_DIR to one)"
    print(f"compiling kernels, {often}: some seconds", file=sys.stderr, flush=True)


class _Place(caching.CompileResultCacheImpl):  # type: ignore[misc]
    """Where machine code is kept: beside the sources last of all once they are installed.

    pip leaves behind what it did not install itself, and an empty folder of our name would hide a
    later editable install.
    """

    _locator_classes = sorted(
        caching.CompileResultCacheImpl._locator_classes,
        key=lambda place: "site-packages" in __file__ and "InTree" in place.__name__,
    )


class _CheckedFiles(caching.IndexDataCacheFile):  # type: ignore[misc]
    """Cache files that carry a digest: damaged machine code must not run."""

    def _save_data(self, name: str, data: Any) -> None:
        plain = self._dump(data)
        super()._save_data(name, (hashlib.sha256(plain).digest(), plain))

    def _load_data(self, name: str) -> Any:
        digest, plain = super()._load_data(name)
        if hashlib.sha256(plain).digest() != digest:
            raise ValueError("damaged")
        return pickle.loads(plain)


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """Numba's cache of one function; a file that cannot be used counts as missing.

    Its stamp covers the sources of the kernels that the function calls: their code is part of its
    own.
    """

    _impl_class = _Place

    def __init__(self, function: Callable[..., Any], arrays: bool) -> None:
        super().__init__(function)
        self._arrays = arrays
        known = function.__globals__
        called = (getattr(known.get(name), "_cache", None) for name in function.__code__.co_names)
        inlined = tuple(cache.stamp for cache in called if isinstance(cache, _Cache))
        self.stamp: tuple[Any, ...] = self._impl.locator.get_source_stamp(), inlined
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, self.stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Machine code for a signature, or None."""
        try:
            # Kept code needs numba's run time alone. What the method of numba loads besides it, all
            # that a compilation may need, takes as long as importing numba.
            if self._arrays:
                rtsys.initialize(target_context)
            found = self._load_overload(sig, target_context)
        except Exception:  # damaged files raise whatever pickle makes of their bytes
            found = None
            self._forget()
        if found is None:
            _announce(kept=True)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, unless the disk does not take it."""
        try:
            super().save_overload(sig, data)
        except Exception:  # full, read-only by now, or an index damaged since
            self._forget()

    def _forget(self) -> None:
        """Start an empty index, so that the next process finds no damage."""
        try:
            self.flush()
        except OSError:
            self.disable()


class _NoCache(caching.NullCache):  # type: ignore[misc]
    """No place for a cache: every process compiles again."""

    def load_overload(self, sig: Any, target_context: Any) -> None:
        """Nothing is ever found."""
        _announce(kept=False)
