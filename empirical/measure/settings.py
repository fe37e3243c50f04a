"""How trained models are sampled and measured, checked once."""

from __future__ import annotations

from dataclasses import dataclass

from convergen.empirical.common.settings import check_settings, documented, setting
from convergen.theory.sources.options import NUMBERS, WHOLE


@documented
@dataclass(frozen=True)
class MeasureSettings:
    """How models are sampled and measured.

    Examples
    --------
    >>> from convergen.empirical import MeasureSettings
    >>> MeasureSettings(draws=64).sigmas
    (0.1, 0.3, 1.0, 3.0)
    """

    draws: int = setting(
        WHOLE, "shared seeds of the noise from which each model generates", 256, least=2, most=10**7
    )
    steps: int = setting(
        WHOLE,
        "Heun steps of the sampler, over the noise range of the training",
        18,
        least=2,
        most=10**5,
    )
    sigmas: tuple[float, ...] = setting(
        NUMBERS,
        "noise levels of the denoising errors, in standard deviations of the data",
        (0.1, 0.3, 1.0, 3.0),
        least=1e-4,
        most=1e4,
    )
    factors: int = setting(
        WHOLE, "leading latent factors that are followed", 5, least=1, most=10**6
    )
    error_points: int = setting(
        WHOLE, "points on which denoising errors are averaged, at most", 256, least=2, most=10**7
    )
    pictures: int = setting(
        WHOLE, "generated points kept beside their nearest training point", 8, least=0, most=10**6
    )
    projections: int = setting(
        WHOLE, "random directions of the sliced Wasserstein distance", 128, least=1, most=10**6
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self, "measure")
