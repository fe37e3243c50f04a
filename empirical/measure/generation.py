"""Samples of several models from the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
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


def generate(
    denoisers: Denoiser,
    members: int,
    noise: NDArray[np.float32],
    schedule: NDArray[np.float64],
) -> NDArray[np.float64]:
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

    Returns
    -------
    ndarray of float64, shape (M, draws, d)
    """
    start = np.concatenate([noise] * members)
    points = sample(denoisers, start, sigmas=schedule).points
    return points.astype(np.float64).reshape(members, len(noise), -1)


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
