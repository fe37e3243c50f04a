"""The kernel regime as a theory of a dense network: as many copies as its budget pays for."""

from __future__ import annotations

import logging
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit
from convergen.theory.networks.wide.kernel_regression import IMAGES_PER_COPY, KernelRegression

logger = logging.getLogger(__name__)

# Copies beyond which more are not drawn: a level costs their cube.
MOST_COPIES = 2000


class KernelRegime:
    """Regression with the tangent kernel, for every budget.

    Build it with `fit`.

    Parameters
    ----------
    points : ndarray, shape (n, *shape)
        Training points.
    seed : int
        Of the noise of the copies.
    """

    def __init__(self, points: NDArray[Any], seed: int) -> None:
        self._points, self._seed = points, seed

    @classmethod
    def fit(cls, data: ArrayLike, rng: np.random.Generator, orbit: Orbit = NO_ORBIT) -> Self:
        """Take the training points; levels are fitted when they are asked for.

        Parameters
        ----------
        data : array_like, shape (n, *shape)
            Training points of about unit variance, centred by the caller.
        rng : numpy.random.Generator
            Draws the seed of the noise of the copies.
        orbit : Orbit
            A dense network has none.

        Returns
        -------
        KernelRegime

        Raises
        ------
        InputError
            If the network has a symmetry.
        """
        if not orbit.trivial:
            raise InputError(f"a dense network has no symmetry, but {orbit.words()} was given.")
        return cls(np.asarray(data), int(rng.integers(2**31)))

    def trained(self, copies: float) -> KernelRegression:
        """The denoiser after a budget.

        Parameters
        ----------
        copies : float
            N, noised copies at each noise level that the budget pays for; at most 2000 are drawn.

        Returns
        -------
        KernelRegression
        """
        if copies > MOST_COPIES:
            logger.warning(
                "warning: the budget asks for %.0f noised copies at each noise level, and %d are "
                "drawn: for such a budget convergence is predicted too early.",
                copies, MOST_COPIES,
            )  # fmt: skip
        drawn = max(1.0, min(copies, MOST_COPIES))
        return KernelRegression(self._points, images=IMAGES_PER_COPY * drawn, seed=self._seed)
