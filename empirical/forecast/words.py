"""What a forecast means, in sentences that anyone understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convergen.empirical.forecast.calibrate import TOLERATED
from convergen.theory.messages.text import about, percent

if TYPE_CHECKING:
    import xarray as xr


class Stop(NamedTuple):
    """When to stop a training on n points.

    Attributes
    ----------
    samples : int
        n.
    images, low, high : float
        Images of a whole training after which a tenth of the points is memorised.
    """

    samples: int
    images: float
    low: float
    high: float


def first_words(found: xr.Dataset) -> str:
    """From how many samples on two such networks agree, in one sentence.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    str
    """
    for place in reversed(range(found.sizes["level"])):
        level, best, ends = crossing(found, place)
        if np.isfinite(best):
            return (
                f"It takes about {about(best)} training samples ({ends}) until two such networks, "
                f"trained on different data, agree to q = {level:g}; 1 is the same network."
            )
    q, n = found["convergence"].values, found["samples"].values
    if q.max() < float(found["level"].min()):
        return (
            f"Even with {n[-1]} training samples two such networks would mostly differ (q = "
            f"{q[-1]:.2f}): more data are needed than this forecast reaches."
        )
    return (
        f"With {n[0]} training samples already two such networks, trained on different data, "
        f"agree to q = {q[0]:.2f}; 1 is the same network."
    )


def crossing(found: xr.Dataset, place: int) -> tuple[float, float, str]:
    """A level of q, the n at which it is reached, and its range in words.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.
    place : int
        Of the level.

    Returns
    -------
    level, best : float
        NaN where the level is not crossed.
    ends : str
        From … to …
    """
    best, low, high = (float(found[f"samples_for{end}"][place]) for end in ("", "_low", "_high"))
    first, last = (int(found["samples"][i]) for i in (0, -1))
    start = f"fewer than {first}" if np.isnan(low) else about(low)
    end = f"more than {last}" if np.isnan(high) else about(high)
    return float(found["level"][place]), best, f"{start} to {end}"


def copying(found: xr.Dataset) -> str:
    """How much such networks copy at the smallest and largest n, and at which they hardly do.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    str
    """
    n, share = found["samples"].values, found["fraction_memorised"].values
    low, high = (found[f"fraction_memorised_{end}"].values for end in ("low", "high"))
    said = f"Trained on {n[0]} samples, {_share(share[0], low[0], high[0])} of what one generates"
    few = np.flatnonzero(share <= TOLERATED)
    if few.size == 0:
        return f"{said} are copies; on {n[-1]}, {_share(share[-1], low[-1], high[-1])}."
    if few[0] == 0:
        return f"{said} are copies, and fewer with more samples."
    return f"{said} are copies; from {n[few[0]]} samples on, at most a tenth."


def _share(value: float, low: float, high: float) -> str:
    return f"about {percent(value)} ({percent(low)} to {percent(high)})"


def stops(found: xr.Dataset) -> list[Stop]:
    """For each n, the training after which a tenth of the points is memorised.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    list of Stop
    """
    attrs = found.attrs
    scale = attrs["images"] / attrs["weighted_images"]
    best, low, high = (scale * attrs[f"tenth{end}"] for end in ("", "_low", "_high"))
    return [Stop(int(n), n * best, n * low, n * high) for n in found["samples"].values]


def stopping(found: xr.Dataset) -> str:
    """When to stop, in words.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    str
    """
    budget = found.attrs["images"]
    late = [each.samples for each in stops(found) if each.images < budget]
    if not late:
        return (
            f"This training of {budget:.0f} images is over before networks copy, at every n listed."
        )
    which = f"up to n = {late[-1]}" if len(late) > 1 else f"at n = {late[-1]}"
    return f"This training of {budget:.0f} images is too long {which}: stop as the table says."
