"""How trained models are sampled and measured, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import InputError, as_count, as_positive


@dataclass(frozen=True)
class MeasureSettings:
    """How models are sampled and measured.

    Attributes
    ----------
    draws : int
        Shared seeds of the noise from which each model generates.
    steps : int
        Heun steps of the sampler, over the noise range of the training.
    sigmas : tuple of float
        Noise levels of the denoising errors, in units of the data's standard deviation.
    factors : int
        Leading latent factors that are followed.
    error_points : int
        Points on which denoising errors are averaged, at most.
    pictures : int
        Generated points that are kept beside their nearest training point, at most `draws`.
    projections : int
        Random directions of the sliced Wasserstein distance.
    """

    draws: int = 256
    steps: int = 18
    sigmas: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    factors: int = 5
    error_points: int = 256
    pictures: int = 8
    projections: int = 128

    def __post_init__(self) -> None:
        for name, least in (
            ("draws", 2), ("steps", 2), ("factors", 1), ("error_points", 2), ("pictures", 0),
            ("projections", 1),
        ):  # fmt: skip
            object.__setattr__(self, name, as_count(getattr(self, name), f"measure: {name}", least))
        levels = np.atleast_1d(as_positive(self.sigmas, "measure: sigmas"))
        if levels.ndim != 1:
            raise InputError("measure: sigmas must be a list of numbers, like [0.1, 1.0].")
        object.__setattr__(self, "sigmas", tuple(float(sigma) for sigma in levels))
