"""How a model is trained and how noise is weighted, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convergen.theory.common.checks import (
    InputError,
    as_count,
    as_nonnegative,
    as_number,
    as_positive,
)

if TYPE_CHECKING:
    from torch import Tensor

_WEIGHTINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "edm": lambda sigma: 1.0 + sigma**-2,
    "plain": lambda sigma: sigma**0,
}


@dataclass(frozen=True)
class TrainingSettings:
    """Budget, optimiser and noise of a training run.

    Attributes
    ----------
    images : int
        Budget of each model in images seen; rounded up to whole batches.
    batch : int
        Images of one step.
    learning_rate : float
        Largest step of Adam; reached after a warm-up of 2 % of the budget.
    schedule : {'cosine', 'constant'}
        What the learning rate does after the warm-up; the cosine ends at 0.
    weight_decay : float
        Above 0 the optimiser is AdamW.
    sigma_min, sigma_max : float
        Range of noise levels, log-uniform, in units of the data's standard deviation.
    weighting : {'edm', 'plain'}
        Weight of the squared error at σ: (1 + σ²)/σ², which makes all levels matter alike
        (arXiv:2206.00364), or 1.
    ema : float
        Mean age of the parameters in the average that is measured, as a fraction of the run so
        far; 0 measures the parameters themselves. A long average hides memorisation.
    snapshots : int
        Points of a log grid in images seen at which the model is measured on the way.
    """

    images: int = 64_000
    batch: int = 32
    learning_rate: float = 4e-3
    schedule: str = "cosine"
    weight_decay: float = 0.0
    sigma_min: float = 0.05
    sigma_max: float = 20.0
    weighting: str = "edm"
    ema: float = 0.03
    snapshots: int = 0

    def __post_init__(self) -> None:
        batch = as_count(self.batch, "batch")
        steps = math.ceil(as_count(self.images, "images") / batch)
        checked = {
            "batch": batch,
            "images": steps * batch,
            "snapshots": as_count(self.snapshots, "snapshots", 0),
            "weight_decay": as_nonnegative(self.weight_decay, "weight_decay"),
            "ema": as_nonnegative(self.ema, "ema"),
        }
        for name in ("learning_rate", "sigma_min", "sigma_max"):
            checked[name] = as_number(as_positive(getattr(self, name), name), name)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.sigma_min >= self.sigma_max:
            raise InputError(
                f"sigma_min = {self.sigma_min:g} and sigma_max = {self.sigma_max:g} must satisfy "
                "0 < sigma_min < sigma_max."
            )
        if self.ema >= 0.5:
            raise InputError(f"ema must be below 0.5, but {self.ema:g} was given: use 0.03.")
        for name, allowed in (
            ("schedule", ("cosine", "constant")),
            ("weighting", tuple(_WEIGHTINGS)),
        ):
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} {getattr(self, name)!r} is unknown: choose from {', '.join(allowed)}."
                )

    @property
    def report_images(self) -> int:
        """Images between two reports: about a hundred reports a run."""
        steps = self.images // self.batch
        return self.batch * max(1, steps // 100)

    def snapshot_grid(self) -> list[int]:
        """Images seen at which the model is measured on the way.

        Returns
        -------
        list of int
            Ascending, whole batches, the end of the run excluded.
        """
        steps = self.images // self.batch
        grid = np.geomspace(1.0, steps, self.snapshots + 2)[1:-1]
        return sorted({int(step) * self.batch for step in np.round(grid) if step < steps})

    def learning_rate_at(self, images: int) -> float:
        """Step size after some images.

        Parameters
        ----------
        images : int
            Images seen.

        Returns
        -------
        float
        """
        time = (images + self.batch) / self.images
        warm = min(1.0, time / 0.02)
        if self.schedule == "constant":
            return self.learning_rate * warm
        return self.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * images / self.images))

    def average_weight(self, images: int) -> float:
        """Weight that the average keeps at a step.

        Parameters
        ----------
        images : int
            Images seen, the step included.

        Returns
        -------
        float
            (1 − 1/t)^{γ+1} for step t, which weights the past like t^γ (arXiv:2312.02696,
            equation 2), with γ + 2 = 1/ema so that the mean age is ema · t.
        """
        if self.ema == 0.0:
            return 0.0
        return (1.0 - self.batch / images) ** (1.0 / self.ema - 1.0)

    def weight(self, sigma: Tensor) -> Tensor:
        """Weight of the squared error.

        Parameters
        ----------
        sigma : Tensor
            Noise levels.

        Returns
        -------
        Tensor, shape of `sigma`
        """
        return _WEIGHTINGS[self.weighting](sigma)
