"""What a diagnosis holds: the judgement, what was measured, and what the theory says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convergen.empirical.diagnose.evidence.classes import ClassRow
from convergen.empirical.diagnose.verdict.judgement import Judgement
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.common.checks import FloatArray
from convergen.theory.sources.points import Points
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.pilot.population import Population


class Suspect(NamedTuple):
    """A sample that seems to be a copy.

    Attributes
    ----------
    sample, training_point : int
        Rows, from 0 on.
    distance : float
        Between them, as they were compared.
    ratio : float
        Of that distance to that of the next distinct real point.
    chance : float
        Of such a ratio without copying.
    """

    sample: int
    training_point: int
    distance: float
    ratio: float
    chance: float


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything that was measured and predicted.

    Attributes
    ----------
    judgement : Judgement
        Whether the first set copies the training set; all sets as they were compared.
    centered : bool
        Whether overlaps are about the mean of all real points.
    seed : int
        Of the bootstrap and of random subsets.
    variance : list of Estimate
        Of each set over that of the real points; normalised overlaps hide it.
    convergence : Estimate or None
        q of both sets.
    latent_recovery : ndarray, shape (factors,)
        Q_k of the first set with the factors of `spectrum`; none of features.
    latent_recovery_stderr : ndarray, shape (factors,)
        NaN where it would take too long.
    latent_recovery_draws : ndarray, shape (factors,)
        Q_k that as many draws of the truth itself would show.
    lost_factors : list of int
        Factors along which the first set hardly varies, from 1 on.
    law : Points
        What the theory looks at: the reference if there is one, else the training set.
    spectrum : Spectrum
        Of its points.
    levels : tuple of float
        Convergence for which sample sizes are wanted.
    prediction : xarray.Dataset or None
        `theory.predict` for a linear model at n = size of the training set; from the population
        behind `law` where it has enough points. None for features: the theory speaks of points.
    pilot : Population or None
        The population behind `law`, as `convergen predict` estimates it.
    classes : list of ClassRow
        By class, where samples or training points have labels; empty otherwise.
    notes : list of str
        What was done and what limits these numbers.
    """

    judgement: Judgement
    centered: bool
    seed: int
    variance: list[Estimate]
    convergence: Estimate | None
    latent_recovery: FloatArray
    latent_recovery_stderr: FloatArray
    latent_recovery_draws: FloatArray
    lost_factors: list[int]
    law: Points
    spectrum: Spectrum
    levels: tuple[float, ...]
    prediction: xr.Dataset | None
    pilot: Population | None
    classes: list[ClassRow]
    notes: list[str]

    def __repr__(self) -> str:
        near = self.judgement
        return (
            f"Diagnosis({self.verdict}: {len(near.samples[0])} samples, {len(near.training)} "
            f"training points)"
        )

    def __str__(self) -> str:
        from convergen.empirical.diagnose.verdict.report import diagnosis_text

        return diagnosis_text(self)

    @property
    def verdict(self) -> str:
        """Whether the first set copies, see `Judgement.verdict`."""
        return self.judgement.verdict

    @property
    def samples(self) -> list[Points]:
        """Generated points as they were compared."""
        return self.judgement.samples

    @property
    def training(self) -> Points:
        """What the first model was trained on."""
        return self.judgement.training

    def intervals(self, name: str) -> list[tuple[float, float, float]]:
        """Estimate and ends of a predicted quantity; the ends are its own without a population."""
        found = self.prediction
        assert found is not None
        low, high = (
            found[f"{name}_{end}" if f"{name}_{end}" in found else name].values.ravel().tolist()
            for end in ("low", "high")
        )
        return list(zip(found[name].values.ravel().tolist(), low, high, strict=True))

    @property
    def factor_samples(self) -> FloatArray:
        """The n at which each factor starts to be recovered; as many as the points show."""
        if self.prediction is None:
            return np.empty(0)
        return np.asarray(self.prediction["recovery_threshold"].values)

    @property
    def suspects(self) -> list[Suspect]:
        """Suspected copies of the first set, the surest first."""
        copies = self.judgement.copies
        return [
            Suspect(
                int(i), int(copies.points[i]), float(copies.look.near.distances[i, 0]),
                float(copies.ratios[i]), float(copies.chance[i]),
            )
            for i in copies.suspected
        ]  # fmt: skip
