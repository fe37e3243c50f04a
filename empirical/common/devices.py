"""Where training runs, and with what help."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager

import torch

from convergen.theory.common.checks import InputError


def choose_device(name: str = "auto") -> torch.device:
    """Device by name.

    Parameters
    ----------
    name : str
        ``auto`` (CUDA where there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:N``.

    Returns
    -------
    torch.device

    Raises
    ------
    InputError
        If the name is unknown or there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"unknown device {name!r}: use auto, cpu, cuda or cuda:N.") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device {name!r} is not supported: use auto, cpu, cuda or cuda:N.")
    if device.type == "cuda" and not (
        torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    ):
        raise InputError(f"there is no device {name!r} here: use auto or cpu.")
    return device


def visible_devices() -> list[str]:
    """CUDA devices that this process may use.

    Returns
    -------
    list of str
        Each as the variable CUDA_VISIBLE_DEVICES names it.
    """
    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [str(index) for index in range(count)] if named is None else named.split(",")[:count]


def pays_to_compile(device: torch.device, steps: int) -> bool:
    """Whether `torch.compile` saves more time than it takes.

    Parameters
    ----------
    device : torch.device
        Where the work runs.
    steps : int
        Of the whole training.

    Returns
    -------
    bool
        On CUDA from 4000 steps on: for large pairs of networks compiling took 26 to 74 s and saved
        16 to 40 ms a step (docs/gpu.md). It depends on the plan alone, since it decides rounding.
    """
    return device.type == "cuda" and steps >= 4000


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 products on CUDA; nothing on the CPU, where they are far slower.

    Parameters
    ----------
    device : torch.device
        Where the work runs.

    Returns
    -------
    context manager
    """
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()
