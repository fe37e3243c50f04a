"""Everything that is measured on models trained on disjoint sets, as one labelled result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.measure.denoising_errors import (
    denoising_error,
    disagreement,
    peak_signal_to_noise,
    stayed_identity,
)
from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.fidelity import (
    bures_wasserstein,
    covariance_error,
    sliced_wasserstein,
)
from convergen.empirical.measure.generation import SIDES, pair_up
from convergen.empirical.measure.intervals import ratio
from convergen.empirical.measure.memorisation import Memorisation, memorisation
from convergen.empirical.measure.overlaps import (
    axes_of,
    draw_products,
    latent_recovery,
    subspace_overlap,
)
from convergen.theory.quantities.labelled import coordinate_attributes
from convergen.theory.quantities.table import quantities, quantity

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.denoisers.protocol import Denoiser

Array = NDArray[Any]
# Dimensions and values; words and units are those of the table of quantities.
Values = tuple[tuple[str, ...], Any]

_BOTH = ("samples", "side")


class Models(Protocol):
    """What is measured: denoisers, one by one and together."""

    members: int

    @property
    def origin(self) -> Array | None:
        """Point about which they are homogeneous, if they are."""
        ...

    def denoiser(self, member: int) -> Denoiser:
        """One member."""
        ...

    def denoisers(self) -> Denoiser:
        """All members, the points of the first member first."""
        ...


def snapshot(models: Models, subjects: Subjects) -> dict[str, list[Any]]:
    """What is followed during training.

    Parameters
    ----------
    models : Models
        As they are now.
    subjects : Subjects
        What they are measured on.

    Returns
    -------
    dict
        Nested lists by key, for each quantity that the table says is followed, shaped as in
        `measure`.
    """
    points = subjects.generated(models.denoisers(), models.members, models.origin)
    found = {**order_parameters(points, subjects), **_errors(models, subjects)}
    followed = [row.key for row in quantities() if row.followed]
    return {key: np.asarray(found[key][1]).tolist() for key in followed}


def measure(models: Models, subjects: Subjects) -> xr.Dataset:
    """Sample the models from shared seeds and measure them.

    Parameters
    ----------
    models : Models
        Members in the order n₁a, n₁b, n₂a, …
    subjects : Subjects
        What they are measured on.

    Returns
    -------
    xarray.Dataset
        Along ``samples``, ``side``, ``factor``, ``sigma``, ``draw`` and ``picture``. What each
        draw contributes is kept, so that intervals can be made for any number of seeds.
    """
    import xarray as xr

    points, ran_away = subjects.drawn(models.denoisers(), models.members, models.origin)
    overlaps = order_parameters(points, subjects)
    variables = {
        **overlaps,
        **_recovery(points, subjects),
        **_fidelity(points, subjects),
        **_errors(models, subjects),
        "ran_away": (_BOTH, pair_up(ran_away.astype(float), subjects.samples)),
        **_pictures(points, overlaps["nearest_row"][1], subjects),
    }
    factors = subjects.factors
    coordinates: dict[str, Any] = {
        name: (dim, values, coordinate_attributes(name))
        for name, dim, values in (
            ("samples", "samples", list(subjects.samples)),
            ("side", "side", list(SIDES)),
            ("sigma", "sigma", list(subjects.settings.sigmas)),
            ("factor", "factor", np.arange(1, factors + 1)),
            ("eigenvalue", "factor", subjects.spectrum.leading(factors)),
        )
    }
    labelled = {
        key: (dims, np.asarray(values), quantity(key).attributes)
        for key, (dims, values) in variables.items()
    }
    return xr.Dataset(labelled, coordinates)


def order_parameters(points: Array, subjects: Subjects) -> dict[str, Values]:
    """Memorisation, convergence, convergence to truth and variance of generated samples.

    Parameters
    ----------
    points : ndarray, shape (members, draws, d)
        What the models made of the shared seeds.
    subjects : Subjects
        What they are measured on.

    Returns
    -------
    dict
        Dimensions and values by the key of the quantity.
    """
    samples = subjects.samples
    copies = [_memorisation(points, subjects, member) for member in range(len(points))]
    pairs = np.array([draw_products(a, b) for a, b in zip(points[::2], points[1::2], strict=True)])
    truth = np.array([draw_products(x, subjects.true_samples) for x in points])
    own_rows = [subjects.rows(m)[copy.own.indices.ravel()] for m, copy in enumerate(copies)]
    by_side: dict[str, Any] = {
        "memorisation": [c.m.value for c in copies],
        "memorisation_baseline": [c.baseline.value for c in copies],
        "fraction_memorised": [c.fraction.value for c in copies],
        "copy_threshold": [c.threshold for c in copies],
        "convergence_to_truth": ratio(truth.mean(axis=1)),
        "variance_ratio": truth[..., 1].mean(axis=1) / subjects.variance,
    }
    by_draw: dict[str, Any] = {
        "nearest_cosine": [c.own.cosines.ravel() for c in copies],
        "nearest_row": own_rows,
        "fresh_cosine": [c.fresh for c in copies],
        "draw_power": truth[..., 1],
    }
    return {
        **{key: (_BOTH, pair_up(values, samples)) for key, values in by_side.items()},
        **{key: ((*_BOTH, "draw"), pair_up(values, samples)) for key, values in by_draw.items()},
        "draw_overlap": (("samples", "draw"), pairs[..., 0]),
        "convergence": (("samples",), ratio(pairs.mean(axis=1))),
    }


def _memorisation(points: Array, subjects: Subjects, member: int) -> Memorisation:
    """Own training set against that of the other side, which is fresh to this model."""
    own, other = (_flat(subjects.training_set(m)) for m in (member, member ^ 1))
    return memorisation(points[member], own, other, subjects.stream(6))


def _recovery(points: Array, subjects: Subjects) -> dict[str, Values]:
    spectrum, factors = subjects.spectrum, subjects.factors
    axes = [axes_of(x) for x in points]
    laws = {"latent_recovery": latent_recovery, "subspace_overlap": subspace_overlap}
    return {
        key: (
            (*_BOTH, "factor"),
            pair_up([law(own, spectrum, factors) for own in axes], subjects.samples),
        )
        for key, law in laws.items()
    }


def _fidelity(points: Array, subjects: Subjects) -> dict[str, Values]:
    """Distances to the truth that do not use the shared seeds."""
    covariance, reference = subjects.covariance, _flat(subjects.test_points)
    sliced = [
        sliced_wasserstein(x, reference, subjects.settings.projections, seed=m)
        for m, x in enumerate(points)
    ]
    errors = [covariance_error(x, covariance) for x in points]
    # Stochastic ascent adds noise of its own to the decorrelated seeds.
    bulk = [bures_wasserstein(x, subjects.spectrum, fresh=subjects.blind) for x in points]
    return {
        "bures_wasserstein": (_BOTH, pair_up(bulk, subjects.samples)),
        "covariance_error": (_BOTH, pair_up(errors, subjects.samples)),
        "sliced_wasserstein": (_BOTH, pair_up(sliced, subjects.samples)),
    }


def _errors(models: Models, subjects: Subjects) -> dict[str, Values]:
    """Denoising errors on training and unseen points, and between the two sides."""
    sigmas, count = subjects.settings.sigmas, subjects.settings.error_points
    test = subjects.test_points

    def errors(denoiser: Denoiser, clean: Array, purpose: int) -> list[float]:
        return [denoising_error(denoiser, clean, s, subjects.stream(purpose)) for s in sigmas]

    train_error, test_error, between = [], [], []
    for member in range(models.members):
        denoiser = models.denoiser(member)
        seen = subjects.training_set(member)[:count]
        # Repeated until there are as many noise realisations as for unseen points.
        seen = np.resize(seen, (count, *seen.shape[1:]))
        train_error.append(errors(denoiser, seen, 7))
        test_error.append(errors(denoiser, test, 8))
        if member % 2:
            first = models.denoiser(member - 1)
            between.append(
                [disagreement(first, denoiser, test, s, subjects.stream(8)) for s in sigmas]
            )
    dims, samples = (*_BOTH, "sigma"), subjects.samples

    def decibels(error: list[list[float]]) -> Values:
        found = peak_signal_to_noise(error, subjects.data.dim, subjects.data.span)
        return dims, pair_up(found, samples)

    of_truth = errors(subjects.truth, test, 8)
    # The same noise, so that few points tell the identity as well as many.
    stuck = stayed_identity(test_error, of_truth, errors(lambda x, sigma: x, test, 8))
    return {
        "train_psnr": decibels(train_error),
        "test_psnr": decibels(test_error),
        "train_error": (dims, pair_up(train_error, samples)),
        "test_error": (dims, pair_up(test_error, samples)),
        "true_error": (("sigma",), of_truth),
        "stayed_identity": (_BOTH, pair_up(stuck.astype(float), samples)),
        "disagreement": (("samples", "sigma"), between),
    }


def _pictures(points: Array, nearest_row: Array, subjects: Subjects) -> dict[str, Values]:
    """A few generated points of each model beside the nearest of its training points."""
    count = min(subjects.settings.pictures, subjects.settings.draws)
    shape = subjects.data.shape
    axes = {1: ("coordinate",), 3: ("channel", "height", "width")}[len(shape)]
    dims = ("samples", "side", "picture", *axes)
    shown = pair_up(points[:, :count].reshape(len(points), count, *shape), subjects.samples)
    rows = nearest_row[:, :, :count]
    nearest = np.asarray(subjects.data.points[rows.ravel()]).reshape(*rows.shape, *shape)
    return {
        "generated": (dims, shown.astype(np.float32)),
        "nearest_training": (dims, nearest),
    }


def _flat(points: Array) -> Array:
    return points.reshape(len(points), -1)
