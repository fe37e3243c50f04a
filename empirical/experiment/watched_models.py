"""Models that count how often they are called, so that measuring them shows how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convergen.empirical.measure.measure import Models
from convergen.empirical.measure.settings import MeasureSettings
from convergen.theory.denoisers.protocol import Denoiser


class WatchedModels:
    """Models as they are, and a report of every call.

    Parameters
    ----------
    models : Models
        What is measured.
    settings : MeasureSettings
        How it is measured, which gives the number of calls.
    report : callable
        Called with the share of the calls that are done.
    """

    def __init__(
        self, models: Models, settings: MeasureSettings, report: Callable[[float], object]
    ) -> None:
        self.members = models.members
        self._models, self._report = models, report
        self._calls = 0
        self._total = expected_calls(self.members, settings)

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
            self._report(min(1.0, self._calls / self._total))
            return found

        return call


def expected_calls(members: int, settings: MeasureSettings) -> int:
    """Calls of denoisers in a measurement.

    Parameters
    ----------
    members : int
        Models; two of each n.
    settings : MeasureSettings
        Steps of the sampler and noise levels of the errors.

    Returns
    -------
    int
        Two for each Heun step but one for the last, then, at each noise level, two for the errors
        of each model and two for each pair.
    """
    return 2 * settings.steps - 1 + 3 * members * len(settings.sigmas)
