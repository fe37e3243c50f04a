"""What a forecast says, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.forecast.pairs import QUANTITIES
from convergen.theory.messages.text import about, plain, table, wrapped

if TYPE_CHECKING:
    import xarray as xr

# Titles of the columns of `QUANTITIES`.
_HEADS = ("q", "m", "copies", "variance")


def forecast_text(title: str, found: xr.Dataset) -> str:
    """Order parameters for each n, and the n at each level.

    Parameters
    ----------
    title : str
        First line.
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.

    Returns
    -------
    str
    """
    attrs = found.attrs
    head = ["n", *_HEADS]
    rows = [
        [
            f"{n}{'*' if n == attrs['calibrated_at'] else ''}",
            *(_cell(found, name, i) for name in QUANTITIES),
        ]
        for i, n in enumerate(found["samples"].values.tolist())
    ]
    constant = (
        f"One point is memorised by c = {attrs['constant']:.0f} ({attrs['constant_low']:.0f} to "
        f"{attrs['constant_high']:.0f}) learning-rate-weighted images, calibrated on "
        f"{attrs['calibrated_on']}; the training has {attrs['weighted_images']:.0f} of them."
    )
    return "\n".join([
        title, "", table(head, rows), "", *_levels(found), "",
        wrapped(constant),
        wrapped(f"Symmetry of the network: {attrs['orbit']}."),
        wrapped(
            "In brackets 90 % intervals: of c, and of the theory's own error on the networks that "
            "come with the package. * is the n of the calibration."
        ),
    ])  # fmt: skip


def _cell(found: xr.Dataset, name: str, place: int) -> str:
    best, low, high = (float(found[f"{name}{end}"][place]) for end in ("", "_low", "_high"))
    return f"{best:.2f} ({low:.2f} to {high:.2f})"


def _levels(found: xr.Dataset) -> list[str]:
    lines, last = [], int(found["samples"].max())
    for level, best, low, high in zip(
        found["level"].values,
        *(found[f"samples_for{end}"].values for end in ("", "_low", "_high")),
        strict=True,
    ):
        if np.isnan(best):
            lines.append(f"q = {level:g} is not crossed between these n.")
            continue
        ends = [f"fewer than {found['samples'].values[0]}" if np.isnan(low) else about(low)]
        ends.append(f"more than {last}" if np.isnan(high) else about(high))
        lines.append(f"q = {level:g} at n = {about(best)} ({ends[0]} to {ends[1]}).")
    return lines


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
