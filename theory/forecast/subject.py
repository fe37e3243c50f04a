"""What is predicted: a law that is known, the law behind a sample, or a sample that is all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.forecast.predict import LEVELS, Request, forecast
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.sources.source import Source

if TYPE_CHECKING:
    from convergen.theory.forecast.pilot import PilotAnswer
    from convergen.theory.pilot.population import Population
    from convergen.theory.spectra.spectrum import Spectrum


@dataclass(frozen=True, eq=False)
class Subject:
    """A source and what is made of its points.

    Attributes
    ----------
    source : Source
        As loaded.
    pilot : Population or None
        The law behind the points, where they are read as a sample.
    amplitudes : ndarray, shape (t,), or None
        Squared amplitudes of the points, where they are all there is.
    """

    source: Source
    pilot: Population | None = None
    amplitudes: FloatArray | None = None

    @classmethod
    def of(cls, source: Source, *, population: bool = False, seed: int = 0) -> Subject:
        """Estimate what a source does not say of itself.

        Parameters
        ----------
        source : Source
            What is predicted.
        population : bool
            Whether its points are all there is, not a sample of more.
        seed : int
            Of the resampling behind intervals.

        Returns
        -------
        Subject

        Raises
        ------
        InputError
            If `population` is asked for and there are no points, or the points are too few.
        """
        if source.data is None:
            if population:
                raise InputError(
                    f"--population does not apply to {source.name!r}, whose law is known: leave "
                    "it out."
                )
            return cls(source)
        if population:
            from convergen.theory.pilot.amplitudes import amplitudes_of

            return cls(source, amplitudes=amplitudes_of(source.data, source.spectrum))
        from convergen.theory.forecast.pilot import estimate

        return cls(source, pilot=estimate(source.data, source.label, seed))

    @property
    def spectrum(self) -> Spectrum:
        """Population spectrum: known, estimated, or that of all points."""
        return self.source.spectrum if self.pilot is None else self.pilot.spectrum

    def request(
        self,
        samples: FloatArray,
        *,
        factors: int = 3,
        ridge: float = 0.0,
        levels: tuple[float, ...] = LEVELS,
        seed: int = 0,
    ) -> Request:
        """Check what is asked for.

        Parameters
        ----------
        samples : ndarray, shape (m,)
            Training samples n ≥ 1.
        factors : int
            Leading factors; of a sample no more are followed than it shows.
        ridge : float
            ρ ≥ 0.
        levels : tuple of float
            Levels of convergence.
        seed : int
            Of the Monte Carlo averages.

        Returns
        -------
        Request
        """
        if self.pilot is not None:
            from convergen.theory.forecast.pilot import shown_factors

            factors = shown_factors(self.pilot, factors)
        law = self.source.mixture or self.spectrum
        return Request.of(law, samples, factors=factors, ridge=ridge, levels=levels, seed=seed)

    def forecast(
        self, request: Request, names: list[str] | None = None, *, gaussian: bool = True
    ) -> tuple[Labelled, PilotAnswer | None]:
        """Predict for the data as they are.

        Parameters
        ----------
        request : Request
            From `request`.
        names : list of str, optional
            Keys or groups of quantities; default all.
        gaussian : bool
            Whether memorisation of Gaussian data is computed beside that of the data of a sample.

        Returns
        -------
        result : Labelled
            With 90 % intervals where the law is estimated.
        answer : PilotAnswer or None
            What a sample says of convergence.
        """
        if self.pilot is not None and not gaussian and request.ridge == 0.0:
            request = replace(request, amplitudes=self.pilot.amplitudes)
        result, answer = forecast(request, names), None
        if self.pilot is not None:
            from convergen.theory.forecast.pilot import add_intervals

            answer = add_intervals(result, self.pilot, request)
        elif self.amplitudes is not None:
            from convergen.theory.forecast.elliptical_models import add_elliptical

            add_elliptical(result, request, self.amplitudes)
        return result, answer
