"""What the models of one cell are measured on: their data, seeds and the truth's answer to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.measure.generation import SIDES, decorrelated_noise, generate
from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.splits.splits import Splits
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.denoisers.noise_schedules import karras_schedule
from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.denoisers.stochastic_ascent import STEP_SIZE, StochasticAscent
from convergen.theory.spectra.spectrum import Spectrum

# Of the mean variance: data with less do not vary along a direction.
_NONE = 1e-6


@dataclass(frozen=True, eq=False)
class Subjects:
    """Training sets, shared noise and reference of the models of one seed.

    Attributes
    ----------
    data : DataSet
        All points.
    splits : Splits
        Which of them each model was trained on.
    samples : tuple of int
        The n; members come in the order n₁a, n₁b, n₂a, …
    training : TrainingSettings
        Noise range.
    settings : MeasureSettings
        What is measured.
    blind : bool
        Whether the models do not see the noise level, so that samples are drawn by stochastic
        ascent; those of the truth, too.
    """

    data: DataSet
    splits: Splits
    samples: tuple[int, ...]
    training: TrainingSettings
    settings: MeasureSettings
    blind: bool = False

    @property
    def keys(self) -> list[tuple[int, str]]:
        """Training samples and side of each member."""
        return [(n, side) for n in self.samples for side in SIDES]

    def rows(self, member: int) -> NDArray[np.int64]:
        """Rows of the data that a member was trained on.

        Parameters
        ----------
        member : int
            Which one.

        Returns
        -------
        ndarray of int64, shape (n,)
        """
        return self.splits.indices(*self.keys[member])

    def training_set(self, member: int) -> NDArray[Any]:
        """Points that a member was trained on.

        Parameters
        ----------
        member : int
            Which one.

        Returns
        -------
        ndarray, shape (n, *shape)
        """
        return np.asarray(self.data.points[self.rows(member)])

    @cached_property
    def schedule(self) -> NDArray[np.float64]:
        """Noise levels of the sampler, over the range of the training."""
        training = self.training
        if self.blind:  # the sampler makes its own steps
            return np.array([training.sigma_max, training.sigma_min, 0.0])
        return karras_schedule(self.settings.steps, training.sigma_min, training.sigma_max)

    @cached_property
    def noise(self) -> NDArray[np.float32]:
        """Seeds of the generation, shape (draws, *shape): the same for every model of a seed."""
        draws = decorrelated_noise(self.settings.draws, self.data.dim, self.stream(2))
        return draws.reshape(-1, *self.data.shape).astype(np.float32)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Population spectrum."""
        return self.data.spectrum()

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Second moment of the truth, shape (d, d)."""
        vectors, rank = self.spectrum.eigenvectors, self.spectrum.rank
        assert vectors is not None
        values = np.repeat(
            self.spectrum.eigenvalues, self.spectrum.multiplicities.astype(np.int64)
        )[:rank]
        return np.asarray((vectors[:, :rank] * values) @ vectors[:, :rank].T)

    @property
    def factors(self) -> int:
        """Leading latent factors that are followed."""
        return min(self.settings.factors, self.spectrum.rank)

    @cached_property
    def truth(self) -> Denoiser:
        """Denoiser of the true law; of the Gaussian of the same covariance if it is not known."""
        law: Any = self.data.truth
        if law is None or isinstance(law, Spectrum):
            return GaussianDenoiser(self.spectrum, shape=self.data.shape)
        found: Denoiser = law
        return found

    @cached_property
    def true_samples(self) -> NDArray[np.float64]:
        """What the true law makes of the seeds, shape (draws, d)."""
        (points,) = self.generated(self.truth, 1)
        return points

    @property
    def variance(self) -> float:
        """Mean square of a coordinate of the truth."""
        return self.spectrum.trace / self.spectrum.dim

    @property
    def ascent(self) -> dict[str, Any] | None:
        """Options of the sampler of blind models, whose noise is that of every model of a seed."""
        if not self.blind:
            return None
        settling = settling_time(self.spectrum, self.training.sigma_max)
        return {"rng": self.stream(9), "settling": settling, "variance": self.variance}

    @property
    def evaluations(self) -> int:
        """Calls of the denoiser while samples are drawn."""
        if self.ascent is None:
            return 2 * self.settings.steps - 1
        return StochasticAscent(self.schedule, **self.ascent).evaluations(self.schedule)

    def generated(
        self, denoisers: Denoiser, members: int, origin: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """Samples of several models from the shared seeds.

        Parameters
        ----------
        denoisers : Denoiser
            All members as one, the points of the first member first.
        members : int
            How many, M.
        origin : ndarray, shape `shape`, optional
            Point about which they are homogeneous, if they are.

        Returns
        -------
        ndarray of float64, shape (M, draws, d)
        """
        return self.drawn(denoisers, members, origin)[0]

    def drawn(
        self, denoisers: Denoiser, members: int, origin: NDArray[Any] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Samples as in `generated`, and whose sampling was stopped.

        Parameters
        ----------
        denoisers, members, origin
            As in `generated`.

        Returns
        -------
        points : ndarray of float64, shape (M, draws, d)
            Where sampling ended.
        ran_away : ndarray of bool, shape (M,)
            Members whose points grew far beyond data and noise.
        """
        ascent, noise = self.ascent, self.noise
        if ascent is not None and origin is not None:
            if origin.any():  # of points about zero no direction is the amplitude
                along = origin.ravel() / np.linalg.norm(origin)
                variance = float(along @ self.covariance @ along)
                if variance < _NONE * self.variance:
                    held = _held(denoisers, along)
                    return generate(held, members, noise, self.schedule, ascent)
                noise = self._of_amplitude(along, variance)
            ascent = {**ascent, "origin": origin}
        return generate(denoisers, members, noise, self.schedule, ascent)

    def _of_amplitude(self, along: NDArray[np.float64], variance: float) -> NDArray[np.float32]:
        """Seeds whose part along the origin varies as the data do: such models never change it."""
        kept = variance**0.5 / self.training.sigma_max
        flat = self.noise.reshape(len(self.noise), -1)
        found = flat - (1.0 - kept) * np.outer(flat @ along, along)
        return found.astype(np.float32).reshape(self.noise.shape)

    @cached_property
    def test_points(self) -> NDArray[Any]:
        """Points that no model has seen: fresh ones of the truth, else held-out rows."""
        count = self.settings.error_points
        fresh = self.data.fresh(count, self.stream(3))
        if fresh is None:
            fresh = self.data.points[self.splits.held_out[:count]]
        return np.asarray(fresh)

    def stream(self, purpose: int) -> np.random.Generator:
        """Random numbers of their own for each purpose.

        Parameters
        ----------
        purpose : int
            Which stream.

        Returns
        -------
        numpy.random.Generator
        """
        return np.random.default_rng(np.random.SeedSequence(self.splits.seed, spawn_key=(purpose,)))


def _held(denoiser: Denoiser, along: NDArray[np.float64]) -> Denoiser:
    """The same for data that do not vary along a direction: nothing comes in or goes out along it.

    Homogeneous denoisers never undo what they change of the amplitude of a point by mistake, and
    over the steps of a sampler it adds up. Where the data fix it, it is known.
    """
    axis = along.astype(np.float32)

    def across(x: NDArray[Any]) -> NDArray[Any]:
        flat = x.reshape(len(x), -1)
        return np.asarray(flat - np.outer(flat @ axis, axis), x.dtype).reshape(x.shape)

    return lambda x, sigma: across(np.asarray(denoiser(across(x), sigma)))


def settling_time(spectrum: Spectrum, sigma_max: float) -> float:
    """How long blind models are sampled at the first noise level.

    Parameters
    ----------
    spectrum : Spectrum
        Of the data.
    sigma_max : float
        Largest noise level; data units.

    Returns
    -------
    float
        Until the leading factor lacks but e⁻⁴ of what it varies more than the noise.
    """
    level = (1.0 - STEP_SIZE) * sigma_max
    return 2.0 * (1.0 + spectrum.leading(1).item() / level**2)
