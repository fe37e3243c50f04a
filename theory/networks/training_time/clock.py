"""Training time: images seen, each weighed by the learning rate at which it was seen.

Networks of different budgets agree in it better than in plain images: at the end of a schedule that
falls to zero nothing is learnt any more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_finite, as_number, as_positive

Clock = Callable[[FloatArray], FloatArray]

# Of the share t/T of the budget, in units of the budget T.
_CLOCKS: dict[str, Clock] = {
    "cosine": lambda share: 0.5 * (share + np.sin(np.pi * share) / np.pi),
    "constant": lambda share: share,
}


def weighted_images(images: ArrayLike, budget: float, schedule: str = "cosine") -> FloatArray:
    """Images seen, each weighed by the learning rate at that time over its largest.

    Parameters
    ----------
    images : array_like
        Images seen so far, at most `budget`.
    budget : float
        Images of the whole run.
    schedule : {'cosine', 'constant'}
        What the learning rate does; the warm-up is left out.

    Returns
    -------
    ndarray
        s; for a cosine ½(t + (T/π) sin(πt/T)), half the budget at its end.

    Raises
    ------
    InputError
        If the schedule is unknown, or more images were seen than the run has.
    """
    clock, whole = _clock(schedule), as_number(as_positive(budget, "budget"), "budget")
    seen = as_finite(images, "images")
    if np.any((seen < 0.0) | (seen > whole)):
        raise InputError(f"images seen lie between 0 and the budget {whole:g}, not at {seen}.")
    return whole * clock(seen / whole)


def images_for(weighted: ArrayLike, budget: float, schedule: str = "cosine") -> FloatArray:
    """Images after which the weighted images are as many as given: the inverse.

    Parameters
    ----------
    weighted : array_like
        s.
    budget : float
        Images of the whole run.
    schedule : {'cosine', 'constant'}
        What the learning rate does.

    Returns
    -------
    ndarray
        Infinite where the run ends before.
    """
    clock, whole = _clock(schedule), as_number(as_positive(budget, "budget"), "budget")
    wanted = np.asarray(weighted, np.float64) / whole
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    for _ in range(60):  # to the last bit: clocks rise
        middle = 0.5 * (low + high)
        early = clock(middle) < wanted
        low, high = np.where(early, middle, low), np.where(early, high, middle)
    ends = clock(np.ones(())) * (1.0 + 1e-12)
    return np.where(wanted <= ends, whole * high, np.inf)


def budget_of(weighted: ArrayLike, schedule: str = "cosine") -> FloatArray:
    """Images of a whole run of so many weighted images.

    Parameters
    ----------
    weighted : array_like
        s at the end of the run.
    schedule : {'cosine', 'constant'}
        What the learning rate does.

    Returns
    -------
    ndarray
        T.
    """
    return np.asarray(weighted, np.float64) / _clock(schedule)(np.ones(()))


def _clock(schedule: str) -> Clock:
    if schedule not in _CLOCKS:
        raise InputError(f"schedule {schedule!r} is unknown: choose from {', '.join(_CLOCKS)}.")
    return _CLOCKS[schedule]
