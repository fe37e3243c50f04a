"""Modules that others import and nobody uses: run only when something of them is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec

# SciPy copies all names of NumPy as it is imported, which loads these two: a tenth of a second.
COPIED_BY_SCIPY = ("numpy.f2py", "numpy.testing")


def defer(*names: str) -> None:
    """Put modules in their places without running them, unless they are there already.

    Parameters
    ----------
    *names : str
        Full names of modules of packages. One that does not exist is passed over.
    """
    for name in names:
        parent, _, own = name.rpartition(".")
        spec = None if name in sys.modules else find_spec(name)
        if spec is None or spec.loader is None:
            continue
        spec.loader = LazyLoader(spec.loader)
        module = module_from_spec(spec)
        sys.modules[name] = module
        setattr(import_module(parent), own, module)
        spec.loader.exec_module(module)
