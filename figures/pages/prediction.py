"""The page of `predict`: whether the data are enough, how many would be, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.pages.elements import chart, definitions, paragraph, section, table
from convergen.figures.pages.frame import Answer, document
from convergen.figures.plots.single_panels import draw_overlaps, draw_recovery
from convergen.theory.cli.reports import prediction_words as words
from convergen.theory.messages.glossary import glossary
from convergen.theory.messages.text import about

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.cli.reports.report import Columns, Findings

# Levels of q at which alternative texts of curves say where they are.
_SAID = (0.1, 0.5, 0.9)


def page(found: Findings, curves: xr.Dataset, command: str = "") -> str:
    """The page as text.

    Parameters
    ----------
    found : Findings
        From `predict`.
    curves : xarray.Dataset
        The same prediction on a dense grid of n.
    command : str
        What was typed to get it.

    Returns
    -------
    str
        HTML, its pictures inside.
    """
    from convergen.theory.cli.reports.report import heading, prediction_columns
    from convergen.theory.common.versions import made_by

    result, answer = found.result, found.answer
    numbers, factors, legend = prediction_columns(result)
    here = None if answer is None else float(answer.points)
    return document(
        f"convergen: {found.name}",
        _answers(found),
        [
            section("When do two models agree?", _agreement(curves, here), key="agreement"),
            section("How many samples?", _needed(found), key="needed"),
            section("How far to trust it", *map(paragraph, _trust(found)), key="trust"),
            section("Until when does a model repeat its training set?",
                    _memorisation(curves, here),
                    paragraph(" ".join(words.memorisation_lines(result))), key="memorisation"),
            section("Which factors of the data are learnt?", _recovery(found, curves),
                    _table(factors, "Overlap of each learnt factor with the true one")
                    if len(factors) > 1 else "",
                    *map(paragraph, words.eigenspaces(result)), key="factors"),
            section("The numbers", paragraph(heading(found.spectrum)),
                    _table(numbers, "Predictions by number of training samples"),
                    definitions(legend), *map(paragraph, words.precision(result)), key="numbers"),
        ],
        glossary=glossary("n", "n/d", "q, convergence", "m, memorisation", "factor",
                          "linear model", interval="9 of 10"),
        settings=made_by(command, result.attributes.get("seed")),
    )  # fmt: skip


def _answers(found: Findings) -> list[Answer]:
    answer = found.answer
    first = words.first_words(found.result, answer)
    if answer is None:
        return [Answer(first)]
    from convergen.theory.cli.reports.answer import needed

    enough = answer.today.value >= words.AGREED
    levels = list(found.result["level"])
    return [Answer(first, "plain" if enough else "doubt"), Answer(needed(answer, levels))]


def _agreement(curves: xr.Dataset, here: float | None) -> str:
    n, q = curves["samples"].values, curves["convergence"].values
    crossed = [
        f"{level:g} at n = {about(np.interp(level, q, n))}"
        for level in _SAID
        if q[0] < level < q[-1]
    ]
    band = "" if here is None else f" The band is what {here:g} points leave open."
    return chart(
        draw_overlaps(curves, ("convergence", "convergence_to_truth"), "agreement", here),
        f"Agreement q against the number of training samples n: {', '.join(crossed) or 'flat'}.",
        "Solid: how much two models agree that were trained on n other points each. Dashed: how "
        f"much one of them agrees with the truth.{band}",
    )


def _needed(found: Findings) -> str:
    result = found.result
    sizes = [_size(each) for each in result["convergence_samples"]]
    columns: Columns = [
        ("agreement q", [f"{level:g}" for level in result["level"]]),
        ("training samples n", sizes),
    ]
    if "convergence_samples_low" in result:
        low, high = (result[f"convergence_samples_{end}"] for end in ("low", "high"))
        ends = [f"({_size(a)} to {_size(b)})" for a, b in zip(low, high, strict=True)]
        columns.append(("", ends))
    return _table(columns, "Samples that each of two models needs")


def _size(n: float) -> str:
    return about(max(n, 1.0)) if np.isfinite(n) else "∞"


def _trust(found: Findings) -> list[str]:
    if found.answer is None:
        return [*words.excess_lines(found.result), words.LINEAR]
    from convergen.theory.cli.reports.answer import trust

    return [trust(found.answer), words.LINEAR]


def _memorisation(curves: xr.Dataset, here: float | None) -> str:
    beyond = (curves["memorisation"] - curves["memorisation_baseline"]).values
    n = curves["samples"].values
    return chart(
        draw_overlaps(
            curves, ("memorisation", "memorisation_baseline"), "likeness to training set", here
        ),
        f"Memorisation m against n: {beyond[0]:.2f} above fresh data at n = {about(n[0])}, "
        f"{beyond[-1]:.3f} at n = {about(n[-1])}.",
        "Solid: how like their nearest training point generated samples are. Dotted: the same for "
        "data that no model has seen. What lies between is memorisation.",
    )


def _recovery(found: Findings, curves: xr.Dataset) -> str:
    if found.answer is None:
        said = " ".join(words.factor_lines(found.result))
        shown = bool(said)
    else:
        from convergen.theory.cli.reports.answer import factors

        said = factors(found.answer)
        shown = found.answer.factors.value.size > 0
    if not shown:
        return paragraph(said)
    return chart(
        draw_recovery(curves), said,
        "How much of each leading factor (a direction in which the data vary most) a model has "
        "learnt: 1 is all of it.",
    ) + paragraph(said)  # fmt: skip


def _table(columns: Columns, caption: str) -> str:
    head, cells = zip(*columns, strict=True)
    return table(list(head), [list(row) for row in zip(*cells, strict=True)], caption=caption)
