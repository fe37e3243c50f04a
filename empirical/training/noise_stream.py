"""The noise of training: a function of (seed, images seen), so that a resumed run repeats it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Batch(NamedTuple):
    """What one member sees in one step.

    Attributes
    ----------
    rows : Tensor of int64, shape (batch,)
        Positions in its training set, drawn with replacement.
    sigma : Tensor, shape (batch,)
        Noise levels, log-uniform, one in each of `batch` equal parts of the range.
    noise : Tensor, shape (batch, *shape)
        Standard normal.
    """

    rows: Tensor
    sigma: Tensor
    noise: Tensor


def generator(seed: int, *key: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Generator of an independent stream.

    Parameters
    ----------
    seed : int
        Seed of the experiment.
    *key : int
        Which stream, e.g. the images seen so far.
    device : torch.device or str
        Where its numbers are wanted.

    Returns
    -------
    torch.Generator
    """
    result = torch.Generator(device)
    result.manual_seed(stream_seed(seed, *key))
    return result


def stream_seed(seed: int, *key: int) -> int:
    """Seed of an independent stream.

    Parameters
    ----------
    seed : int
        Seed of the experiment.
    *key : int
        Which stream.

    Returns
    -------
    int
        Below 2^63.
    """
    state = np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)
    return int(state.item()) >> 1


def log_uniform(count: int, low: float, high: float, source: torch.Generator) -> Tensor:
    """Stratified noise levels.

    Parameters
    ----------
    count : int
        How many.
    low, high : float
        Range, 0 < low < high.
    source : torch.Generator
        Random numbers.

    Returns
    -------
    Tensor, shape (count,)
        Ascending.
    """
    u = torch.rand(count, generator=source, device=source.device)
    place = (torch.arange(count, device=source.device) + u) / count
    return low * torch.exp(place * math.log(high / low))


def training_batch(
    seed: int,
    images: int,
    *,
    rows: int,
    batch: int,
    shape: tuple[int, ...],
    sigma: tuple[float, float],
    device: torch.device | str = "cpu",
) -> Batch:
    """What a member with this seed sees after `images` images.

    Parameters
    ----------
    seed : int
        Seed of the member.
    images : int
        Images it has seen.
    rows : int
        Size of its training set.
    batch : int
        Images of this step.
    shape : tuple of int
        Shape of one image.
    sigma : (float, float)
        Range of noise levels.
    device : torch.device or str
        Where the numbers are wanted; the streams of CPU and CUDA differ.

    Returns
    -------
    Batch
    """
    source = generator(seed, images, device=device)
    return Batch(
        torch.randint(rows, (batch,), generator=source, device=source.device),
        log_uniform(batch, *sigma, source),
        torch.randn(batch, *shape, generator=source, device=source.device),
    )
