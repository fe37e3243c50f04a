"""How results look at a prompt: numbers where they are few, shapes where they are many."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

_FEW = 6


def brief(result: Any) -> str:
    """Name and contents of a result in one line.

    Parameters
    ----------
    result : dataclass instance
        Set it as ``__repr__`` of the class. Fields that are None or begin with an underscore are
        left out.

    Returns
    -------
    str
    """
    parts = [
        f"{field.name}={_short(value)}"
        for field in fields(result)
        if not field.name.startswith("_") and (value := getattr(result, field.name)) is not None
    ]
    return f"{type(result).__name__}({', '.join(parts)})"


def _short(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, (np.ndarray, np.generic)):
        if value.size > _FEW:
            shape = "×".join(map(str, value.shape))
            return f"<{shape} {value.dtype}>"
        return _numbers(value.tolist())
    if isinstance(value, float):
        return _numbers(value)
    return repr(value)


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_numbers, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
