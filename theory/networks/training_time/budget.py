"""What a training budget suffices for: the points it memorises, and the share that is copied.

A budget of s learning-rate-weighted images (`clock.weighted_images`) of a network that needs c of
them a point memorises N = s/c points. Everything here is a function of N/n; c is calibrated
elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_positive
from convergen.theory.denoisers.protocol import Array, Denoiser

# Exponent p of the share; chosen on the digits alone.
POWER = 1.2


def generalising_share(memorised: ArrayLike, samples: ArrayLike, power: float = POWER) -> Any:
    """Share G of the generaliser in a network, the rest being the empirical score.

    Parameters
    ----------
    memorised : array_like
        N = s/c, points that the budget suffices to memorise.
    samples : array_like
        Training points n.
    power : float
        p.

    Returns
    -------
    ndarray
        exp(−(N/n)^p).
    """
    ratio = np.asarray(memorised, np.float64) / np.asarray(samples, np.float64)
    return np.exp(-(ratio**power))


def memorised_points(share: ArrayLike, samples: ArrayLike, power: float = POWER) -> FloatArray:
    """Inverse of `generalising_share`.

    Parameters
    ----------
    share : array_like
        G, above 0 and at most 1.
    samples : array_like
        Training points n.
    power : float
        p.

    Returns
    -------
    ndarray
        N = n (−log G)^{1/p}.
    """
    given = as_positive(share, "share")
    return np.asarray(np.asarray(samples) * (-np.log(given)) ** (1.0 / power))


class SharedDenoiser:
    """G D_gen + (1 − G) D_emp: a network on its way from generaliser to memoriser.

    Parameters
    ----------
    generaliser, memoriser : Denoiser
        The two ends.
    share : float
        G in [0, 1].

    Raises
    ------
    InputError
        If the share is not in [0, 1].
    """

    def __init__(self, generaliser: Denoiser, memoriser: Denoiser, share: float) -> None:
        if not 0.0 <= share <= 1.0:
            raise InputError(f"a share lies between 0 and 1, not at {share:g}.")
        self.generaliser, self.memoriser, self.share = generaliser, memoriser, float(share)

    def __call__(self, x: Array, sigma: ArrayLike, /) -> Array:
        """Denoise.

        Parameters
        ----------
        x : ndarray, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        ndarray, shape of `x`
        """
        # An end alone is asked where the other does not count.
        if self.share == 1.0:
            return self.generaliser(x, sigma)
        memory = self.memoriser(x, sigma)
        if self.share == 0.0:
            return memory
        return np.asarray(memory + self.share * (self.generaliser(x, sigma) - memory))
