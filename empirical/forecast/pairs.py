"""What a theory that knows the network says of one pair, at any budget."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.measure import order_parameters
from convergen.empirical.models.separate import Separate
from convergen.theory.common.checks import FloatArray
from convergen.theory.networks.symmetry.orbits import Orbit

# What is forecast; convergence and memorisation are what a pair is calibrated by.
QUANTITIES = ("convergence", "memorisation", "fraction_memorised", "variance_ratio")
# Nodes of N/n, between which order parameters are interpolated.
NODES = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.5, 4.0, 7.0])
_BEND = 0.05


class TheoryPair:
    """A theory fitted to the two training sets of one n.

    Parameters
    ----------
    theory : type
        Of `convergen.empirical.models.table.SolvableModel`.
    subjects : Subjects
        Data, splits and seeds; of one n.
    orbit : Orbit
        Symmetry of the network.
    done : callable, optional
        Called with 1 after every budget that is looked at.
    """

    def __init__(
        self,
        theory: Any,
        subjects: Subjects,
        orbit: Orbit,
        done: Callable[[int], object] = lambda count: None,
    ) -> None:
        self.subjects, self._done = subjects, done
        self.samples = subjects.samples[0]
        rngs = np.random.default_rng(subjects.splits.seed).spawn(2)
        self._fits = [
            theory.fit(subjects.training_set(member), rngs[member], orbit) for member in (0, 1)
        ]

    def at(self, memorised: float) -> FloatArray:
        """Order parameters after a budget.

        Parameters
        ----------
        memorised : float
            N = s/c, points that the budget suffices to memorise.

        Returns
        -------
        ndarray, shape (4,)
            `QUANTITIES`, means over the two sides.
        """
        subjects = self.subjects
        models = Separate([fit.trained(memorised) for fit in self._fits])
        points = subjects.generated(models.denoisers(), 2)
        found = order_parameters(points, subjects)
        self._done(1)
        return np.array([float(np.mean(found[name][1])) for name in QUANTITIES])

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        rows = [self.at(node * self.samples) for node in NODES]
        return PchipInterpolator(np.arcsinh(NODES / _BEND), np.array(rows))

    def along(self, memorised: NDArray[np.float64]) -> FloatArray:
        """Order parameters after many budgets, interpolated.

        Parameters
        ----------
        memorised : ndarray, any shape
            N.

        Returns
        -------
        ndarray, shape (*memorised.shape, 4)
        """
        ratio = np.minimum(memorised / self.samples, NODES[-1])
        return np.asarray(self._curve(np.arcsinh(ratio / _BEND)))
