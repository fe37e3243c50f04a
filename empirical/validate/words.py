"""What a validation means, in sentences that anyone understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convergen.empirical.validate.validate import CLOSE
from convergen.theory.messages.text import percent

if TYPE_CHECKING:
    import xarray as xr

# Shares of copies below this are not spoken of.
_SEEN = 0.01


class Verdict(NamedTuple):
    """How well one theory predicts the agreement q of trained networks.

    Attributes
    ----------
    name : str
        Of the theory.
    rms : float
        Root mean square of its error over n; NaN where it predicts none.
    holds, fails : list of int
        The n at which it is within `CLOSE`, and at which it is not.
    worst : tuple of (int, float) or None
        The n of its largest error, and predicted minus measured there.
    """

    name: str
    rms: float
    holds: list[int]
    fails: list[int]
    worst: tuple[int, float] | None


def verdicts(found: xr.Dataset) -> list[Verdict]:
    """How well each theory does, in the order of the data.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    list of Verdict
    """
    n, q = found["samples"].values, found["convergence"].values
    rows = []
    for name in found["theory"].values:
        part = found.sel(theory=name)
        gap = part["convergence_predicted"].transpose("samples").values - q
        known, holds = np.isfinite(gap), part["holds"].values
        worst = None
        if known.any():
            place = int(np.nanargmax(np.abs(gap)))
            worst = int(n[place]), float(gap[place])
        rows.append(
            Verdict(
                str(name),
                float(part["q_rms"]),
                n[holds].tolist(),
                n[known & ~holds].tolist(),
                worst,
            )
        )
    return rows


def measured(found: xr.Dataset) -> str:
    """What the networks do, whatever theories say.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    str
    """
    n, q = found["samples"].values, found["convergence"].values
    copies = found["fraction_memorised"].values
    said = [
        f"Two of these networks, trained on different sets of {n[0]} samples, agree to q = "
        f"{q[0]:.2f} (1 is the same network)"
    ]
    if len(n) > 1:
        said.append(f"on sets of {n[-1]}, to {q[-1]:.2f}")
    copied = n[copies > _SEEN]
    if copied.size == 0:
        more = "None of what they generate is a copy."
    else:
        share = float(copies[np.flatnonzero(copies > _SEEN)[-1]])
        more = f"Copies were generated up to n = {copied[-1]} ({percent(share)} there)."
    return f"{'; '.join(said)}. {more}"


def best(found: xr.Dataset) -> str:
    """Which theory comes nearest, and how near.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    str
    """
    rows = [row for row in verdicts(found) if np.isfinite(row.rms)]
    if not rows:
        return "No theory says anything of these networks."
    first = min(rows, key=lambda row: row.rms)
    parts = [
        f"{word} at n = {listed(places)}"
        for word, places in (("right", first.holds), ("wrong", first.fails))
        if places
    ]
    return (
        f"The best of {len(rows)} theories, {first.name}, is {' and '.join(parts)}: its q is off "
        f"by {first.rms:.3f} on average (right: by at most {CLOSE:g})."
    )


def listed(n: list[int]) -> str:
    """Numbers of samples, or a dash.

    Parameters
    ----------
    n : list of int
        In order.

    Returns
    -------
    str
    """
    return ", ".join(map(str, n)) or "–"
