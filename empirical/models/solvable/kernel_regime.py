"""A wide fully connected network in the kernel regime: regression with its tangent kernel."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets
from convergen.theory.networks.wide.kernel_regime import MOST_COPIES, KernelRegime
from convergen.theory.networks.wide.kernel_regression import IMAGES_PER_COPY, TIME, KernelRegression
from convergen.theory.sources.options import NUMBER, WHOLE, Option


def fit(sets: TrainingSets, depth: int, time: float, copies: int) -> list[KernelRegression]:
    """Fit to noised copies of each training set, as many as the networks have seen near a level.

    Parameters
    ----------
    sets : TrainingSets
        Points of unit variance; the budget of the networks gives the number of copies, `seed` the
        noise, which differs between sets as it does in training.
    depth : int
        Hidden layers.
    time : float
        Of the ridge.
    copies : int
        At most.

    Returns
    -------
    list of KernelRegression
        A level is fitted when it is first asked for.
    """
    images = min(sets.trained.images, IMAGES_PER_COPY * copies)
    return [
        KernelRegression(
            points, images=images, depth=depth, time=time, seed=noise_seed(sets.seed, points)
        )
        for points in sets.points
    ]


def noise_seed(seed: int, points: NDArray[Any]) -> int:
    """Seed of the noise: that of the fit and the training set, whatever else is fitted beside it.

    Parameters
    ----------
    seed : int
        Of the fit.
    points : ndarray
        Training set.

    Returns
    -------
    int
    """
    known = crc32(np.ascontiguousarray(points).tobytes())
    return int(np.random.SeedSequence([seed, known]).generate_state(1)[0])


SOLVABLE.register(
    SolvableModel(
        name="kernel-regime",
        description="infinitely wide dense network, by regression with its tangent kernel",
        words="wide network (kernel regression)",
        fit=fit,
        line=(0, (5, 1)),
        order=6,
        options=(
            Option("depth", WHOLE, "hidden layers", 3, least=1, most=100),
            Option("time", NUMBER, "training time in units of the kernel", TIME, above=0.0),
            Option(
                "copies", WHOLE,
                "noised copies at each level, one for 50 images seen, at most; above σ = 1 two and "
                "a half times as many; costs their cube",
                MOST_COPIES, least=1, most=100_000,
            ),
        ),
        networks=("mlp",),
        theory=KernelRegime,
        # Half of the images of a cosine count.
        images_each=IMAGES_PER_COPY / 2,
        own_error=(0.05, 0.05, 0.16, 0.40),
        trust="Held against the MLPs that come with the package, q and m were off by 0.03 to 0.06 "
        "on digits and fields of 8 × 8 pixels. On those of 16 × 16 q was off by 0.10: more "
        "coordinates need more noised copies than it takes, so that it converges too early. The "
        "share of copies is too low at small n and the variance of samples too small everywhere. "
        "It fails on patches of photographs, whose networks converge later, and features that move "
        "in training are not in it.",
    )
)  # fmt: skip
