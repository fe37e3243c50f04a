"""What all sections share: where to run, a clock, networks and trainers, rows and failures."""

from __future__ import annotations

import statistics
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convergen.empirical.models.by_name import untrained
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Member, Trainer

Row = dict[str, Any]
Model = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """Where to run, and how much.

    Attributes
    ----------
    device : torch.device
        Where.
    short : bool
        Smaller networks, fewer steps: minutes become seconds.
    deadline : float
        `time.monotonic` after which no row is begun.
    """

    device: torch.device
    short: bool
    deadline: float

    @property
    def cuda(self) -> bool:
        """Whether it is a GPU."""
        return self.device.type == "cuda"

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.deadline


def synchronise(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median time of a call, after the device has done it."""
    times = []
    for _ in range(rounds):
        synchronise(device)
        start = time.perf_counter()
        work()
        synchronise(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def large_networks() -> list[tuple[Model, tuple[int, ...], int]]:
    """Networks that fill a GPU: model, shape of an image, batch."""
    return [
        ({"name": "unet", "size": "base"}, (1, 32, 32), 256),
        ({"name": "conv", "size": "published"}, (1, 80, 80), 128),
    ]


def noise_trainer(
    bench: Bench,
    model: Model,
    shape: tuple[int, ...],
    *,
    members: int,
    batch: int,
    batched: bool,
    compiled: bool = False,
    channels_last: bool = False,
) -> Trainer:
    """A trainer of some models on noise of unit variance."""
    points = np.random.default_rng(0).standard_normal((512, *shape)).astype(np.float32)
    ensemble = untrained(
        model, shape, range(members), device=bench.device, batched=batched, compiled=compiled
    )
    if channels_last:
        ensemble.parameters = {
            name: _channels_last(value.detach()).requires_grad_()
            for name, value in ensemble.parameters.items()
        }
        ensemble.average = {name: _channels_last(v) for name, v in ensemble.average.items()}
    settings = TrainingSettings(images=batch * 10_000, batch=batch)
    sets = [Member(np.arange(512), seed) for seed in range(members)]
    return Trainer(ensemble, points, sets, settings)


def _channels_last(stacked: Tensor) -> Tensor:
    """The same values, each member's kernel with its channels innermost."""
    if stacked.ndim != 5:
        return stacked
    return stacked.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)


def guarded(what: str, work: Callable[[], Row]) -> Row:
    """A row, or what stopped it."""
    try:
        return {"what": what, **work()}
    except Exception as error:
        return {"what": what, **failure(error)}


def failure(error: Exception) -> Row:
    """What went wrong, and where in this package."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if "convergen" in f.filename]
    words = " ".join(str(error).split())[:300]
    return {"failed": f"{type(error).__name__}: {words}", "at": " < ".join(reversed(ours[-4:]))}


def words_of(model: Model, shape: tuple[int, ...]) -> str:
    """A network in a table."""
    size = f" {model['size']}" if "size" in model else ""
    return f"{model['name']}{size}, {'×'.join(map(str, shape))}"
