"""What a validation says, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.validate.validate import CLOSE
from convergen.theory.messages.text import plain, table, wrapped
from convergen.theory.quantities.table import Quantity, compared

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.declaration import Experiment


def validation_text(experiment: Experiment, found: xr.Dataset) -> str:
    """Measurement beside each theory, and where each holds.

    Parameters
    ----------
    experiment : Experiment
        What was trained.
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    str
    """
    theories = [str(name) for name in found["theory"].values]
    model = Path(experiment.model["name"]).name
    lines = [f"{experiment.name}: {model} on {experiment.data['kind']}", ""]
    for row in (row for row in compared() if row.leads):
        leading = "factor" in row.dims
        symbol, which = f"{row.symbol}{'1' * leading}", " of the leading factor" * leading
        lines += [
            f"{row.words} {symbol}{which}, measured and predicted (z)",
            _table(found, row, theories),
            "",
        ]
    lines += [wrapped(_ERRORS), "", _spread(found), *_verdicts(found, theories)]
    return "\n".join(lines)


_ERRORS = (
    "±: standard error over the seeds; z: difference over its error, as the normal score of "
    "Student's t with one degree of freedom less than seeds."
)


def _table(found: xr.Dataset, row: Quantity, theories: list[str]) -> str:
    quantity = row.key
    leading = {"factor": 0} if "factor" in found[quantity].dims else {}
    part = found.isel(leading)
    rows = []
    for i, n in enumerate(part["samples"].values):
        mean, error = float(part[quantity][i]), float(part[f"{quantity}_stderr"][i])
        cells = [str(n), f"{mean:.3f}" + ("" if np.isnan(error) else f" ± {error:.3f}")]
        for name in theories:
            here = part.sel(theory=name).isel(samples=i)
            expected, z = float(here[f"{quantity}_predicted"]), float(here[f"{quantity}_z"])
            score = "" if np.isnan(z) else f" ({z:+.1f})"
            cells.append("–" if np.isnan(expected) else f"{expected:.3f}{score}")
        rows.append(cells)
    return table(["n", "measured", *theories], rows)


def _spread(found: xr.Dataset) -> str:
    low, high = float(found["variance_ratio"].min()), float(found["variance_ratio"].max())
    return f"Variance of generated over true samples: {low:.2f} … {high:.2f}."


def _verdicts(found: xr.Dataset, theories: list[str]) -> list[str]:
    lines = []
    for name in theories:
        holds = found["holds"].sel(theory=name).values
        n = [str(n) for n in found["samples"].values[holds]]
        lines.append(
            f"{name}: its q is within {CLOSE:g} of the measured one at "
            + (f"n = {', '.join(n)}" if n else "none of these n")
            + f"; rms {float(found['q_rms'].sel(theory=name)):.3f}."
        )
    for name, note in json.loads(found.attrs.get("calibrations", "{}")).items():
        lines.append(
            wrapped(
                f"{name} was calibrated on one pair at n = {note['calibrated_at']} (– above): a "
                f"point is memorised by {note['constant']:.0f} ({note['constant_low']:.0f} to "
                f"{note['constant_high']:.0f}) learning-rate-weighted images."
            )
        )
    return lines


def validation_json(experiment: Experiment, found: xr.Dataset) -> dict[str, Any]:
    """The numbers of a validation.

    Parameters
    ----------
    experiment : Experiment
        What was trained.
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    dict
        ``name``, ``samples``, ``theories``; for each quantity ``measured``, ``stderr``, and by
        theory ``predicted`` and ``z``; ``holds`` by theory. Lists run along n; null for unknown.
    """
    theories = [str(name) for name in found["theory"].values]
    quantities = {}
    for name in (row.key for row in compared()):
        by_theory = {
            theory: {
                key: plain(
                    found[f"{name}_{key}"].sel(theory=theory).transpose("samples", ...).values
                )
                for key in ("predicted", "z")
            }
            for theory in theories
        }
        quantities[name] = {
            "measured": plain(found[name].transpose("samples", ...).values),
            "stderr": plain(found[f"{name}_stderr"].transpose("samples", ...).values),
            "theories": by_theory,
        }
    return {
        "name": experiment.name,
        "samples": found["samples"].values.tolist(),
        "theories": theories,
        "quantities": quantities,
        "holds": {name: found["holds"].sel(theory=name).values.tolist() for name in theories},
    }
