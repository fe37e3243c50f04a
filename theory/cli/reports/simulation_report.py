"""Measurements on finite models beside their predictions, as text and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from convergen.theory.cli.reports.prediction_words import eigenspaces, excess_lines, trivial
from convergen.theory.cli.reports.report import heading
from convergen.theory.messages.text import about, plain, table, wrapped
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import Quantity, quantities
from convergen.theory.spectra.spectrum import Spectrum

# How often chance alone may be called a difference.
_CHANCE = 0.05


def simulation_text(spectrum: Spectrum, result: Labelled) -> str:
    """Prediction, measurement and z-score side by side.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    result : Labelled
        From `convergen.theory.finite_size.simulate.simulated`.

    Returns
    -------
    str
    """
    rows = []
    # Data whose law is known have one law alone.
    known = any(key.endswith("_gaussian") for key in result.variables)
    for row in (row for row in quantities() if row.symbol and row.measurement):
        for label, index in _entries(result, row):
            rows.append([""] * (6 + known))
            for i, n in enumerate(result["samples"]):
                cells = _comparison(result, row.key, (i, *index))
                gaussian = f"{row.key}_gaussian"
                shown = f"{result[gaussian][(i, *index)]:.5g}" if gaussian in result else ""
                rows.append([label, f"{n:.6g}", cells[0], *[shown] * known, *cells[1:]])
    repeats = result.attributes["repeats"]
    lines = [
        wrapped(_agreement(result)),
        "",
        f"{heading(spectrum)}; {repeats} pairs of training sets, seed {result.attributes['seed']}",
        "",
        table(["quantity", "n", "predicted", *["Gaussian"] * known, "measured", "±", "z"], rows),
        "",
        wrapped(
            f"±: standard error over {repeats} repeats; z: difference over the errors of both, as "
            f"the normal score of Student's t with {repeats - 1} degree{'s' * (repeats > 2)} of "
            "freedom."
        ),
        *eigenspaces(result),
        *_infinite_lines(result),
        *excess_lines(result),
    ]
    if "convergence" in result:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = (1.0 - result["convergence"]) / (1.0 - result["convergence_predicted"])
        shown = ", ".join(
            f"{value:.3f} (n = {n:g})"
            for n, value in zip(result["samples"], ratio, strict=True)
            if np.isfinite(value)
        )
        lines += ["", f"1 − q, measured / predicted: {shown}."] if shown else []
    return "\n".join(lines)


def _agreement(result: Labelled) -> str:
    """Whether prediction and measurement agree, the number of comparisons allowed for."""
    from scipy.special import ndtri

    found = [
        (abs(float(z)), f"{label} at n = {about(n)}", f"{z:+.1f}", (row.key, (i, *index)))
        for row in (row for row in quantities() if row.symbol and row.measurement)
        for label, index in _entries(result, row)
        for i, n in enumerate(result["samples"])
        if np.isfinite(z := result[f"{row.key}_z"][(i, *index)])
    ]
    if not found:
        return "Nothing can be said of the agreement: there is no error to compare with."
    size, place, shown, (key, cell) = max(found)
    count = f"{len(found)} comparison{'s' * (len(found) > 1)}"
    if size <= -ndtri(0.5 * _CHANCE / len(found)):
        return (
            f"Prediction and measurement agree: of {count}, the largest difference, z = {shown} "
            f"({place}), is no more than chance."
        )
    measured, expected = (float(result[f"{key}{end}"][cell]) for end in ("", "_predicted"))
    return (
        f"Prediction and measurement differ: of {count}, the largest difference, z = {shown} "
        f"({place}: {measured:.5g} measured, {expected:.5g} predicted), is more than chance. "
        f"The law is that of large d, and d is {result.attributes['dimension']} here."
    )


def _infinite_lines(result: Labelled) -> list[str]:
    """A word on every quantity that was measured to be infinite where the law is finite."""
    lines = []
    for row in (row for row in quantities() if row.symbol and row.measurement):
        if row.key not in result:
            continue
        found = np.isinf(result[row.key]) & np.isfinite(result[f"{row.key}_predicted"])
        n = result["samples"][found.reshape(found.shape[0], -1).any(axis=1)]
        if n.size:
            lines.append(
                f"{row.symbol} is infinite at n = {', '.join(about(each) for each in n)}: some "
                "training set has no variance along a direction of the data, which the law for "
                "Gaussian data excludes; a ridge makes it finite."
            )
        law = np.isinf(result[f"{row.key}_predicted"])
        n = result["samples"][law.reshape(law.shape[0], -1).any(axis=1)]
        if n.size:
            lines.append(
                f"{row.symbol} is infinite in theory at n = {', '.join(map(about, n))}: so few "
                "points leave directions without variance; a ridge makes it finite."
            )
    return [wrapped(line) for line in lines]


def _entries(result: Labelled, row: Quantity) -> list[tuple[str, tuple[int, ...]]]:
    """Labels of one quantity: one for each factor or noise level; none where there are both."""
    if row.key not in result:
        return []
    further = row.dims[1:]
    if further == ("factor",):
        shown = np.flatnonzero(~trivial(result))
        return [(f"{row.symbol}{result['factor'][i]:g}", (int(i),)) for i in shown]
    if further == ("sigma",):
        return [(f"{row.symbol}, σ = {s:.3g}", (j,)) for j, s in enumerate(result["sigma"])]
    return [] if further else [(row.symbol, ())]


def _comparison(result: Labelled, name: str, index: tuple[int, ...]) -> list[str]:
    expected, mean, stderr, z = (
        float(result[f"{name}{ending}"][index]) for ending in ("_predicted", "", "_stderr", "_z")
    )
    spread = "" if np.isnan(stderr) else f"{stderr:.2g}"
    return [f"{expected:.5g}", f"{mean:.5g}", spread, "" if np.isnan(z) else f"{z:+.1f}"]


def simulation_json(name: str, result: Labelled) -> dict[str, Any]:
    """The comparison as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    result : Labelled
        From `convergen.theory.finite_size.simulate.simulated`.

    Returns
    -------
    dict
    """
    endings = {"measured": "", "stderr": "_stderr", "predicted": "_predicted", "z": "_z"}
    endings["gaussian"] = "_gaussian"
    quantities = [key[:-2] for key in result.variables if key.endswith("_z")]
    return {
        "source": name,
        "dimension": result.attributes["dimension"],
        "samples": plain(result["samples"]),
        "quantities": {
            key: {
                label: plain(result[key + end])
                for label, end in endings.items()
                if key + end in result
            }
            for key in quantities
        },
        "attributes": {key: plain(value) for key, value in result.attributes.items()},
    }
