"""Tensors that torch saved; only tensors are unpickled, never other objects."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import choose
from convergen.theory.data.contents import Array
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register

_DAMAGE = (OSError, ValueError, TypeError, EOFError, RuntimeError, KeyError, AttributeError,
           MemoryError, OverflowError, pickle.UnpicklingError)  # fmt: skip
# Bytes of the words around the tensors, and how deep and how many tensors are looked for.
_LARGEST_WORDS, _DEEPEST, _MOST = 2**24, 3, 1000


def open_torch(path: Path, key: str | None = None) -> Array:
    """Map one tensor of a file into memory.

    Parameters
    ----------
    path : Path
        What ``torch.save`` wrote: a tensor, or dictionaries and lists of tensors.
    key : str, optional
        Name of the tensor, with dots between levels, if several have two dimensions
        or more.

    Returns
    -------
    Array

    Raises
    ------
    InputError
        If it is damaged, compressed, of a torch before 1.6, holds more than tensors, or the key is
        missing or unknown.
    ModuleNotFoundError
        If torch is missing.
    """
    name = printable(path)
    _check_archive(path, name, regular_file(path).st_size)
    import torch

    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        tensors = dict(_tensors(saved))
        chosen = choose(tensors, key, name, "tensor")
        return Array(numpy_values(tensors[chosen], name, chosen))
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as tensors ({_first_sentence(error)}): save the tensor alone "
            "with torch.save, or as .npy."
        ) from error


def numpy_values(tensor: Any, name: str, where: str) -> Any:
    """Numbers of a tensor.

    Parameters
    ----------
    tensor : torch.Tensor
        On the CPU.
    name, where : str
        What messages call the file, and the tensor.

    Returns
    -------
    ndarray
        A view; float32 where NumPy has no such type.

    Raises
    ------
    InputError
        If it is sparse, quantised, complex or empty, or larger than what is stored.
    """
    import torch

    real = not (tensor.is_complex() or tensor.is_quantized) and tensor.layout == torch.strided
    if not real or tensor.is_meta or tensor.numel() == 0:
        raise InputError(
            f"{where} of {name} is a {tensor.layout} tensor of {tensor.dtype} and shape "
            f"{tuple(tensor.shape)}, but dense real numbers are needed: convert it first."
        )
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise InputError(
            f"{where} of {name} declares shape {tuple(tensor.shape)}, but stores fewer numbers: "
            "save a contiguous tensor."
        )
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype in _unknown_to_numpy() else tensor).numpy()


def _unknown_to_numpy() -> tuple[Any, ...]:
    import torch

    return tuple(
        getattr(torch, name)
        for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")
        if hasattr(torch, name)
    )


def _check_archive(path: Path, name: str, size: int) -> None:
    """Torch stores its files uncompressed: nothing in one can be larger than the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{name} cannot be read as a file of torch 1.6 or later ({reason(error)}): save it "
            "again with torch.save."
        ) from error
    compressed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
    words = max((info.file_size for info in infos if info.filename.endswith(".pkl")), default=0)
    if compressed or sum(info.file_size for info in infos) > size or words > _LARGEST_WORDS:
        raise InputError(
            f"{name} declares more than it holds, or is compressed, as torch.save never does: save "
            "it again."
        )


def _tensors(saved: Any, where: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Tensors of two or more dimensions by name, in nested dictionaries and lists."""
    import torch

    if isinstance(saved, torch.Tensor):
        if saved.ndim >= 2:
            yield where or "tensor", saved
    elif depth <= _DEEPEST and isinstance(saved, Mapping | list | tuple):
        pairs = saved.items() if isinstance(saved, Mapping) else enumerate(saved)
        for count, (part, value) in enumerate(pairs):
            if count == _MOST:
                return
            yield from _tensors(value, f"{where}.{part}" if where else str(part), depth + 1)


def _first_sentence(error: BaseException) -> str:
    return reason(error).partition(". ")[0]


register(
    Format(
        "torch", (".pt", ".pth"), "one of its tensors", open_torch, key="a tensor",
        package="torch", extra="empirical",
    )
)  # fmt: skip
