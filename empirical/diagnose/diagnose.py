"""What the samples of anybody's generator say: memorising, converged, which factors, how many more.

Nothing is known of the model itself: only what it generated and what it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.user_points import Points, same_layout
from convergen.empirical.measure.intervals import Estimate, average
from convergen.empirical.measure.memorisation import (
    Memorisation,
    Neighbours,
    beside_true_points,
    nearest_training_points,
)
from convergen.empirical.measure.overlaps import convergence, latent_recovery, leading_axes
from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_seed,
)
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

LEVELS = (0.5, 0.9, 0.95)
_FACTORS = 5
# Groups of draws that are left out in turn for the error of learnt factors, and the largest
# eigenproblem that is worth that many repeats.
_GROUPS, _LARGEST = 10, 1024
# Training points held against the others where there is no reference.
_LEFT_OUT = 4096
_ODD_VARIANCE = 4.0


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything that was measured and predicted.

    Attributes
    ----------
    samples, training : Points
        Generated points, one or two sets of the same seeds; training set of the first.
    reference : Points or None
        Points of the same law that the model has not seen.
    centered : bool
        Whether cosines and overlaps are about the mean of all real points.
    seed : int
        Of the bootstrap and of random subsets.
    memorisation : Memorisation
        Of the first set; its baseline says what a model that draws from the truth would have.
    baseline_from : str
        What the baseline was measured on.
    variance : list of Estimate
        Of each set over that of the real points; normalised overlaps hide it.
    convergence : Estimate or None
        q of both sets.
    latent_recovery : ndarray, shape (factors,)
        Q_k of the first set with the factors of `spectrum`.
    latent_recovery_stderr : ndarray, shape (factors,)
        NaN where it would take too long.
    latent_recovery_draws : ndarray, shape (factors,)
        Q_k that as many draws of the truth itself would show.
    spectrum : Spectrum
        Of the reference if there is one, else of the training set.
    prediction : xarray.Dataset
        `theory.predict` for a linear model at n = size of the training set.
    notes : list of str
        What limits these numbers.
    """

    samples: list[Points]
    training: Points
    reference: Points | None
    centered: bool
    seed: int
    memorisation: Memorisation
    baseline_from: str
    variance: list[Estimate]
    convergence: Estimate | None
    latent_recovery: FloatArray
    latent_recovery_stderr: FloatArray
    latent_recovery_draws: FloatArray
    spectrum: Spectrum
    prediction: xr.Dataset
    notes: list[str]

    @property
    def samples_for(self) -> dict[float, float]:
        """By convergence level: the n that the theory asks for; inf if none suffices."""
        level, n = (self.prediction[name].values for name in ("level", "convergence_samples"))
        return dict(zip(level.tolist(), n.tolist(), strict=True))

    @property
    def factor_samples(self) -> FloatArray:
        """The n at which each factor starts to be recovered, shape (factors,)."""
        return np.asarray(self.prediction["recovery_threshold"].values)


def diagnose(
    samples: Sequence[Points],
    training: Points,
    reference: Points | None = None,
    *,
    center: bool = True,
    threshold: float | None = None,
    neighbours: int = 3,
    factors: int = _FACTORS,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
) -> Diagnosis:
    """Measure generated points against real ones, and ask the theory what these real ones need.

    Parameters
    ----------
    samples : sequence of Points
        One set of generated points, or two that two models made of the same seeds in one order.
    training : Points
        What the first model was trained on.
    reference : Points, optional
        Points of the same law that it has not seen; the training set of the second model will do.
    center : bool
        Whether the mean of all real points is subtracted from everything.
    threshold : float, optional
        |cosine| that counts as a copy, in (0, 1]; default 0.95 or more, see `Memorisation`.
    neighbours : int
        Nearest training points that are listed for each generated one.
    factors : int
        Leading latent factors.
    levels : sequence of float
        Convergence q for which sample sizes are wanted.
    seed : int
        Of the bootstrap and of random subsets.

    Returns
    -------
    Diagnosis

    Raises
    ------
    InputError
        If shapes do not fit, the real points have no variance, or an option is out of range.
    """
    if len(samples) not in (1, 2):
        raise InputError(f"{len(samples)} sets of samples were given: give one, or two of a pair.")
    if threshold is not None and not 0.0 < threshold <= 1.0:
        raise InputError(f"a copy is a |cosine| in (0, 1], but threshold is {threshold:g}.")
    given = [*samples, training, *([] if reference is None else [reference])]
    fitted = same_layout(given)
    samples, training = fitted[: len(samples)], fitted[len(samples)]
    reference = None if reference is None else fitted[-1]
    rng = np.random.default_rng(as_seed(seed))
    origin = _mean(training, reference) if center else np.zeros(training.dim)
    law = reference or training
    spectrum = Spectrum.from_data(law.rows, center=center, source=law.name)
    points = [each.flat() - origin for each in samples]
    q = convergence(points[0], points[1], rng) if len(points) == 2 else None
    count = min(as_count(factors, "factors"), spectrum.rank)
    found = min(as_count(neighbours, "neighbours"), len(training))
    own = nearest_training_points(samples[0].rows, training.rows, found, center=origin)
    true, source = _true_cosines(training, reference, origin, rng)
    recovery, stderr = _recovery(points[0], spectrum, count)
    prediction, draws = _predictions(spectrum, len(training), len(points[0]), count, levels)
    power = spectrum.trace / spectrum.dim
    return Diagnosis(
        samples=list(samples),
        training=training,
        reference=reference,
        centered=center,
        seed=seed,
        memorisation=beside_true_points(own, true, threshold=threshold),
        baseline_from=source,
        variance=[average((x**2).mean(axis=1) / power) for x in points],
        convergence=q,
        latent_recovery=recovery,
        latent_recovery_stderr=stderr,
        latent_recovery_draws=draws,
        spectrum=spectrum,
        prediction=prediction,
        notes=_notes(points, training, reference, spectrum),
    )


