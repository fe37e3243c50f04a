"""Compiled code as plain Python: what a loop does, apart from what the compiler makes of it."""

import numpy as np
from numba.core.dispatcher import Dispatcher

# What runs inside compiled code only.
WITHOUT_COMPILER = {
    "larger": max,
    "exp_nonpositive": np.exp,
    "exp2_nonpositive": np.exp2,
    "wide_vectors": lambda: None,
}


def uncompiled(monkeypatch, *modules):
    """Let the kernels of some modules, and what they call there, run as they are written."""
    for module in modules:
        for name, known in list(vars(module).items()):
            if isinstance(known, Dispatcher):
                monkeypatch.setattr(module, name, known.py_func)
            elif name in WITHOUT_COMPILER:
                monkeypatch.setattr(module, name, WITHOUT_COMPILER[name])


def brings_arrays(module):
    """Kernels of a module that load what manages the memory of arrays, which takes long."""
    found = {name: each for name, each in vars(module).items() if isinstance(each, Dispatcher)}
    return [name for name, each in found.items() if each.targetoptions["_nrt"]]
