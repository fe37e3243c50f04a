"""Tensors in the format of safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import LARGEST, choose
from convergen.theory.data.contents import Array
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register
from convergen.theory.messages.sizes import size_words


def open_safetensors(path: Path, key: str | None = None) -> Array:
    """Read one tensor.

    Parameters
    ----------
    path : Path
        The file.
    key : str, optional
        Name of the tensor, if several of two or more dimensions are there.

    Returns
    -------
    Array

    Raises
    ------
    InputError
        If it is damaged or too large, or the key is missing or unknown.
    ModuleNotFoundError
        If safetensors is missing, or torch for types that NumPy does not have.
    """
    from safetensors import SafetensorError, safe_open

    name, size = printable(path), regular_file(path).st_size
    try:
        with safe_open(path, framework="np") as file:
            shapes = {each: file.get_slice(each) for each in file.keys()}  # noqa: SIM118
            points = [each for each, found in shapes.items() if len(found.get_shape()) >= 2]
            chosen = choose(points, key, name, "tensor")
            if size > LARGEST:
                raise InputError(
                    f"{name} has {size_words(size)}, but at most {size_words(LARGEST)} are held "
                    "in memory: save the array with numpy.save."
                )
            if shapes[chosen].get_dtype() in ("F64", "F32", "F16", "BOOL") or (
                shapes[chosen].get_dtype()[0] in "IU"
            ):
                return Array(file.get_tensor(chosen))
        with safe_open(path, framework="pt") as file:
            return Array(_single(file.get_tensor(chosen), name, chosen))
    except InputError:
        raise
    except (OSError, ValueError, TypeError, RuntimeError, MemoryError, SafetensorError) as error:
        raise InputError(
            f"{name} cannot be read as a file of safetensors ({reason(error)}): write it again, or "
            "save the array with numpy.save."
        ) from error


def _single(tensor: Any, name: str, where: str) -> NDArray[np.float32]:
    """Numbers of a tensor of a type that NumPy does not have."""
    if tensor.is_complex() or tensor.numel() == 0:
        raise InputError(
            f"{where} of {name} is a tensor of {tensor.dtype} and shape {tuple(tensor.shape)}, but "
            "real numbers are needed: convert it first."
        )
    return np.asarray(tensor.float().numpy())


register(
    Format(
        "safetensors", (".safetensors",), "one of its tensors", open_safetensors, key="a tensor",
        package="safetensors", extra="empirical",
    )
)  # fmt: skip
