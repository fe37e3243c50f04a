"""The models of a seed: their random numbers and their training sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.measure.generation import SIDES
from convergen.empirical.training.trainer import Member

if TYPE_CHECKING:
    from convergen.empirical.measure.evaluation_set import Subjects


def initial_seeds(subjects: Subjects, seed: int) -> list[int]:
    """Seeds of the initial parameters.

    Parameters
    ----------
    subjects : Subjects
        Their keys name the models.
    seed : int
        Of the splits.

    Returns
    -------
    list of int
        One for each model.
    """
    return [_seed(seed, n, side, 0) for n, side in subjects.keys]


def members(subjects: Subjects, seed: int) -> list[Member]:
    """Training set and seed of the noise of each model.

    Parameters
    ----------
    subjects : Subjects
        Their keys name the models.
    seed : int
        Of the splits.

    Returns
    -------
    list of Member
    """
    return [
        Member(subjects.rows(m), _seed(seed, n, side, 1))
        for m, (n, side) in enumerate(subjects.keys)
    ]


def _seed(seed: int, n: int, side: str, purpose: int) -> int:
    """Seed of one model: 0 for its initial parameters, 1 for its batches and noise."""
    key = (n, SIDES.index(side), purpose)
    (state,) = np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)
    return int(state >> 1)
