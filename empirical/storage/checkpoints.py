"""Checkpoints of a training run: safetensors with JSON beside the numbers, verified on loading."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.storage.checked_files import CorruptFile, read_sealed, write_sealed
from convergen.theory.common.checks import InputError
from convergen.theory.files.seals import EMPTY_SEAL

if TYPE_CHECKING:
    import torch

    Tensors = Mapping[str, torch.Tensor | np.ndarray[Any, Any]]


def save_checkpoint(folder: Path, images: int, tensors: Tensors, meta: Mapping[str, Any]) -> None:
    """Save one checkpoint.

    Parameters
    ----------
    folder : Path
        Where.
    images : int
        Images seen.
    tensors : mapping of Tensor or ndarray
        Numbers.
    meta : mapping
        Anything else, as JSON can hold it; arrays come back as lists.

    Raises
    ------
    InputError
        If `meta` is not JSON.
    StorageError
        If the operating system refuses; older checkpoints are then untouched.
    """
    import torch
    from safetensors.torch import save

    try:
        text = json.dumps({**meta, "images": images}, default=lambda value: value.tolist())
    except (TypeError, AttributeError) as error:
        raise InputError(f"a checkpoint's meta data must be JSON: {error}.") from error
    plain = {name: torch.as_tensor(value).detach().cpu() for name, value in tensors.items()}
    contiguous = {name: value.contiguous() for name, value in plain.items()}
    content = save(contiguous, {"meta": text, "digest": EMPTY_SEAL})
    write_sealed(folder / f"checkpoint-{images:012d}.safetensors", content)


def load_checkpoint(
    folder: Path, report: Callable[[Path, CorruptFile], None]
) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """Load the newest checkpoint that is intact.

    Parameters
    ----------
    folder : Path
        Where.
    report : callable
        Called for each one passed over, which is not what was written.

    Returns
    -------
    tuple or None
        Tensors on the CPU, and the meta data with ``images``; None if there is none.
    """
    from safetensors.torch import load

    for path in reversed(checkpoint_paths(folder)):
        try:
            content = read_sealed(path)
        except CorruptFile as error:
            report(path, error)
            continue
        if content is None:  # removed meanwhile by the process that writes
            continue
        length = int.from_bytes(content[:8], "little")
        meta = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["meta"])
        return load(content), meta
    return None


def keep_newest(folder: Path, count: int) -> None:
    """Delete all checkpoints but the newest.

    Parameters
    ----------
    folder : Path
        Where.
    count : int
        How many to keep.
    """
    for path in checkpoint_paths(folder)[:-count]:
        path.unlink(missing_ok=True)


def checkpoint_paths(folder: Path) -> list[Path]:
    """Checkpoints of a folder.

    Parameters
    ----------
    folder : Path
        Where.

    Returns
    -------
    list of Path
        Oldest first.
    """
    return sorted(folder.glob("checkpoint-*.safetensors"))
