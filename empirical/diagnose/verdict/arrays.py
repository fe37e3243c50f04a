"""A diagnosis of arrays, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.empirical.diagnose.verdict.diagnose import diagnose
from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
from convergen.theory.sources.points import Points


def judge_samples(
    samples: ArrayLike | Sequence[ArrayLike],
    training: ArrayLike,
    unseen: ArrayLike | None = None,
    **options: Any,
) -> Diagnosis:
    """Judge what a generator made: whether it copies its training set, and what the data need.

    Parameters
    ----------
    samples : array_like, shape (M, d), (M, h, w) or (M, channels, h, w), or list of two
        Generated points; in a list, those that two models made of the same seeds in one order.
    training : array_like, shape (N, …)
        What the first model was trained on.
    unseen : array_like, shape (K, …), optional
        Points of the same law that it has not seen.
    **options
        ``invariant``, ``mend_units``, ``center``, ``factors``, ``levels`` and ``seed`` of
        `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    Diagnosis
        ``str(found)`` is what ``convergen measure`` prints, ``found.verdict`` its verdict, and
        ``found.suspects`` names each suspected copy.

    Raises
    ------
    InputError
        If sets cannot be compared, the real points have no variance, or an option is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen.empirical import judge_samples
    >>> rng = np.random.default_rng(0)
    >>> train, unseen, others = rng.standard_normal((3, 60, 8))
    >>> found = judge_samples(train[:50], train, unseen)
    >>> found
    Diagnosis(memorising: 50 samples, 60 training points)
    >>> len(found.suspects)
    50
    >>> judge_samples(others, train, unseen).verdict
    'not memorising'
    """
    sizes = [np.ndim(each) for each in samples] if isinstance(samples, (list, tuple)) else []
    pair = len(sizes) == 2 and min(sizes) > 1
    sets = list(samples) if pair else [samples]  # type: ignore[arg-type]
    names = ["A", "B"] if pair else ["samples"]
    return diagnose(
        [as_points(each, name) for each, name in zip(sets, names, strict=True)],
        as_points(training, "training set"),
        None if unseen is None else as_points(unseen, "unseen points"),
        **options,
    )


def as_points(array: Any, name: str) -> Points:
    """Rows in the layout that pixels tell, images channels first.

    Parameters
    ----------
    array : array_like, shape (N, d), (N, h, w) or (N, channels, h, w)
        Points of a user.
    name : str
        What messages call them.

    Returns
    -------
    Points
    """
    from convergen.theory.data.images.layout import oriented

    laid = oriented(np.asarray(array), name)
    return Points(name, laid.rows, laid.point)
