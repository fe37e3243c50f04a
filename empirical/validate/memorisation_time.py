"""When the networks of a run began to memorise, and what that says of other n and budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.clock import images_for, weighted_images
from convergen.theory.networks.training_time.memorisation_time import (
    ONSET,
    MemorisationLaw,
    Onset,
    onset,
)

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run

# Of the names of a value and of the two ends of its interval.
ENDS = ("", "_low", "_high")


def has_history(result: xr.Dataset) -> bool:
    """Whether a run was measured on its way.

    Parameters
    ----------
    result : xarray.Dataset
        Of a run.

    Returns
    -------
    bool
    """
    return "history_memorisation" in result


def memorisation_time(
    run: Run, result: xr.Dataset, calibrate: Sequence[int] | None = None
) -> xr.Dataset:
    """Onset of memorisation of each n from the history of a run, and the law τ = κ n.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        What was measured, snapshots included.
    calibrate : sequence of int, optional
        The n that the law is fitted to; default: all whose onset was reached.

    Returns
    -------
    xarray.Dataset
        Along ``samples``: ``memorisation_time`` (τ, images weighed by the learning rate; infinite
        where the run ended before), ``memorisation_images`` (images seen by then), ``law_time``
        (what the law says) and ``law_budget`` (images of a whole training, of the same schedule,
        that ends just then), each with ``_low`` and ``_high``, a 95 % interval. In its attributes
        ``kappa`` and ``exponent`` with theirs, the ``budget`` of the run in weighted images, and
        ``copied_below``, the n below which that budget suffices to memorise.

    Raises
    ------
    InputError
        If the run has no snapshots, or no network began to memorise between two of them.
    """
    import xarray as xr

    if not has_history(result):
        raise InputError(
            "the run was not measured on its way: train with --set training.snapshots=8."
        )
    training = run.experiment.training
    sizes = [int(n) for n in result["samples"].values]
    rng = np.random.default_rng(run.experiment.seeds[0])
    onsets = [_onset(run, result.sel(samples=n), rng) for n in sizes]
    chosen = sizes if calibrate is None else [n for n in sizes if n in calibrate]
    law = MemorisationLaw.fit(chosen, [onsets[sizes.index(n)] for n in chosen])
    times = np.array([[o.time, o.low, o.high] for o in onsets]).T
    said, schedule = law.time(sizes), training.schedule
    whole = float(weighted_images(1.0, 1.0, schedule))
    found = xr.Dataset(coords={"samples": sizes})
    columns = {
        "memorisation_time": (times, "onset of memorisation"),
        "memorisation_images": (images_for(times, training.images, schedule), "images at onset"),
        "law_time": (said, "onset by the law"),
        "law_budget": (said / whole, "budget that ends at the onset"),
    }
    for name, (values, words) in columns.items():
        for end, row in zip(ENDS, values, strict=True):
            found[f"{name}{end}"] = ("samples", row, {"long_name": words, "units": "images"})
    budget = float(weighted_images(training.images, training.images, schedule))
    below = dict(zip(ENDS, law.samples(budget), strict=True))
    found.attrs = {
        **{name: value for name, value in vars(law).items() if name != "centre"},
        **{f"copied_below{end}": float(value) for end, value in below.items()},
        "budget": budget, "onset_level": ONSET, "calibrated_at": [int(n) for n in chosen],
        "references": "arXiv:2505.17638",
    }  # fmt: skip
    return found


def _onset(run: Run, part: xr.Dataset, rng: np.random.Generator) -> Onset:
    """Onset of one n: runs of all seeds and both sides are independent networks."""
    training = run.experiment.training
    values = _excess(part, "history_").values
    images = part["images"].values.astype(np.float64)
    if "trained_images" not in part:
        values = np.vstack([values, _excess(part, "").values])
        images = np.append(images, training.images)
    # A training that was stopped has no later snapshots, and seeds may have stopped apart.
    known = np.isfinite(values).all(axis=1)
    times = weighted_images(images[known], training.images, training.schedule)
    return onset(times, values[known], rng)


def _excess(part: xr.Dataset, prefix: str) -> xr.DataArray:
    """Over that of fresh data, networks along the last dimension."""
    baseline = part[f"{prefix}memorisation_baseline"]
    excess = (part[f"{prefix}memorisation"] - baseline) / (1.0 - baseline)
    return excess.stack(network=("seed", "side"), create_index=False)
