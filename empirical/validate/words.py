"""What a validation means, in sentences that anyone understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convergen.empirical.validate.validate import CLOSE, leading
from convergen.theory.messages.text import percent

if TYPE_CHECKING:
    import xarray as xr

# Shares of copies below this are not spoken of.
_SEEN = 0.01


class Miss(NamedTuple):
    """How far a theory is off in one quantity.

    Attributes
    ----------
    rms : float
        Root mean square over n of predicted less measured; NaN where it predicts none.
    worst : tuple of (int, float) or None
        The n of the largest, and predicted less measured there.
    """

    rms: float
    worst: tuple[int, float] | None


class Verdict(NamedTuple):
    """How well one theory predicts what trained networks do.

    Attributes
    ----------
    name : str
        Of the theory.
    misses : dict of str to Miss
        By key, in the order of `convergen.empirical.validate.validate.leading`.
    holds, fails : list of int
        The n at which its agreement q is within `CLOSE`, and at which it is not.
    """

    name: str
    misses: dict[str, Miss]
    holds: list[int]
    fails: list[int]

    @property
    def rms(self) -> float:
        """Error of the agreement q."""
        return self.misses["convergence"].rms


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
    n, rows = found["samples"].values, []
    for name in found["theory"].values:
        part = found.sel(theory=name)
        misses = {row.key: _miss(part, row.key) for row in leading()}
        known, holds = np.isfinite(part["convergence_predicted"].values), part["holds"].values
        rows.append(Verdict(str(name), misses, n[holds].tolist(), n[known & ~holds].tolist()))
    return rows


def _miss(part: xr.Dataset, key: str) -> Miss:
    """Error of one theory in one quantity."""
    gap = (part[f"{key}_predicted"] - part[key]).values
    if not np.isfinite(gap).any():
        return Miss(float("nan"), None)
    place = int(np.nanargmax(np.abs(gap)))
    return Miss(float(part[f"{key}_rms"]), (int(part["samples"][place]), float(gap[place])))


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
    if not copied.size:
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
        f"by {first.rms:.3f} on average (right: by at most {CLOSE:g}){_besides(first)}."
    )


def _besides(verdict: Verdict) -> str:
    """Errors beside that of q, those of quantities of which the theory says something."""
    said = [
        f"its {row.symbol or row.words} by {verdict.misses[row.key].rms:.3f}"
        for row in leading()[1:]
        if np.isfinite(verdict.misses[row.key].rms)
    ]
    return f", {' and '.join(said)}" if said else ""


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
