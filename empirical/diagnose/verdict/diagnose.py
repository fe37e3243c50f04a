"""What the samples of anybody's generator say: copying, converged, which factors, how many more.

Nothing is known of the model itself: only what it generated and what it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.diagnose.comparable.pairing import check_counts_and_names
from convergen.empirical.diagnose.evidence.quality import lost_factors
from convergen.empirical.diagnose.verdict.by_class import rows_of_classes
from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
from convergen.empirical.diagnose.verdict.judgement import Judgement, judge
from convergen.empirical.diagnose.verdict.overlaps import overlaps
from convergen.empirical.measure.overlaps import latent_recovery, leading_axes
from convergen.theory.common.checks import FloatArray, InputError, as_count, as_seed
from convergen.theory.forecast.predict import LEVELS
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.pilot.population import Population
    from convergen.theory.spectra.principal_components import PrincipalComponents

_FACTORS = 5
# Groups of draws that are left out in turn for the error of learnt factors, and the largest
# eigenproblem that is worth that many repeats.
_GROUPS, _LARGEST = 10, 1024
# Fewest points behind which a population can be looked for.
_PILOT = 8


def diagnose(
    samples: Sequence[Points],
    training: Points,
    reference: Points | None = None,
    *,
    invariant: Sequence[str] | None = None,
    mend_units: bool = True,
    features: str = "pixels",
    weights: Path | None = None,
    center: bool = True,
    factors: int = _FACTORS,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
    workers: int = 1,
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
    invariant : sequence of str, optional
        Changes that leave an image a copy, see `orbit.INVARIANCES`; default mirrored images.
    mend_units : bool
        Whether units that differ by a plain map are brought together.
    features : str
        What is compared, see `features.table.encoder_words`; the theory is asked about pixels and
        whitened points alone.
    weights : Path, optional
        File of weights of an encoder that has some.
    center : bool
        Whether the mean of all real points is subtracted before overlaps.
    factors : int
        Leading latent factors.
    levels : sequence of float
        Convergence q for which sample sizes are wanted.
    seed : int
        Of the bootstrap and of random subsets.
    workers : int
        Threads that share the search; no result depends on it.

    Returns
    -------
    Diagnosis

    Raises
    ------
    InputError
        If sets cannot be compared, the real points have no variance, or an option is out of range.
    """
    if len(samples) not in (1, 2):
        raise InputError(f"{len(samples)} sets of samples were given: give one, or two of a pair.")
    if len(samples) == 2:
        check_counts_and_names(*samples)
    wanted = as_count(factors, "factors")
    rng = np.random.default_rng(as_seed(seed))
    judgement = judge(
        samples, training, reference, invariant=invariant, mend_units=mend_units,
        features=features, weights=weights, seed=seed, workers=workers,
    )  # fmt: skip
    view = judgement.view
    found = overlaps(judgement, rng, center=center)
    law, spectrum, (generated, *_) = found.law, found.spectrum, found.points
    recovery = stderr = draws = np.empty(0)
    prediction = pilot = None
    lost: list[int] = []
    if view.theory:
        count = min(wanted, spectrum.rank)
        if view.reference is None:  # half of the training set stands for unseen points
            lost = lost_factors(generated, law.rows[::2], law.rows[1::2], count)
        else:
            assert spectrum.eigenvectors is not None
            axes = spectrum.eigenvectors[:, :count]
            lost = lost_factors(generated, law.rows, view.plain(view.training).rows, count, axes)
        with phase("factors of the samples"):
            recovery, stderr = _recovery(generated, spectrum, count)
        draws = _of_draws(spectrum, len(generated), count)
        known = found.components if center else None
        prediction, pilot = _predictions(
            law, spectrum, known, len(training), count, levels, seed
        )  # fmt: skip
    return Diagnosis(
        judgement=judgement,
        centered=center,
        seed=seed,
        variance=found.variance,
        convergence=found.convergence,
        latent_recovery=recovery,
        latent_recovery_stderr=stderr,
        latent_recovery_draws=draws,
        lost_factors=lost,
        law=law,
        spectrum=spectrum,
        levels=tuple(levels),
        prediction=prediction,
        pilot=pilot,
        classes=rows_of_classes(judgement),
        notes=[*judgement.notes, *_notes(judgement, spectrum, pilot)],
    )


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


def _of_draws(spectrum: Spectrum, draws: int, factors: int) -> FloatArray:
    """Recovery by as many draws of the truth."""
    from convergen.theory.linear.latent_recovery import latent_recovery as recovery_law

    (found,) = recovery_law(spectrum, [draws], factors, finite_size=True)
    return np.asarray(found)


def _predictions(
    law: Points,
    spectrum: Spectrum,
    components: PrincipalComponents | None,
    training: int,
    factors: int,
    levels: Sequence[float],
    seed: int,
) -> tuple[xr.Dataset, Population | None]:
    """What `convergen predict` says of these points."""
    from convergen.theory.forecast.pilot import add_intervals, estimate, shown_factors
    from convergen.theory.forecast.predict import Request, forecast

    wanted = ("convergence", "memorisation", "latent_recovery", "thresholds")
    pilot = None
    if len(law) >= _PILOT:
        pilot = estimate(law.rows, law.name, seed, components)
    if pilot is not None:
        spectrum, factors = pilot.spectrum, shown_factors(pilot, factors)
    request = Request.of(spectrum, [training], factors=factors, levels=tuple(levels), seed=seed)
    result = forecast(request, wanted)
    if pilot is not None:
        add_intervals(result, pilot, request)
    return result.dataset(), pilot


def _notes(judgement: Judgement, spectrum: Spectrum, pilot: Population | None) -> list[str]:
    notes = []
    if judgement.reference is None:
        notes.append(
            "No unseen points were given. Copies of single training points are still found; that "
            "samples lean to the training set without copying it is not, and factors are those of "
            "the training set: give unseen points as --reference."
        )
    if pilot is None and judgement.view.theory:
        notes.append(
            f"Fewer than {_PILOT} points say nothing of the law behind them: predicted sample "
            "sizes take them for all there is, and are far too small."
        )
    if spectrum.participation_ratio < 3.0:
        notes.append(
            f"The data have {spectrum.participation_ratio:.2g} effective dimensions: in so few, "
            "every point is close to some other, and m is always high."
        )
    return notes
