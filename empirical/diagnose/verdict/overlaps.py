"""Variance of samples and agreement of two models, in the space in which they were compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.empirical.diagnose.comparable.pairing import check_order
from convergen.empirical.diagnose.verdict.judgement import Judgement
from convergen.empirical.measure.intervals import Estimate, average
from convergen.empirical.measure.overlaps import convergence
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import as_float_rows, row_blocks
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points
from convergen.theory.spectra.principal_components import (
    PrincipalComponents,
    principal_components,
)
from convergen.theory.spectra.spectrum import Spectrum


@dataclass(frozen=True, eq=False)
class Overlaps:
    """What samples share with the data and with each other.

    Attributes
    ----------
    law : Points
        Points that stand for the truth: the reference if there is one, else the training set.
    spectrum : Spectrum
        Of them.
    components : PrincipalComponents
        Theirs.
    points : list of ndarray, shape (m, k)
        Samples about the origin.
    variance : list of Estimate
        Of each set over that of the law.
    convergence : Estimate or None
        q of two sets.
    """

    law: Points
    spectrum: Spectrum
    components: PrincipalComponents
    points: list[FloatArray]
    variance: list[Estimate]
    convergence: Estimate | None


def overlaps(judgement: Judgement, rng: np.random.Generator, *, center: bool = True) -> Overlaps:
    """Measure what needs no neighbours.

    Parameters
    ----------
    judgement : Judgement
        Sets as they were compared.
    rng : numpy.random.Generator
        For the bootstrap of q.
    center : bool
        Whether the mean of all real points is subtracted.

    Returns
    -------
    Overlaps

    Raises
    ------
    InputError
        If real points have no variance, or samples of two models are in different orders.
    """
    view = judgement.view
    training = view.plain(view.training)
    unseen = None if view.reference is None else view.plain(view.reference)
    law = training if unseen is None else unseen
    origin = _mean(training, unseen) if center else np.zeros(training.dim)
    with phase("spectrum of the real points"):
        components = principal_components(law.rows, center=center)
    spectrum = components.spectrum(law.name)
    points = [_about(view.plain(each), origin) for each in view.samples]
    q = None
    if points[1:]:
        first, second = points
        names = " and ".join(each.name for each in judgement.samples)
        check_order(first, second, law.flat(slice(len(first))) - origin, names)
        q = convergence(first, second, rng)
    power = spectrum.trace / spectrum.dim
    variance = [
        average(np.concatenate([(x**2).mean(axis=1) for x in row_blocks(each)]) / power)
        for each in points
    ]
    return Overlaps(law, spectrum, components, points, variance, q)


def _about(points: Points, origin: FloatArray) -> FloatArray:
    """Points less an origin, as float64 that nothing else holds."""
    found, start = np.empty((len(points), points.dim)), 0
    for block in row_blocks(points.rows):
        rows = as_float_rows(block, points.dim)
        np.subtract(rows, origin, found[start : start + len(rows)])
        start += len(rows)
    return found


def _mean(training: Points, reference: Points | None) -> FloatArray:
    """Mean of all real points: that of a small training set alone would push cosines about."""
    total, count = training.sum(), len(training)
    if reference is not None:
        total, count = total + reference.sum(), count + len(reference)
    return total / count
