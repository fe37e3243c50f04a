"""What a validation says, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.validate import words
from convergen.empirical.validate.theories.linear_laws import LAW_WORDS
from convergen.empirical.validate.validate import CLOSE, leading
from convergen.theory.messages.text import plain, rounded, table, wrapped
from convergen.theory.quantities.table import Quantity, compared

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.declared.declaration import Experiment


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
    lines = [wrapped(words.measured(found)), wrapped(words.best(found)), ""]
    lines += [title(experiment), ""]
    for row in (row for row in compared() if row.leads):
        head, rows = comparison(found, row)
        shown = [[f"{cell} {beside}".strip() for cell, beside in each] for each in rows]
        lines += [heading(row, found), table(head, shown), ""]
    lines += [wrapped(errors(found)), "", table(*verdict_rows(found)), wrapped(OFF), ""]
    meanings = theory_meanings(found)
    lines += [wrapped(f"{name}: {meaning}.", indent=2) for name, meaning in meanings.items()]
    return "\n".join([*lines, "", spread(found), *map(wrapped, calibrations(found))])


def title(experiment: Experiment) -> str:
    """What was trained on what.

    Parameters
    ----------
    experiment : Experiment
        What was trained.

    Returns
    -------
    str
    """
    model = Path(experiment.model["name"]).name
    return f"{experiment.name}: {model} on {experiment.data['kind']}"


def heading(row: Quantity, found: xr.Dataset) -> str:
    """What a table of one quantity shows.

    Parameters
    ----------
    row : Quantity
        Which.
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    str
    """
    leading = "factor" in row.dims
    symbol, which = f" {row.symbol}{'1' * leading}".rstrip(), " of the leading factor" * leading
    return f"{row.words}{symbol}{which}, measured and predicted{' (z)' * _scored(found)}"


def errors(found: xr.Dataset) -> str:
    """What stands beside the numbers.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    str
    """
    if not _scored(found):
        return (
            "One seed: how far such networks scatter is not known, so there are neither error bars "
            "nor z-scores. Train several (--seeds 0,1,2) to see them."
        )
    return (
        "±: standard error over the seeds; z: difference over its error, as the normal score of "
        "Student's t with one degree of freedom less than seeds."
    )


def _scored(found: xr.Dataset) -> bool:
    """Whether there are seeds enough for errors."""
    return bool(found["convergence_stderr"].notnull().any())


def theory_meanings(found: xr.Dataset) -> dict[str, str]:
    """What each theory is.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    dict of str
        A line by its name.
    """
    from convergen.empirical.models.table import SOLVABLE

    names = map(str, found["theory"].values)
    return {name: LAW_WORDS.get(name) or SOLVABLE.find(name).description for name in names}


OFF = (
    "Off by: the root mean square over n of predicted less measured, and the largest of them. A "
    "dash: the theory says nothing of it."
)


def comparison(found: xr.Dataset, row: Quantity) -> tuple[list[str], list[list[tuple[str, str]]]]:
    """One quantity, measured beside every theory.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.
    row : Quantity
        Which; of factors the leading one.

    Returns
    -------
    head : list of str
        Titles.
    rows : list of list of (str, str)
        Each number, and its error or score; one row for each n.
    """
    theories, quantity = [str(name) for name in found["theory"].values], row.key
    leading = {"factor": 0} if "factor" in found[quantity].dims else {}
    part = found.isel(leading)
    rows = []
    for i, n in enumerate(part["samples"].values):
        mean, error = float(part[quantity][i]), float(part[f"{quantity}_stderr"][i])
        cells = [(str(n), ""), (f"{mean:.3f}", "" if np.isnan(error) else f"± {error:.3f}")]
        for name in theories:
            here = part.sel(theory=name).isel(samples=i)
            expected, z = float(here[f"{quantity}_predicted"]), float(here[f"{quantity}_z"])
            score = "" if np.isnan(z) else f"({z:+.1f})"
            cells.append(("–", "") if np.isnan(expected) else (f"{expected:.3f}", score))
        rows.append(cells)
    return ["n", "measured", *theories], rows


def verdict_rows(found: xr.Dataset) -> tuple[list[str], list[list[str]]]:
    """Where each theory holds and where it fails.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    head : list of str
        Titles.
    rows : list of list of str
        One for each theory.
    """
    judged = leading()
    rows = []
    for each in words.verdicts(found):
        misses = [_miss(each.misses[row.key]) for row in judged]
        rows.append([each.name, *misses, words.listed(each.holds), words.listed(each.fails)])
    errors_of = [f"{row.symbol or row.words} off by" for row in judged]
    return ["theory", *errors_of, f"q within {CLOSE:g} at n", "not so at n"], rows


def _miss(miss: words.Miss) -> str:
    """An error and where it is largest."""
    if miss.worst is None:
        return "–"
    n, gap = miss.worst
    return f"{miss.rms:.3f} ({gap:+.2f} at {n})"


def spread(found: xr.Dataset) -> str:
    """How much generated samples vary.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    str
    """
    low, high = float(found["variance_ratio"].min()), float(found["variance_ratio"].max())
    ends = dict.fromkeys(f"{end:.2f}" for end in (low, high))
    return f"Variance of generated over true samples: {' to '.join(ends)}; 1 is right."


def calibrations(found: xr.Dataset) -> list[str]:
    """Which theories were calibrated, and on what.

    Parameters
    ----------
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.

    Returns
    -------
    list of str
    """
    notes = json.loads(found.attrs.get("calibrations", "{}"))
    return [
        f"{name} was calibrated on one pair at n = {note['calibrated_at']}, and is not held "
        f"against it: a point is memorised by {rounded(note['constant'], 2)} "
        f"({rounded(note['constant_low'], 2)} to {rounded(note['constant_high'], 2)}) images of "
        "training, each weighed by the learning rate over its largest."
        for name, note in notes.items()
    ]


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
        theory ``predicted`` and ``z``; by theory ``rms`` of q, m and the share of copies, and
        ``holds``. Lists run along n; null for unknown.
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
        "rms": {
            name: {
                row.key: plain(float(found[f"{row.key}_rms"].sel(theory=name))) for row in leading()
            }
            for name in theories
        },
        "holds": {name: found["holds"].sel(theory=name).values.tolist() for name in theories},
    }
