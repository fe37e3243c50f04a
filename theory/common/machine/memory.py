"""Arrays that would not fit into memory are refused before they are begun."""

from __future__ import annotations

import os

from convergen.theory.common.checks import InputError

# Share of the free memory that one array may take.
_SHARE = 0.8


def need_memory(size: int, what: str, remedy: str) -> None:
    """Refuse an array that the free memory of this computer does not hold.

    Parameters
    ----------
    size : int
        Bytes.
    what : str
        What the array is, as the message calls it.
    remedy : str
        How to need less.

    Raises
    ------
    InputError
        If it does not fit. Where the system does not say how much is free, nothing is refused.
    """
    free = free_memory()
    if free is not None and size > _SHARE * free:
        raise InputError(
            f"{what} needs {size / 2**30:.3g} GiB, but {free / 2**30:.3g} GiB of memory are free: "
            f"{remedy}."
        )


def free_memory() -> int | None:
    """Bytes that a process can take without swapping.

    Returns
    -------
    int or None
        None where the system does not say.
    """
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None
