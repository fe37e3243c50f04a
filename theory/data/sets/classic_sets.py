"""Image sets that torchvision unpacks to disk, read from its folders without it: MNIST and CIFAR.

Pickled batches are read with stand-ins for the few functions that make an array of bytes; any other
name in one is refused.
"""

from __future__ import annotations

import gzip
import pickle
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import printable, reason, regular_file

if TYPE_CHECKING:
    from PIL import Image

_DAMAGE = (OSError, ValueError, TypeError, EOFError, KeyError, AttributeError, IndexError,
           MemoryError, struct.error, zlib.error, pickle.UnpicklingError)  # fmt: skip
_SIDE, _CHANNELS = 32, 3
# No file of these sets is larger, packed or not.
_LARGEST = 2**28
# Files of images in the format of MNIST begin with it: bytes, three dimensions.
_MAGIC = 0x803


@dataclass(frozen=True)
class ClassicSet:
    """Images with their classes, as torchvision gives them.

    Attributes
    ----------
    images : ndarray of uint8, shape (N, height, width) or (N, height, width, 3)
        Pixels.
    files : tuple of Path
        Where they come from.
    """

    images: NDArray[np.uint8]
    files: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> tuple[Image.Image, None]:
        """An image, and nothing in the place of its class."""
        from PIL import Image

        return Image.fromarray(self.images[number]), None


def classic_set(root: Path, name: str, *, train: bool) -> ClassicSet | None:
    """Find one of these sets in the folder that torchvision was given.

    Parameters
    ----------
    root : Path
        The folder: ``MNIST/raw`` or ``cifar-10-batches-py`` lies in it.
    name : str
        Class in ``torchvision.datasets``.
    train : bool
        Training part, else the test part.

    Returns
    -------
    ClassicSet or None
        None if it is another set, or not there.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    if name in ("MNIST", "FashionMNIST", "KMNIST", "QMNIST"):
        stem = f"{'train' if train else 't10k'}-images-idx3-ubyte"
        found = [root / name / "raw" / f"{stem}{ending}" for ending in ("", ".gz")]
        file = next((each for each in found if each.is_file()), None)
        return None if file is None else ClassicSet(_guarded(_idx, file), (file,))
    if name in _BATCHES:
        folder, training, test = _BATCHES[name]
        files = tuple(root / folder / each for each in (training if train else test))
        if not all(file.is_file() for file in files):
            return None
        return ClassicSet(np.concatenate([_guarded(_batch, file) for file in files]), files)
    return None


_BATCHES = {
    "CIFAR10": (
        "cifar-10-batches-py", [f"data_batch_{number}" for number in range(1, 6)], ["test_batch"]
    ),
    "CIFAR100": ("cifar-100-python", ["train"], ["test"]),
}  # fmt: skip


def _guarded(read: Any, file: Path) -> NDArray[np.uint8]:
    try:
        if regular_file(file).st_size > _LARGEST:
            raise ValueError("it is larger than any of this set")
        return np.asarray(read(file))
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{printable(file)} cannot be read as images of this set ({reason(error)}): download "
            "it again."
        ) from error


def _idx(file: Path) -> NDArray[np.uint8]:
    """MNIST's format: a magic number, count, height and width, all big-endian, then bytes."""
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        content = opened.read(_LARGEST)
    magic, count, height, width = struct.unpack(">4I", content[:16])
    if magic != _MAGIC or count * height * width != len(content) - 16 or not count:
        raise ValueError("its size is not the one that it declares")
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height, width)


def _batch(file: Path) -> NDArray[np.uint8]:
    """A pickled dictionary whose entry ``data`` holds rows of 3 × 32 × 32 bytes."""
    found = _Bytes(BytesIO(file.read_bytes()), encoding="latin1").load()
    rows = np.asarray(found["data"])
    if rows.dtype != np.uint8 or rows.ndim != 2 or not len(rows):
        raise ValueError("it holds no rows of bytes")
    pictures = rows.reshape(len(rows), _CHANNELS, _SIDE, _SIDE)
    return np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))


class _Rows:
    """Stands in for an array while it is unpickled."""

    def __init__(self) -> None:
        self.values: NDArray[np.uint8] = np.empty(0, np.uint8)

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, content = state
        if kind != "u1" or fortran:
            raise pickle.UnpicklingError("it holds an array of other numbers than bytes")
        raw = content.encode("latin1") if isinstance(content, str) else content
        self.values = np.frombuffer(raw, np.uint8).reshape(shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.values, dtype)


class _Kind(str):
    """Stands in for a type of numbers: its name."""

    def __setstate__(self, state: Any) -> None:
        """The state of plain types says nothing more."""


def _rows(*_: Any) -> _Rows:
    return _Rows()


def _kind(word: str, *_: Any) -> _Kind:
    return _Kind(word)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it holds text in {encoding}")
    return text.encode("latin1")


class _Bytes(pickle.Unpickler):
    """Reads dictionaries, lists and arrays of bytes."""

    def find_class(self, module: str, name: str) -> Any:
        """Stand-in for what a batch may name."""
        if module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray"):
            known = {"_reconstruct": _rows, "ndarray": _Rows, "dtype": _kind}
            if name in known:
                return known[name]
        if (module, name) == ("_codecs", "encode"):
            return _encode
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no image")
