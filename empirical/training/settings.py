"""How a model is trained and how noise is weighted, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.common.settings import check_settings, documented, setting
from convergen.empirical.training.optimisers import RULES
from convergen.theory.common.checks import InputError
from convergen.theory.sources.options import NUMBER, TEXT, TRUTH, WHOLE

if TYPE_CHECKING:
    from torch import Tensor

_WEIGHTINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "edm": lambda sigma: 1.0 + sigma**-2,
    "plain": lambda sigma: sigma**0,
}


@documented
@dataclass(frozen=True)
class TrainingSettings:
    """Budget, optimiser and noise of a training run.

    Notes
    -----
    The weighting ``edm`` of the squared error at σ is (1 + σ²)/σ², which makes all levels matter
    alike (arXiv:2206.00364). A long average of the parameters hides memorisation.

    Examples
    --------
    >>> from convergen.empirical import TrainingSettings
    >>> TrainingSettings(images=6400).steps
    200
    """

    images: int = setting(
        WHOLE,
        "budget of each model in images seen, rounded up to whole batches",
        64_000,
        least=1,
        most=2**53,
    )
    batch: int = setting(WHOLE, "images of one step", 32, least=1, most=2**24)
    optimizer: str = setting(
        TEXT,
        "; ".join(f"{name}: {rule.description}" for name, rule in RULES.items()),
        "adamw",
        choices=tuple(RULES),
    )
    learning_rate: float = setting(
        NUMBER,
        "largest step; reached after a warm-up of 2 % of the budget",
        4e-3,
        above=0.0,
        most=100.0,
    )
    schedule: str = setting(
        TEXT,
        "what the learning rate does after the warm-up; the cosine ends at 0",
        "cosine",
        choices=("cosine", "constant"),
    )
    weight_decay: float = setting(NUMBER, "shrinks the parameters", 0.0, least=0.0, most=1e3)
    sigma_min: float = setting(
        NUMBER,
        "smallest noise level, in standard deviations of the data",
        0.05,
        least=1e-4,
        most=1e4,
    )
    sigma_max: float = setting(
        NUMBER, "largest noise level; the levels are log-uniform", 20.0, least=1e-4, most=1e4
    )
    weighting: str = setting(
        TEXT, "weight of the squared error at a noise level", "edm", choices=tuple(_WEIGHTINGS)
    )
    ema: float = setting(
        NUMBER,
        "mean age of the averaged parameters that are measured, as a fraction of the run so far; "
        "0 takes the parameters themselves",
        0.03,
        least=0.0,
        most=0.49,
    )
    snapshots: int = setting(
        WHOLE, "measurements on the way, on a log grid in images seen", 0, least=0, most=1000
    )
    stop_before_copying: bool = setting(
        TRUTH,
        "end at the last snapshot before a network copies more than chance may",
        False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self, "training")
        steps = math.ceil(self.images / self.batch)
        object.__setattr__(self, "images", steps * self.batch)
        if self.sigma_min >= self.sigma_max:
            raise InputError(
                f"training: sigma_min = {self.sigma_min:g} and sigma_max = {self.sigma_max:g} must "
                "satisfy sigma_min < sigma_max."
            )

        if self.stop_before_copying and not self.snapshot_grid():
            raise InputError(
                "training: stop_before_copying looks for copies at the snapshots, but there are "
                "none: set snapshots, such as 16."
            )

    @property
    def steps(self) -> int:
        """Steps of the optimiser."""
        return self.images // self.batch

    @property
    def report_images(self) -> int:
        """Images between two reports: about a hundred reports a run."""
        return self.batch * max(1, self.steps // 100)

    def snapshot_grid(self) -> list[int]:
        """Images seen at which the model is measured on the way.

        Returns
        -------
        list of int
            Ascending, whole batches, the end of the run excluded.
        """
        grid = np.geomspace(1.0, self.steps, self.snapshots + 2)[1:-1]
        return sorted({int(step) * self.batch for step in np.round(grid) if step < self.steps})

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
