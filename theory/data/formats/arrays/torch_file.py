"""Tensors that torch saved, read without torch: nothing of the file is ever run.

A file of torch is an archive of storages beside a pickle that says how tensors lie in them. The
pickle is read with stand-ins for the few functions that describe tensors; any other name in it is
refused, so that a hostile file costs no import and no memory.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import choose
from convergen.theory.data.contents import Array
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register

_DAMAGE = (OSError, ValueError, TypeError, EOFError, RuntimeError, KeyError, AttributeError,
           IndexError, MemoryError, OverflowError, struct.error, zipfile.BadZipFile,
           pickle.UnpicklingError)  # fmt: skip
# Bytes of the words around the tensors, and how deep and how many tensors are looked for.
_LARGEST_WORDS, _DEEPEST, _MOST = 2**24, 3, 1000
# Types of numbers, by the names of storages and of types; bfloat16 is the upper half of float32.
_BFLOAT = "bfloat16"
_STORAGES = {
    "DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "BFloat16Storage": _BFLOAT,
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1",
    "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip
_TYPES = {
    "float64": "f8", "float32": "f4", "float16": "f2", "bfloat16": _BFLOAT, "int64": "i8",
    "int32": "i4", "int16": "i2", "int8": "i1", "uint64": "u8", "uint32": "u4", "uint16": "u2",
    "uint8": "u1", "bool": "?",
}  # fmt: skip
_UTILITIES = "torch._utils"
_LOCAL_HEADER, _LOCAL_NAMES = 30, 26


@dataclass(frozen=True)
class _Name:
    """A type of numbers or of storages, as the pickle calls it."""

    word: str


@dataclass(frozen=True)
class _Storage:
    """Numbers in the archive: which member, and the type that its kind of storage says."""

    key: str
    kind: str


@dataclass(frozen=True)
class _Tensor:
    """How a tensor lies in its storage, in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str


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
    """
    name = printable(path)
    _check_archive(path, name, regular_file(path).st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {each.partition("/")[2]: each for each in archive.namelist()}
            saved = _Words(BytesIO(archive.read(members["data.pkl"]))).load()
            tensors = dict(_tensors(saved))
            chosen = choose(tensors, key, name, "tensor")
            order = archive.read(members["byteorder"]) if "byteorder" in members else b"little"
            found = tensors[chosen]
            storage = archive.getinfo(members[f"data/{found.storage.key}"])
            return Array(_mapped(path, found, storage, ">" if order == b"big" else "<", name,
                                 chosen))  # fmt: skip
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{name} cannot be read as tensors ({_first_sentence(error)}): save the tensor alone "
            "with torch.save, or as .npy."
        ) from error


class _Words(pickle.Unpickler):
    """Reads descriptions of tensors, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Stand-in for what a file may name."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch", "Size"):
            return tuple
        if module == _UTILITIES and name in _BUILDERS:
            return _BUILDERS[name]
        if module in ("torch", "torch.storage") and (
            name.endswith("Storage") or name in _TYPES or name[:5] in ("float", "compl", "quint")
        ):
            return _Name(name)
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage beside the pickle: ("storage", kind, key, device, count)."""
        _, kind, key, *_ = pid
        return _Storage(str(key), kind.word)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _tensor_of_type(storage, offset, shape, strides, None, None, None)


def _tensor_of_type(
    storage: Any, offset: Any, shape: Any, strides: Any, _grad: Any, _hooks: Any, dtype: Any,
    *_: Any,
) -> _Tensor:  # fmt: skip
    word = storage.kind if dtype is None else dtype.word
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor has no storage")
    whole = [int(offset)], map(int, shape), map(int, strides)
    (start,), sizes, steps = (tuple(each) for each in whole)
    return _Tensor(storage, start, sizes, steps, word)


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


# By the names that torch gives them, in torch._utils.
_BUILDERS = {
    "_rebuild_tensor_v2": _tensor, "_rebuild_tensor_v3": _tensor_of_type,
    "_rebuild_parameter": _parameter,
}  # fmt: skip


def _mapped(
    path: Path, tensor: _Tensor, member: zipfile.ZipInfo, order: str, name: str, where: str
) -> NDArray[Any]:
    """Numbers of a tensor; float32 where NumPy has no such type."""
    shape = tensor.shape
    kind = _STORAGES.get(tensor.dtype) or _TYPES.get(tensor.dtype)
    if kind is None or prod(shape) <= 0:
        raise InputError(
            f"{where} of {name} is a tensor of {tensor.dtype} and shape {shape}, but dense real "
            "numbers are needed: convert it first."
        )
    dtype = np.dtype(order + ("u2" if kind == _BFLOAT else kind))
    stored = member.file_size // dtype.itemsize
    last = tensor.offset + sum(
        (size - 1) * step for size, step in zip(shape, tensor.strides, strict=True)
    )
    sound = tensor.offset >= 0 and min(tensor.strides, default=0) >= 0 and min(shape) > 0
    if not sound or last >= stored or prod(shape) > stored:
        raise InputError(
            f"{where} of {name} declares shape {shape}, but stores fewer numbers: save a "
            "contiguous tensor."
        )
    with path.open("rb") as file:
        file.seek(member.header_offset + _LOCAL_NAMES)
        names = sum(struct.unpack("<HH", file.read(4)))
    start = member.header_offset + _LOCAL_HEADER + names
    numbers = np.memmap(path, dtype, "r", start, (stored,))
    steps = [step * dtype.itemsize for step in tensor.strides]
    rows = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], shape, steps, writeable=False)
    if kind != _BFLOAT:
        return rows
    return (rows.astype(np.uint32) << np.uint32(16)).view(np.float32)


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


def _tensors(saved: Any, where: str = "", depth: int = 0) -> Iterator[tuple[str, _Tensor]]:
    """Tensors of two or more dimensions by name, in nested dictionaries and lists."""
    if isinstance(saved, _Tensor):
        if len(saved.shape) >= 2:
            yield where or "tensor", saved
    elif depth <= _DEEPEST and isinstance(saved, Mapping | list | tuple):
        pairs = saved.items() if isinstance(saved, Mapping) else enumerate(saved)
        for count, (part, value) in enumerate(pairs):
            if count == _MOST:
                return
            yield from _tensors(value, f"{where}.{part}" if where else str(part), depth + 1)


def _first_sentence(error: BaseException) -> str:
    return reason(error).partition(". ")[0]


register(Format("torch", (".pt", ".pth"), "one of its tensors", open_torch, key="a tensor"))
