"""How networks are trained together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.common.devices import choose_device
from convergen.empirical.models.by_name import untrained
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Member, Trainer
from convergen.theory.common.checks import as_count


def batched_is_faster(
    model: Mapping[str, Any],
    points: NDArray[np.float32],
    members: int,
    settings: TrainingSettings,
    device: str = "auto",
    clock: Callable[[], float] = time.perf_counter,
) -> bool:
    """Measure whether networks train faster as one batch than one after the other.

    Parameters
    ----------
    model : mapping
        A network.
    points : ndarray of float32, shape (N, *shape)
        Data.
    members : int
        How many networks there are.
    settings : TrainingSettings
        Batch and noise.
    device : str
        As `choose_device`.
    clock : callable
        Seconds.

    Returns
    -------
    bool
    """
    few = np.asarray(points[: as_count(min(len(points), 64), "points")])
    where = choose_device(device)
    one = Member(np.arange(len(few)), seed=0)

    def seconds(batched: bool) -> float:
        models = untrained(model, few.shape[1:], range(members), device=where, batched=batched)
        short = replace(settings, images=settings.batch * 8, snapshots=0)
        steps = Trainer(models, few, [one] * members, short).run()
        times = []
        for _ in range(8):
            start = clock()
            next(steps)
            times.append(clock() - start)
        # The first steps warm caches up.
        return min(times[2:])

    return seconds(True) < seconds(False)
