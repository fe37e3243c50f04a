"""What a forecast means, in sentences that anyone understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convergen.empirical.forecast.calibrate import TOLERATED
from convergen.theory.messages.text import about, percent

if TYPE_CHECKING:
    import xarray as xr

# An interval of a share that is wider than this says nothing.
_UNKNOWN = 0.8


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
            f"Even with {n[-1]} training samples two such networks would mostly differ: q = "
            f"{_with_ends(found, -1)}. More data are needed than this forecast reaches."
        )
    return (
        f"With {n[0]} training samples already two such networks, trained on different data, "
        f"agree to q = {_with_ends(found, 0)}; 1 is the same network."
    )


def _with_ends(found: xr.Dataset, place: int) -> str:
    """Convergence at one n, with its interval."""
    q, low, high = (float(found[f"convergence{end}"][place]) for end in ("", "_low", "_high"))
    return f"{q:.2f} ({low:.2f} to {high:.2f})"


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
    if np.min(high - low) > _UNKNOWN:
        return (
            f"How much such networks copy is not known ({percent(low[0])} to {percent(high[0])} of "
            f"what those of {n[0]} samples generate): a pair that is trained longer, or on fewer "
            "samples, tells."
        )
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
    unsure = [each.samples for each in stops(found) if each.low < budget]
    this = f"This training of {budget:,.0f} images is"
    if late:
        return f"{this} too long {_up_to(late)}: stop as the table says."
    if unsure:
        return (
            f"{this} probably over before networks copy, at every n listed, but {_up_to(unsure)} "
            "the interval begins before its end."
        )
    return f"{this} over before networks copy, at every n listed."


def _up_to(samples: list[int]) -> str:
    """The n of which something is said, from the smallest on."""
    return f"up to n = {samples[-1]}" if len(samples) > 1 else f"at n = {samples[-1]}"
