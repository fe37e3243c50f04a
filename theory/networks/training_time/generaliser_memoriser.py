"""From generaliser to memoriser: the theory of a convolutional network at any budget."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.networks.local.generaliser import Generaliser
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit
from convergen.theory.networks.training_time.budget import POWER, SharedDenoiser, generalising_share


class GeneraliserMemoriser:
    """G D_gen + (1 − G) D_emp, G = exp(−(N/n)^p), for every N.

    Build it with `fit`.

    Attributes
    ----------
    generaliser : Generaliser
        D_gen.
    memoriser : EmpiricalScore
        D_emp, of all images of the training points.
    power : float
        p.
    """

    power = POWER

    def __init__(self, generaliser: Generaliser, memoriser: EmpiricalScore) -> None:
        self.generaliser, self.memoriser = generaliser, memoriser

    @classmethod
    def fit(cls, data: ArrayLike, rng: np.random.Generator, orbit: Orbit = NO_ORBIT) -> Self:
        """Fit both ends.

        Parameters
        ----------
        data : array_like, shape (n, *shape)
            At least two training points, centred by the caller.
        rng : numpy.random.Generator
            Noise of the points that are left out.
        orbit : Orbit
            Every point counts with its images.

        Returns
        -------
        GeneraliserMemoriser
        """
        points = np.asarray(data)
        return cls(Generaliser.fit(points, rng, orbit), EmpiricalScore(orbit.of(points)))

    def trained(self, memorised: float) -> Denoiser:
        """The denoiser after a budget.

        Parameters
        ----------
        memorised : float
            N = s/c, points that the budget suffices to memorise, ≥ 0.

        Returns
        -------
        Denoiser
        """
        share = float(generalising_share(memorised, self.generaliser.samples, POWER))
        # A part that weighs next to nothing is not asked.
        share = 0.0 if share < 1e-3 else 1.0 if share > 1.0 - 1e-6 else share
        return SharedDenoiser(self.generaliser, self.memoriser, share)
