"""A generator at several steps of its training, as arrays, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from convergen.empirical.diagnose.checkpoints.measure import measure_checkpoints
from convergen.empirical.diagnose.checkpoints.report import checkpoints_dataset
from convergen.empirical.diagnose.verdict.arrays import as_points
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr


def judge_checkpoints(
    samples: Mapping[int, ArrayLike],
    training: ArrayLike,
    unseen: ArrayLike | None = None,
    second: Mapping[int, ArrayLike] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Judge what a generator made at several steps of training, and when it began to copy.

    Parameters
    ----------
    samples : mapping of int to array_like, shape (M, d), (M, h, w) or (M, channels, h, w)
        Generated points by the step of training.
    training : array_like, shape (N, …)
        What the model was trained on.
    unseen : array_like, shape (K, …), optional
        Points of the same law that it has not seen.
    second : mapping of int to array_like, optional
        What a second model, trained on other data, made of the same seeds at the same steps.
    **options
        ``invariant``, ``mend_units``, ``center`` and ``seed``, as for `judge_samples`.

    Returns
    -------
    xarray.Dataset
        Along ``step``: the share of copies, the other numbers of ``convergen measure`` and the
        verdict, each with the ends of its 95 % interval; ``attrs["words"]`` says when copying
        begins. For `plot.checkpoints`.

    Raises
    ------
    InputError
        If sets cannot be compared or do not pair, or an option is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from convergen.empirical import judge_checkpoints
    >>> rng = np.random.default_rng(0)
    >>> train, unseen, others = rng.standard_normal((3, 60, 8))
    >>> found = judge_checkpoints({100: others, 1000: train[:50]}, train, unseen)
    >>> found["verdict"].values.tolist()
    ['not memorising', 'memorising']
    >>> found.attrs["copying_begins_after"], found.attrs["copying_begins_by"]
    (100, 1000)
    """
    steps = sorted(samples)
    if second is not None and sorted(second) != steps:
        raise InputError(
            f"the steps of both models differ: {steps} and {sorted(second)}. Give the same."
        )
    found = measure_checkpoints(
        steps,
        [as_points(samples[step], f"A at step {step}") for step in steps],
        as_points(training, "training set"),
        None if unseen is None else as_points(unseen, "unseen points"),
        [as_points(second[step], f"B at step {step}") for step in steps] if second else (),
        **options,
    )
    return checkpoints_dataset(found)