def _mean(training: Points, reference: Points | None) -> FloatArray:
    """Mean of all real points: that of a small training set alone would push cosines about."""
    total, count = training.sum(), len(training)
    if reference is not None:
        total, count = total + reference.sum(), count + len(reference)
    return total / count


def _true_cosines(
    training: Points, reference: Points | None, center: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, str]:
    """Largest |cosine| of true points with a training point that they are not themselves."""
    if reference is not None:
        near = nearest_training_points(reference.rows, training.rows, center=center)
        return near.cosines[:, 0], "reference points"
    rows: NDArray[np.int64] = np.arange(len(training))
    if len(training) > _LEFT_OUT:
        rows = np.sort(rng.choice(len(training), _LEFT_OUT, replace=False))
    near = nearest_training_points(training.rows[rows], training.rows, 2, center=center)
    return _without_self(near, rows), "training points, each held against the others"


def _without_self(near: Neighbours, rows: NDArray[np.int64]) -> FloatArray:
    """The nearer of two neighbours that is another row; a duplicate may stand before itself."""
    second = near.indices[:, 0] == rows
    return np.where(second, near.cosines[:, 1], near.cosines[:, 0])


def _recovery(
    points: FloatArray, spectrum: Spectrum, factors: int
) -> tuple[FloatArray, FloatArray]:
    """Q_k and its jackknife error."""
    groups = spectrum.groups(factors)
    # Whole eigenspaces are needed, also the one that the last factor cuts.
    ranks = int(np.cumsum(spectrum.multiplicities)[groups[-1]])

    def measured(rows: FloatArray) -> FloatArray:
        return latent_recovery(leading_axes(rows, ranks), spectrum, factors)

    value = measured(points)
    if min(points.shape) > _LARGEST or len(points) < 2 * _GROUPS:
        return value, np.full(factors, np.nan)
    parts = [measured(np.delete(points, np.s_[start::_GROUPS], axis=0)) for start in range(_GROUPS)]
    spread = np.var(parts, axis=0) * (_GROUPS - 1)
    return value, np.sqrt(spread)


def _predictions(
    spectrum: Spectrum, training: int, draws: int, factors: int, levels: Sequence[float]
) -> tuple[xr.Dataset, FloatArray]:
    from convergen.theory.forecast.predict import predict
    from convergen.theory.linear.latent_recovery import latent_recovery as recovery_law

    wanted = ("convergence", "memorisation", "latent_recovery", "thresholds")
    prediction = predict(
        spectrum, [training], factors=factors, levels=tuple(levels), quantities=wanted
    )
    return prediction, recovery_law(spectrum, [draws], factors, finite_size=True)[0]


def _notes(
    points: list[FloatArray], training: Points, reference: Points | None, spectrum: Spectrum
) -> list[str]:
    notes = []
    law = training if reference is None else reference
    if reference is None:
        notes.append(
            "Factors and sample sizes are those of the training set itself: give unseen points as "
            "a reference to hold them against the truth."
        )
    if len(law) < 10 * spectrum.dim:
        notes.append(
            f"The covariance was estimated from {len(law)} points in {spectrum.dim} dimensions: "
            "predicted sample sizes are rough, and too small rather than too large."
        )
    if spectrum.participation_ratio < 3.0:
        notes.append(
            f"The data have {spectrum.participation_ratio:.2g} effective dimensions: in so few, "
            "every point is close to some other, and memorisation can hardly be seen in cosines."
        )
    scale = spectrum.trace
    for name, x in zip("AB", points, strict=False):
        power = float(np.einsum("ij,ij->", x, x)) / len(x)
        if not scale / _ODD_VARIANCE < power < scale * _ODD_VARIANCE:
            notes.append(
                f"Samples {name} have {power / scale:.3g} times the variance of the real points: "
                "are both in the same units?"
            )
    return notes
