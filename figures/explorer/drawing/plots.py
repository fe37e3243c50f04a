"""Which lines the figures over n show, and what fills them."""

from __future__ import annotations

from typing import Any

import numpy as np

from convergen.figures.explorer.answers.curves import DISTANCES
from convergen.figures.explorer.answers.state import MOST_FACTORS
from convergen.figures.explorer.answers.words import shown_factors
from convergen.figures.explorer.drawing.lines import Curves
from convergen.figures.looks.style import family, look_of
from convergen.theory.common.checks import FloatArray
from convergen.theory.messages.text import about
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity

OVERLAPS = ("memorisation", "memorisation_baseline", "convergence", "convergence_to_truth")
_DASHES = {"-": "solid", "--": "dashed", "-.": "dashdot", ":": "dotted"}
# Short words of those that stand beside another one.
_BESIDE = {"memorisation_baseline": "m of fresh data", "convergence_to_truth": "q* to the truth"}


def overlap_curves() -> Curves:
    """Memorisation, convergence and convergence to the truth."""
    lines = {key: _line(key) for key in OVERLAPS}
    return Curves("overlaps", "Memorisation and convergence", "overlap", lines)


def recovery_curves() -> Curves:
    """Recovery of the leading factors: at finite size, and sharp while something moves."""
    lines = {
        f"Q{k + 1}": (look.colour, _dash(look.line), f"factor {k + 1}")
        for k, look in enumerate(family("latent_recovery", MOST_FACTORS))
    }
    return Curves("recovery", "Recovery of latent factors", "squared overlap Q", lines)


def distance_curves() -> Curves:
    """Two distances between the model and the truth, on one logarithmic axis."""
    names = ("W₂²/Tr Σ, Bures–Wasserstein", "KL divergence, nats")
    lines = {
        key: (colour, dash, name)
        for key, name, colour, dash in zip(
            DISTANCES, names, (look_of(DISTANCES[0]).colour, "#7a5195"), ("solid", "dashdot"),
            strict=True,
        )
    }  # fmt: skip
    return Curves("distances", "Distance from the truth", "distance", lines, log=True)


def fill_all(
    overlaps: Curves, recovery: Curves, distances: Curves, result: Labelled, *, exact: bool
) -> None:
    """Draw curves and thresholds in all three figures.

    Parameters
    ----------
    overlaps, recovery, distances : Curves
        The figures.
    result : Labelled
        Settled or moving curves.
    exact : bool
        Whether they are settled.
    """
    n = result["samples"].tolist()
    present = [key for key in OVERLAPS if key in result]
    overlaps.fill(n, {key: result[key] for key in present}, _bands(result, present))
    key = "latent_recovery_finite_size" if exact else "latent_recovery"
    factors = shown_factors(result)
    columns: dict[str, FloatArray] = {}
    bands: dict[str, FloatArray] = {}
    if key in result:
        columns = {f"Q{k + 1}": result[key][:, k] for k in factors}
        if f"{key}_low" in result:
            for end in ("low", "high"):
                bands |= {f"Q{k + 1}_{end}": result[f"{key}_{end}"][:, k] for k in factors}
    recovery.fill(n, columns, bands, _recovery_note(result, factors, columns, exact=exact))
    drawn = {key: result[key] for key in DISTANCES if key in result}
    distances.fill(n, drawn, {}, "" if len(drawn) == 2 else "W₂² follows when the slider rests.")
    blue = quantity("convergence").colour
    overlaps.mark(
        [
            (needed, f"q = {level:g} from n = {about(needed)}", blue)
            for level, needed in zip(result["level"], result["convergence_samples"], strict=True)
        ]
    )
    starts, looks = result["recovery_threshold"], family("latent_recovery", MOST_FACTORS)
    recovery.mark(
        [
            (starts[k], f"factor {k + 1} from n = {about(starts[k])}", looks[k].colour)
            for k in factors
        ]
    )


def _recovery_note(
    result: Labelled, factors: list[int], columns: dict[str, Any], *, exact: bool
) -> str:
    if not factors:
        return "Nothing to recover: all directions are alike."
    if exact:
        unsaid = [str(k + 1) for k in factors if np.isnan(result["recovery_threshold"][k])]
        return (
            f"Too close to each other to say from when: factor{'s' * (len(unsaid) > 1)} "
            f"{', '.join(unsaid)}."
            if unsaid
            else ""
        )
    return "Limit of large d while moving." if columns else "Follows when the slider rests."


def _line(key: str) -> tuple[str, Any, str]:
    row, look = quantity(key), look_of(key)
    return look.colour, _dash(look.line), _BESIDE.get(key, f"{row.words} {row.symbol}")


def _dash(line: Any) -> Any:
    return _DASHES.get(line) or [round(2 * part) for part in line[1]]


def _bands(result: Labelled, keys: list[str]) -> dict[str, Any]:
    names = [f"{key}_{end}" for key in keys for end in ("low", "high")]
    return {name: result[name] for name in names if name in result}
