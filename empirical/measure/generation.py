"""Samples of several models from the same seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.denoisers.samplers import sample

SIDES = ("a", "b")


def decorrelated_noise(draws: int, dim: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Seeds whose empirical second moment is exactly the identity.

    What a linear map makes of them then has exactly its own covariance, so that neither overlaps
    nor recovered factors carry the sampling error of the draws. Directions stay uniform.

    Parameters
    ----------
    draws, dim : int
        Shape; fewer draws than dimensions cannot be decorrelated and stay as drawn.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (draws, dim)
        Z (ZᵀZ/draws)^{-1/2} of standard normal Z, the nearest such matrix.
    """
    raw = rng.standard_normal((draws, dim))
    if draws < dim:
        return raw
    left, _, right = np.linalg.svd(raw, full_matrices=False)
    return np.asarray(np.sqrt(draws) * (left @ right))


class SharedNoise(np.random.Generator):
    """Normal numbers that are the same for each of several models in one batch.

    Parameters
    ----------
    source : numpy.random.Generator
        Of the numbers.
    models : int
        How many, one after the other along the first axis.
    """

    def __init__(self, source: np.random.Generator, models: int) -> None:
        super().__init__(source.bit_generator)
        self._models = models

    def standard_normal(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        """Numbers for one model, repeated for all."""
        own = super().standard_normal((size[0] // self._models, *size[1:]), dtype, out)
        return np.concatenate([own] * self._models)


def generate(
    denoisers: Denoiser,
    members: int,
    noise: NDArray[np.float32],
    schedule: NDArray[np.float64],
    ascent: Mapping[str, Any] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Samples of several models from the same seeds.

    Parameters
    ----------
    denoisers : Denoiser
        All members as one, the points of the first member first.
    members : int
        How many, M.
    noise : ndarray, shape (draws, *shape)
        Seeds.
    schedule : ndarray
        Noise levels, descending.
    ascent : mapping, optional
        Options of the sampler ``blind``, for models that do not see the noise level; the noise on
        the way is the same for all members. None for the probability flow, which has none.

    Returns
    -------
    points : ndarray of float64, shape (M, draws, d)
        Where sampling ended.
    ran_away : ndarray of bool, shape (M,)
        Members whose points grew far beyond data and noise; theirs are no samples.
    """
    start = np.concatenate([noise] * members)
    how: dict[str, Any] = {}
    if ascent is not None:
        source = SharedNoise(ascent["rng"], members)
        how = {**ascent, "method": "blind", "rng": source, "models": members}
    found = sample(denoisers, start, sigmas=schedule, **how)
    points = found.points.astype(np.float64).reshape(members, len(noise), -1)
    return points, np.zeros(members, bool) if found.ran_away is None else found.ran_away


def pair_up(values: Sequence[Any] | NDArray[Any], samples: Sequence[int]) -> NDArray[Any]:
    """Reshape one value per member to (samples, side, …).

    Parameters
    ----------
    values : sequence, length 2 · len(samples)
        Members in the order n₁a, n₁b, n₂a, …
    samples : sequence of int
        The n.

    Returns
    -------
    ndarray, shape (len(samples), 2, …)
    """
    array = np.asarray(values)
    return array.reshape(len(samples), len(SIDES), *array.shape[1:])
