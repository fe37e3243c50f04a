"""Models that count how often they are called, so that measuring them shows how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.measure import Models
from convergen.theory.denoisers.protocol import Denoiser


class WatchedModels:
    """Models as they are, and a report of every call.

    Parameters
    ----------
    models : Models
        What is measured.
    subjects : Subjects
        On what they are measured, which gives the number of calls.
    report : callable
        Called with the share of the calls that are done.
    """

    def __init__(
        self, models: Models, subjects: Subjects, report: Callable[[float], object]
    ) -> None:
        self.members, self.origin = models.members, models.origin
        self._models, self._report = models, report
        self._calls = 0
        # At each noise level, two for the errors of each model and two for each pair.
        errors = 3 * self.members * len(subjects.settings.sigmas)
        self._total = subjects.evaluations + errors

    def denoiser(self, member: int) -> Denoiser:
        """One member."""
        return self._watched(self._models.denoiser(member))

    def denoisers(self) -> Denoiser:
        """All members, the points of the first member first."""
        return self._watched(self._models.denoisers())

    def _watched(self, denoiser: Denoiser) -> Denoiser:
        def call(x: Any, sigma: Any) -> Any:
            found = denoiser(x, sigma)
            self._calls += 1
            self._report(self._calls / self._total)
            return found

        return call
