"""Modules that others import and few use: run only when something of them is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

# What numba and SciPy import as they are imported, and a short answer needs little of, if anything.
RARELY_USED = (
    "html", "importlib.metadata", "numpy.f2py", "numpy.testing", "scipy.optimize", "scipy.special",
    "yaml",
)  # fmt: skip
# Parts of packages that hold what is asked for most, without all that their packages import.
_PARTS = {"scipy.optimize": "_nnls", "scipy.special": "_ufuncs"}


class _Deferred(ModuleType):
    """A module in its place that has not run; what is missing in it makes it run."""

    def __getattr__(self, name: str) -> Any:
        if self.__name__ in _PARTS:
            try:
                return getattr(import_module(f"{self.__name__}.{_PARTS[self.__name__]}"), name)
            except (ImportError, AttributeError):  # it is elsewhere
                pass
        spec = self.__spec__
        assert spec is not None
        assert spec.loader is not None
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)


def defer(*names: str) -> None:
    """Put modules in their places without running them, unless they are there already.

    Parameters
    ----------
    *names : str
        Full names of modules or packages. One that does not exist is passed over.
    """
    for name in names:
        parent, _, own = name.rpartition(".")
        spec = None if name in sys.modules else find_spec(name)
        if spec is None or spec.loader is None:
            continue
        module = sys.modules[name] = module_from_spec(spec)
        module.__class__ = _Deferred
        if parent:
            setattr(import_module(parent), own, module)
