"""Predictions as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.messages.text import about, plain, table, wrapped
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantities
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    from convergen.theory.forecast.pilot import PilotAnswer


def heading(spectrum: Spectrum) -> str:
    """One line that says what the spectrum is.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.

    Returns
    -------
    str
    """
    rank = "" if spectrum.rank == spectrum.dim else f" ({spectrum.rank} with variance)"
    return (
        f"{spectrum.source}: {spectrum.dim} dimensions{rank}, "
        f"effective dimension {spectrum.participation_ratio:.3g}"
    )


def prediction_text(
    spectrum: Spectrum, prediction: Labelled, answer: PilotAnswer | None = None
) -> str:
    """Table and thresholds in words.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.
    answer : PilotAnswer, optional
        What it says where the source is a pilot sample.

    Returns
    -------
    str
    """
    trivial = _trivial(prediction)
    sizes = [("n", [f"{n:.6g}" for n in prediction["samples"]])]
    columns = [*sizes, ("n/d", [f"{load:.3g}" for load in prediction["load"]])]
    # Beside their intervals factors have no room in the first table.
    factors = [] if answer is None else [*sizes]
    legend = []
    for row in (row for row in quantities() if row.main and row.key in prediction):
        if "factor" in row.dims:
            shown = [k for k in range(prediction[row.key].shape[1]) if not trivial[k]]
            into = columns if answer is None else factors
            for k in shown:
                into += _columns(prediction, row.key, f"{row.symbol}{k + 1}", 3, (..., k))
            legend += [f"{row.symbol}k: {row.meaning or row.words}"] if shown else []
        else:
            columns += _columns(prediction, row.key, row.symbol, 4, ...)
            legend.append(f"{row.symbol}: {row.meaning or row.words}")
    return "\n".join(
        [
            heading(spectrum) + _dimension_ends(prediction),
            "",
            _table(columns),
            "",
            *([_table(factors), ""] if len(factors) > 1 else []),
            wrapped(", ".join(legend) + "."),
            *_eigenspaces(prediction, trivial),
            *_precision(prediction),
            "",
            *(_threshold_lines(prediction, trivial) if answer is None else []),
            *_memorisation_lines(prediction),
            *_mixture_lines(prediction),
            *(excess_lines(prediction) if answer is None else []),
            *_answer_lines(prediction, answer),
        ]
    )


_Columns = list[tuple[str, list[str]]]


def _columns(prediction: Labelled, key: str, title: str, digits: int, part: Any) -> _Columns:
    """A column of numbers and, where there is one, of their intervals."""
    columns = [(title, [f"{value:.{digits}f}" for value in prediction[key][part]])]
    if f"{key}_low" in prediction:
        low, high = (prediction[f"{key}_{end}"][part] for end in ("low", "high"))
        columns.append(("", [f"({a:.3f}–{b:.3f})" for a, b in zip(low, high, strict=True)]))
    return columns


def _dimension_ends(prediction: Labelled) -> str:
    """Interval of the effective dimension, where the spectrum is an estimate."""
    if "participation_ratio_low" not in prediction.attributes:
        return ""
    low, high = (prediction.attributes[f"participation_ratio_{end}"] for end in ("low", "high"))
    return f" ({low:.3g} to {high:.3g})"


def _table(columns: _Columns) -> str:
    head, cells = zip(*columns, strict=True)
    return table(list(head), [list(row) for row in zip(*cells, strict=True)])


def excess_lines(result: Labelled) -> list[str]:
    """How far from Gaussian data are that are all there is.

    Parameters
    ----------
    result : Labelled
        A forecast or a simulation.

    Returns
    -------
    list of str
        Empty where the law is known.
    """
    excess = result.attributes.get("gap_over_gaussian")
    if excess is None:
        return []
    if result.attributes["amplitude_second_moment"] == 1.0:
        return ["", "Points differ in amplitude no more than Gaussian ones do."]
    return [
        "",
        wrapped(
            f"At large n, 1 − q is expected {excess:.3g} times the Gaussian value, because points "
            "differ in amplitude (contrast, brightness); all predictions but Qk and KL are for "
            "such data."
        ),
    ]


def _trivial(prediction: Labelled) -> NDArray[np.bool_]:
    """Factors in an eigenspace so wide that chance alone gives them half of its overlap or more."""
    if "visible_factors" in prediction.attributes:  # a pilot: what it does not show is no factor
        return np.asarray(prediction["factor"] > prediction.attributes["visible_factors"])
    return np.asarray(prediction["multiplicity"] >= 0.5 * prediction.attributes["dimension"])


def _eigenspaces(prediction: Labelled, trivial: NDArray[np.bool_]) -> list[str]:
    """A line for each group of equal eigenvalues, whose overlap is high by chance alone."""
    if "visible_factors" in prediction.attributes:
        return []
    multiplicity, dim = prediction["multiplicity"], prediction.attributes["dimension"]
    eigenvalue = prediction["eigenvalue"]
    lines = []
    for value in dict.fromkeys(eigenvalue[multiplicity > 1]):
        members = np.flatnonzero(eigenvalue == value) + 1
        size = multiplicity[members[0] - 1]
        which = f"{members[0]}" if members.size == 1 else f"{members[0]}–{members[-1]}"
        if trivial[members[0] - 1]:
            lines.append(
                f"Factor{'s' * (members.size > 1)} {which}: equal variance in {size} of {dim} "
                "directions, nothing to recover."
            )
        else:
            lines.append(
                f"Q{which}: overlap with an eigenspace of dimension {size}; chance is "
                f"{size / dim:.3g}."
            )
    return lines


def _precision(prediction: Labelled) -> list[str]:
    """How exact the simulated part of the table is."""
    error = prediction["memorisation_stderr"].max()
    return [] if error == 0.0 else [f"Standard errors of m are at most {error:.1g}."]


def _threshold_lines(prediction: Labelled, trivial: NDArray[np.bool_]) -> list[str]:
    lines = []
    for level, n in zip(prediction["level"], prediction["convergence_samples"], strict=True):
        if np.isinf(n):
            lines.append(f"Two models agree to q = {level:g} at no finite n.")
        else:
            lines.append(f"Two models agree to q = {level:g} from n = {about(n)} on.")
    start = prediction["recovery_threshold"]
    known = {k + 1: n for k, n in enumerate(start) if not trivial[k]}
    return [*lines, *recovery_lines(known)]


def recovery_lines(start: dict[int, float]) -> list[str]:
    """From which n factors are recovered, and what that means.

    Parameters
    ----------
    start : dict of int to float
        Threshold of the limit law by number of the factor, those that can be recovered.

    Returns
    -------
    list of str
        Empty if there are none.
    """
    if not start:
        return []
    known = [f"factor {k} from n = {about(max(n, 1.0))} on" for k, n in start.items() if n < np.inf]
    never = [f"factor {k} at no n" for k, n in start.items() if n == np.inf]
    return [
        wrapped(f"Recovered in the limit of large d: {', '.join(known + never)}."),
        "At finite d the transition is smooth: Qk rises before and after.",
    ]


def _memorisation_lines(prediction: Labelled) -> list[str]:
    baseline = prediction["memorisation_baseline"]
    quiet = prediction["memorisation"] - baseline < 0.05 * baseline
    n = prediction["samples"]
    loud = np.flatnonzero(~quiet)
    if loud.size == 0:
        return ["Memorisation is within 5 % of its fresh-data baseline at every n listed."]
    if loud[-1] == n.size - 1:
        return [f"At n = {about(n[-1])} memorisation still exceeds its fresh-data baseline by 5 %."]
    return [
        "Of the n listed, memorisation is within 5 % of its fresh-data baseline from "
        f"n = {about(n[loud[-1] + 1])} on."
    ]


def _answer_lines(prediction: Labelled, answer: PilotAnswer | None) -> list[str]:
    """What a pilot says, in words."""
    if answer is None:
        return []
    # Known laws need nothing of this.
    from convergen.theory.cli.answer import answer_text

    return ["", answer_text(answer, list(prediction["level"]))]


def _mixture_lines(prediction: Labelled) -> list[str]:
    """What only mixtures have."""
    if "speciation_noise" not in prediction:
        return []
    lines = ["", f"Components appear at noise σ = {prediction['speciation_noise'].item():.4g}."]
    if "mean_recovery_linear" in prediction:
        rows = [
            [f"{n:.6g}", f"{linear:.4f}", f"{bayes:.4f}"]
            for n, linear, bayes in zip(
                prediction["samples"],
                prediction["mean_recovery_linear"],
                prediction["mean_recovery_bayes"],
                strict=True,
            )
        ]
        lines += [
            "Squared overlap of the learnt means with the true ones:",
            "",
            table(["n", "linear", "Bayes-optimal"], rows),
            "",
            f"Principal components see the means from n = "
            f"{about(prediction['mean_threshold_linear'].item())} on; they can be known at all "
            f"from n = {about(prediction['mean_threshold_information'].item())} on.",
        ]
    return lines


def prediction_json(name: str, spectrum: Spectrum, prediction: Labelled) -> dict[str, Any]:
    """The prediction as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    spectrum : Spectrum
        Population spectrum.
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    dict
        Infinities and NaN are None, for JSON has neither.
    """
    result: dict[str, Any] = {
        "source": name,
        "dimension": spectrum.dim,
        "samples": plain(prediction["samples"]),
    }
    for key, (dims, values, _) in prediction.variables.items():
        if "samples" in dims:
            result[key] = plain(values)
    levels = [f"{level:g}" for level in prediction["level"]]
    sizes = plain(prediction["convergence_samples"])
    result["thresholds"] = {
        "convergence": dict(zip(levels, sizes, strict=True)),
        **{
            f"convergence_{end}": dict(
                zip(levels, plain(prediction[f"convergence_samples_{end}"]), strict=True)
            )
            for end in ("low", "high")
            if f"convergence_samples_{end}" in prediction
        },
        "latent_recovery": plain(prediction["recovery_threshold"]),
        **{
            f"latent_recovery_{end}": plain(prediction[f"recovery_threshold_{end}"])
            for end in ("low", "high")
            if f"recovery_threshold_{end}" in prediction
        },
    }
    result["attributes"] = {key: plain(value) for key, value in prediction.attributes.items()}
    return result
