"""Predictions as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convergen.theory.cli.reports import prediction_words as words
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


@dataclass(frozen=True)
class Findings:
    """Everything that `predict` found, for its texts and its page.

    Attributes
    ----------
    name : str
        SOURCE as the user gave it.
    spectrum : Spectrum
        Population spectrum.
    result : Labelled
        From `convergen.theory.forecast.predict.forecast`.
    answer : PilotAnswer or None
        What it says where the source is a pilot sample.
    """

    name: str
    spectrum: Spectrum
    result: Labelled
    answer: PilotAnswer | None = None


def prediction_text(
    spectrum: Spectrum, prediction: Labelled, answer: PilotAnswer | None = None
) -> str:
    """The answer in words, then tables, then what else they say and how far to trust them.

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
    columns, factors, legend = prediction_columns(prediction)
    if answer is None:  # beside their intervals factors have no room in the first table
        columns, factors = [*columns, *factors[1:]], []
        needed, trust = words.threshold_lines(prediction), words.excess_lines(prediction)
        recovered = words.factor_lines(prediction)
    else:
        from convergen.theory.cli.reports import answer as pilot_words

        needed = [wrapped(pilot_words.needed(answer, list(prediction["level"])))]
        recovered = [wrapped(pilot_words.factors(answer))]
        trust = ["", wrapped(pilot_words.trust(answer))]
    meanings = ", ".join(f"{symbol}: {meaning}" for symbol, meaning in legend.items())
    return "\n".join(
        [
            wrapped(words.first_words(prediction, answer)),
            *needed,
            "",
            heading(spectrum) + _dimension_ends(prediction),
            "",
            _table(columns),
            "",
            *([_table(factors), ""] if len(factors) > 1 else []),
            wrapped(f"{meanings}."),
            *words.eigenspaces(prediction),
            *words.precision(prediction),
            "",
            *recovered,
            *words.memorisation_lines(prediction),
            *_mixture_lines(prediction),
            *trust,
            "",
            wrapped(words.LINEAR),
        ]
    )


Columns = list[tuple[str, list[str]]]


def prediction_columns(prediction: Labelled) -> tuple[Columns, Columns, dict[str, str]]:
    """Titles and cells of the tables; a column without a title holds intervals.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    numbers, factors : list of (str, list of str)
        Order parameters, and the overlap of each factor that can be recovered; n comes first.
    legend : dict of str
        What each symbol means.
    """
    sizes = ("n", [f"{n:.6g}" for n in prediction["samples"]])
    columns: Columns = [sizes, ("n/d", [f"{load:.3g}" for load in prediction["load"]])]
    factors: Columns = [sizes]
    legend: dict[str, str] = {}
    hidden = words.trivial(prediction)
    for row in (row for row in quantities() if row.main and row.key in prediction):
        if "factor" in row.dims:
            shown = [k for k in range(prediction[row.key].shape[1]) if not hidden[k]]
            for k in shown:
                factors += _columns(prediction, row.key, f"{row.symbol}{k + 1}", 3, (..., k))
            legend |= {f"{row.symbol}k": row.meaning or row.words} if shown else {}
        else:
            columns += _columns(prediction, row.key, row.symbol, 4, ...)
            legend[row.symbol] = row.meaning or row.words
    return columns, factors, legend


def _columns(prediction: Labelled, key: str, title: str, digits: int, part: Any) -> Columns:
    """A column of numbers and, where there is one, of their intervals, in no more digits."""
    values = prediction[key][part]
    if f"{key}_low" not in prediction:
        return [(title, [f"{value:.{digits}f}" for value in values])]
    low, high = (prediction[f"{key}_{end}"][part] for end in ("low", "high"))
    ends = [f"({a:.3f}–{b:.3f})" for a, b in zip(low, high, strict=True)]
    return [(title, [f"{value:.3f}" for value in values]), ("", ends)]


def _dimension_ends(prediction: Labelled) -> str:
    """Interval of the effective dimension, where the spectrum is an estimate."""
    if "participation_ratio_low" not in prediction.attributes:
        return ""
    low, high = (prediction.attributes[f"participation_ratio_{end}"] for end in ("low", "high"))
    return f" ({low:.3g} to {high:.3g})"


def _table(columns: Columns) -> str:
    head, cells = zip(*columns, strict=True)
    return table(list(head), [list(row) for row in zip(*cells, strict=True)])


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
