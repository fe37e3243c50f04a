"""What a validation says, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.validate.validate import CLOSE, COMPARED
from convergen.theory.common.text import plain, table

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
    lines = [f"{experiment.name}: {experiment.model['name']} on {experiment.data['kind']}", ""]
    for quantity, words in (
        ("convergence", "convergence q"),
        ("memorisation", "memorisation m"),
        ("latent_recovery", "recovery Q1 of the leading factor"),
    ):
        lines += [f"{words}, measured and predicted (z)", _table(found, quantity, theories), ""]
    lines += [_spread(found), *_verdicts(found, theories)]
    return "\n".join(lines)


def _table(found: xr.Dataset, quantity: str, theories: list[str]) -> str:
    leading = {"factor": 0} if "factor" in found[quantity].dims else {}
    part = found.isel(leading)
    rows = []
    for i, n in enumerate(part["samples"].values):
        mean, error = float(part[quantity][i]), float(part[f"{quantity}_stderr"][i])
        row = [str(n), f"{mean:.3f}" + ("" if np.isnan(error) else f" ± {error:.3f}")]
        for name in theories:
            here = part.sel(theory=name).isel(samples=i)
            expected, z = float(here[f"{quantity}_predicted"]), float(here[f"{quantity}_z"])
            score = "" if np.isnan(z) else f" ({z:+.1f})"
            row.append("–" if np.isnan(expected) else f"{expected:.3f}{score}")
        rows.append(row)
    return table(["n", "measured", *theories], rows)


def _spread(found: xr.Dataset) -> str:
    low, high = float(found["variance_ratio"].min()), float(found["variance_ratio"].max())
    return f"Variance of generated over true samples: {low:.2f} … {high:.2f}."


def _verdicts(found: xr.Dataset, theories: list[str]) -> list[str]:
    lines = []
    for name in theories:
        holds = found["holds"].sel(theory=name).values
        n = [str(n) for n in found["samples"].values[holds]]
        where = f"at n = {', '.join(n)}" if n else "at none of these n"
        lines.append(f"The {name} predicts q within {CLOSE:g} {where}.")
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
    for name in COMPARED:
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
