"""Everything that is measured on a set of models trained on disjoint halves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from theory.samplers import sample

if TYPE_CHECKING:
    from theory.denoiser import Denoiser

Array = NDArray[Any]
SIDES = ("a", "b")


def shared_noise(draws: int, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Seeds of the generation, the same for every model of an experiment's seed.

    Parameters
    ----------
    draws : int
        How many.
    shape : tuple of int
        Shape of one point.
    seed : int
        Seed of the experiment.

    Returns
    -------
    ndarray of float32, shape (draws, *shape)
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    return rng.standard_normal((draws, *shape)).astype(np.float32)


def generate(
    denoisers: Denoiser, members: int, noise: NDArray[np.float32], sigmas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Samples of all models from the same seeds.

    Parameters
    ----------
    denoisers : Denoiser
        All members as one.
    members : int
        How many, M.
    noise : ndarray, shape (draws, *shape)
        Seeds.
    sigmas : ndarray
        Schedule.

    Returns
    -------
    ndarray of float64, shape (M, draws, d)
    """
    start = np.concatenate([noise] * members)
    points = sample(denoisers, start, sigmas=sigmas).points
    return points.astype(np.float64).reshape(members, len(noise), -1)


def truth_samples(
    truth: Denoiser, noise: NDArray[np.float32], sigmas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the true model makes of the seeds, on the same schedule.

    Parameters
    ----------
    truth : Denoiser
        Exact denoiser of the population.
    noise : ndarray, shape (draws, *shape)
        Seeds.
    sigmas : ndarray
        Schedule.

    Returns
    -------
    ndarray of float64, shape (draws, d)
    """
    return generate(truth, 1, noise, sigmas)[0]


def pair_up(values: Sequence[Any] | Array, samples: Sequence[int]) -> Array:
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
