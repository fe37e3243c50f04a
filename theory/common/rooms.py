"""Rooms whose files register themselves in a table."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache


@cache
def load_rooms(*rooms: str) -> None:
    """Import every file of some rooms, once.

    Parameters
    ----------
    *rooms : str
        Full names of packages.
    """
    for room in rooms:
        for module in pkgutil.iter_modules(importlib.import_module(room).__path__):
            importlib.import_module(f"{room}.{module.name}")
