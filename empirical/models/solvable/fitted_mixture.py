"""A Gaussian mixture fitted to the training set by expectation maximisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.sources.options import WHOLE, Option


def fit(sets: TrainingSets, components: int | None) -> list[GaussianMixture]:
    """Fit spherical components to each training set.

    Parameters
    ----------
    sets : TrainingSets
        Points; their `seed` draws the starts, and their `truth` may give the components.
    components : int or None
        How many, at most one for two points; None takes as many as the truth has.

    Returns
    -------
    list of GaussianMixture

    Raises
    ------
    InputError
        If all points of a training set are the same.
    """
    wanted = sets.truth.components if components is None else components  # type: ignore[attr-defined]
    return [_fitted(points, wanted, sets.seed) for points in sets.points]


def _fitted(points: NDArray[Any], components: int, seed: int) -> GaussianMixture:
    from sklearn.mixture import GaussianMixture as Fitted

    rows = points.reshape(len(points), -1).astype(np.float64)
    scale = float(rows.var(axis=0).mean())
    if scale == 0.0:
        raise InputError(
            f"a mixture is fitted to {len(points)} point(s) that do not differ: use more samples."
        )
    model = Fitted(
        n_components=max(1, min(components, len(points) // 2)),
        covariance_type="spherical",
        reg_covar=1e-6 * scale,
        tol=1e-5,
        n_init=4,
        max_iter=1000,
        random_state=seed % 2**32,  # scikit-learn takes no larger ones
    ).fit(rows)
    return GaussianMixture.from_sklearn(model, shape=points.shape[1:])


def refusal(shape: tuple[int, ...], truth: object, options: Mapping[str, Any]) -> str:
    """Why it does not suit: nothing says how many components there are.

    Parameters
    ----------
    shape : tuple of int
        Shape of one point.
    truth : object
        Law of the data where it is known.
    options : mapping
        ``components``.

    Returns
    -------
    str
    """
    if options["components"] is None and not isinstance(truth, GaussianMixture):
        return "needs the option 'components' where the data are no mixture: add it."
    return ""


SOLVABLE.register(
    SolvableModel(
        name="fitted-mixture",
        description="mixture of spherical Gaussians fitted to the training set",
        words="mixture fitted to the same data",
        fit=fit,
        line="-.",
        order=4,
        options=(
            Option(
                "components", WHOLE, "Gaussians; default as many as the law of the data has",
                least=1, most=10_000,
            ),
        ),
        refusal=refusal,
    )
)  # fmt: skip
