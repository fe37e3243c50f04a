"""What a forecast says, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.forecast import words
from convergen.empirical.forecast.calibrate import TOLERATED
from convergen.empirical.forecast.pairs import QUANTITIES
from convergen.theory.messages.text import about, percent, plain, rounded, table, wrapped

if TYPE_CHECKING:
    import xarray as xr

# Titles of the columns of `QUANTITIES`.
_HEADS = ("q", "m", "copies", "variance")
INTERVALS = (
    "In brackets 90 % intervals: of what was calibrated, and of the theory's own error on the "
    "networks that come with the package. * is the n of the calibration, if there was one."
)


def forecast_text(title: str, found: xr.Dataset) -> str:
    """The answer in words, order parameters for each n, and when to stop.

    Parameters
    ----------
    title : str
        What is forecast.
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    str
    """
    head, rows = forecast_rows(found)
    shown = [[f"{cell} {ends}".strip() for cell, ends in row] for row in rows]
    lasts, budgets = stop_rows(found)
    return "\n".join([
        wrapped(words.first_words(found)), wrapped(words.copying(found)), "",
        title, "", table(head, shown), "", *level_lines(found), "",
        wrapped(words.stopping(found)), "",
        table(lasts, [[f"{cell} {ends}".strip() for cell, ends in row] for row in budgets]), "",
        wrapped(found.attrs["rests_on"]), wrapped(INTERVALS), wrapped(found.attrs["trust"]),
    ])  # fmt: skip


Cells = list[list[tuple[str, str]]]


def forecast_rows(found: xr.Dataset) -> tuple[list[str], Cells]:
    """Order parameters for each n.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    head : list of str
        Titles.
    rows : list of list of (str, str)
        Each cell and its interval.
    """
    here = found.attrs["calibrated_at"]
    rows = [
        [(f"{n}*" if n == here else str(n), ""), *(_cell(found, name, i) for name in QUANTITIES)]
        for i, n in enumerate(found["samples"].values.tolist())
    ]
    return ["n", *_HEADS], rows


def _cell(found: xr.Dataset, name: str, place: int) -> tuple[str, str]:
    best, low, high = (float(found[f"{name}{end}"][place]) for end in ("", "_low", "_high"))
    return f"{best:.2f}", f"({low:.2f} to {high:.2f})"


def stop_rows(found: xr.Dataset) -> tuple[list[str], Cells]:
    """When to stop for each n.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    head : list of str
        Titles.
    rows : list of list of (str, str)
        Each cell and its interval.
    """
    rows = [
        # Two digits: no more are known.
        [(str(n), ""), (rounded(images, 2), f"({rounded(low, 2)} to {rounded(high, 2)})")]
        for n, images, low, high in words.stops(found)
    ]
    return ["n", f"images until {percent(TOLERATED)} are memorised"], rows


def level_lines(found: xr.Dataset) -> list[str]:
    """The n at each level of q, a line each.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    list of str
    """
    crossed = [words.crossing(found, place) for place in range(found.sizes["level"])]
    return [
        _outside(found, level)
        if np.isnan(best)
        else f"q = {level:g} at n = {about(best)} ({ends})."
        for level, best, ends in crossed
    ]


def _outside(found: xr.Dataset, level: float) -> str:
    """Of a level that q does not cross between the n of a forecast."""
    n, q = found["samples"].values, found["convergence"].values
    if q.min() >= level:
        return f"q = {level:g} is reached below n = {n[0]}."
    return f"q = {level:g} is not reached up to n = {n[-1]}."


def forecast_json(found: xr.Dataset) -> dict[str, Any]:
    """The numbers of a forecast.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    dict
        The variables as lists along n or along the levels, null for unknown, and ``calibration``.
    """
    lists = {str(name): plain(found[name].values) for name in [*found.coords, *found.data_vars]}
    return {**lists, "calibration": {key: plain(value) for key, value in found.attrs.items()}}
