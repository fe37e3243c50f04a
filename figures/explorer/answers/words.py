"""Sentences and the table of numbers of the explorer, as HTML."""

from __future__ import annotations

from html import escape

import numpy as np

from convergen.figures.explorer.answers.curves import DISTANCES, at
from convergen.theory.forecast.subject import Subject
from convergen.theory.messages.text import about
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import Quantity, quantities

# How two models of a given agreement relate, and from which excess m over fresh data they copy.
_STATES = (
    (0.5, "the two models disagree: each repeats much of its own training set"),
    (0.9, "the two models half agree"),
    (np.inf, "the two models have converged to nearly the same law"),
)
_COPYING = 0.05


def subject_words(subject: Subject) -> str:
    """What the numbers are about: a law, the law behind a sample, or a sample.

    Parameters
    ----------
    subject : Subject
        What is predicted.

    Returns
    -------
    str
    """
    spectrum = subject.spectrum
    size = f"{spectrum.dim} dimensions, effectively {about(spectrum.participation_ratio)}"
    if subject.pilot is not None:
        return _soft(
            f"<b>{escape(spectrum.source)}</b>, {size}. The {subject.pilot.points} points are read "
            "as a <b>sample</b>: every number is an estimate for the law behind them, with a 90 % "
            "interval once the sliders rest."
        )
    if subject.amplitudes is not None:
        assert subject.source.data is not None
        return _soft(
            f"<b>{escape(spectrum.source)}</b>, {size}. The {len(subject.source.data)} points are "
            "taken for <b>all there is</b>: no number speaks of points that are not in the file."
        )
    return _soft(
        f"<b>{escape(spectrum.source)}</b>, {size}. The law is known: no number is an estimate "
        "from data."
    )


def _soft(text: str) -> str:
    return f'<p class="soft">{text}</p>'


def remarks_words(subject: Subject, result: Labelled) -> str:
    """What a reader must know of the files, and of repetitions among the points.

    Parameters
    ----------
    subject : Subject
        What is predicted.
    result : Labelled
        Settled curves.

    Returns
    -------
    str
        Empty where there is nothing.
    """
    record = subject.source.record
    lines = [] if record is None else [escape(line) for line in record.remarks()]
    repeated = result.attributes.get("repeated", 0)
    if repeated:
        lines.append(
            f"{repeated} of the points repeat another one, which makes all of this too optimistic: "
            "remove repetitions."
        )
    return _soft(" ".join(lines)) if lines else ""


def answer_words(result: Labelled, n: float) -> str:
    """Where one stands with n samples, in one sentence.

    Parameters
    ----------
    result : Labelled
        Curves.
    n : float
        Number of samples.

    Returns
    -------
    str
    """
    q = float(at(result, "convergence", n))
    state = next(words for limit, words in _STATES if q < limit)
    text = f"With <b>{n:,.0f}</b> samples {state}"
    if "memorisation" in result:
        m, fresh = (float(at(result, key, n)) for key in ("memorisation", "memorisation_baseline"))
        loud = m - fresh > _COPYING * fresh
        text += (
            ", and what they generate lies nearer to their training points than to fresh ones"
            if loud
            else ", and what they generate lies no nearer to training points than to fresh ones"
        )
    return f"{text}."


def number_table(result: Labelled, n: float, *, exact: bool) -> str:
    """All numbers at n, with intervals where there are any.

    Parameters
    ----------
    result : Labelled
        Curves.
    n : float
        Number of samples.
    exact : bool
        Whether they are those of the command line, not of a slider that moves.

    Returns
    -------
    str
        An HTML table; each number has its key as ``data-key``.
    """
    rows = []
    for row in quantities():
        if not (row.main or row.key in DISTANCES):
            continue
        several = "factor" in row.dims
        for k in shown_factors(result) if several else range(1):
            name = f"{row.symbol}<sub>{k + 1}</sub>" if several else escape(row.symbol)
            words = f"recovery of factor {k + 1}" if several else _words(row)
            cell = _cell(result, row.key, n, k, several=several, exact=exact)
            if "∞" in cell:
                words += ", infinite while the model lacks a direction"
            rows.append(
                f'<tr><th><i style="color:{row.colour or "#444"}">{name}</i></th>'
                f'<td class="words">{words}</td>{cell}</tr>'
            )
    return f'<table class="numbers" data-exact="{str(exact).lower()}">{"".join(rows)}</table>'


def shown_factors(result: Labelled) -> list[int]:
    """Factors that are more than one direction of a sea of equal ones.

    Parameters
    ----------
    result : Labelled
        Curves.

    Returns
    -------
    list of int
    """
    if "visible_factors" in result.attributes:
        return list(range(min(len(result["factor"]), result.attributes["visible_factors"])))
    wide = result["multiplicity"] >= 0.5 * result.attributes["dimension"]
    return [k for k in range(len(result["factor"])) if not wide[k]]


def _words(row: Quantity) -> str:
    return escape((row.meaning if row.main else row.words) or row.words)


def _cell(result: Labelled, key: str, n: float, k: int, *, several: bool, exact: bool) -> str:
    """One number; dots where it waits until the sliders rest."""
    if key not in result:
        return '<td class="number">…</td>'
    value = float(np.atleast_1d(at(result, key, n))[k])
    sign = "" if exact else "≈ "
    return (
        f'<td class="number" data-key="{key}{f"[{k}]" * several}" data-value="{value!r}">'
        f"{sign}{_number(value)}{_interval(result, key, n, k)}</td>"
    )


def _interval(result: Labelled, key: str, n: float, k: int) -> str:
    if f"{key}_low" not in result:
        return "<small>no interval</small>" if "interval_level" in result.attributes else ""
    low, high = (float(np.atleast_1d(at(result, f"{key}_{end}", n))[k]) for end in ("low", "high"))
    return f"<small>{_number(low)} to {_number(high)}</small>"


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "∞" if value > 0.0 else "—"
    return f"{value:.3f}" if abs(value) < 100.0 else f"{value:.4g}"
