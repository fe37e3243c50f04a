"""The page of `plan`: what further samples would gain, and how many a wish takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergen.figures.pages.elements import chart, definitions, paragraph, section, table
from convergen.figures.pages.frame import Answer, document
from convergen.figures.plots.plan import draw_one, panels
from convergen.theory.cli.reports import plan_report as report
from convergen.theory.cli.reports.plan_answer import plan_answers, plan_trust, standing
from convergen.theory.cli.reports.prediction_words import LINEAR
from convergen.theory.messages.glossary import glossary
from convergen.theory.messages.text import about
from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.forecast.planning.plan import PlanAnswer
    from convergen.theory.forecast.planning.request import PlanRequest
    from convergen.theory.quantities.labelled import Labelled

_CAPTIONS = {
    "convergence": "How much two models agree that were trained on n other samples each, and how "
    "much one of them agrees with the truth. Points: the rows of the table; dotted: what is at "
    "hand, and what the budget pays for.",
    "recovered_factors": "How many of the leading factors (directions in which the data vary most) "
    "a model has learnt.",
    "test_error_ratio": "The error of a model on clean images that it has not seen, over the least "
    "that is possible: 1 is the limit.",
}


def page(
    request: PlanRequest, result: Labelled, answer: PlanAnswer, curves: xr.Dataset,
    command: str = "",
) -> str:  # fmt: skip
    """The page as text.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    result : Labelled
        From `theory.forecast.planning.plan.planned`.
    answer : PlanAnswer
        From the same.
    curves : xarray.Dataset
        The same on a dense grid of n.
    command : str
        What was typed to get it.

    Returns
    -------
    str
        HTML, its pictures inside.
    """
    from convergen.theory.cli.reports.report import heading
    from convergen.theory.common.versions import made_by

    rows = result.dataset()
    first, *rest = plan_answers(request, result, answer)
    # What is enough is said last.
    marks = ["plain"] * (len(rest) - 1) + [_mark(request, answer)]
    head, wishes = report.wish_rows(request, answer)
    return document(
        f"convergen: plan for {rows.attrs['source']}",
        [Answer(first), *map(Answer, rest, marks)],
        [
            section("What would more samples gain?",
                    *(_chart(rows, curves, key) for key in panels(rows)),
                    table(*report.gained_rows(request, result),
                          caption=report.gained_title(request)), key="gained"),
            section("How many does a wish take?",
                    table([*head[:-1], "where that is"], wishes,
                          caption="Samples that each wish takes", cards=True), key="wishes"),
            section("How far to trust it", paragraph(plan_trust(request, answer)),
                    paragraph(LINEAR), key="trust"),
            section("The numbers", paragraph(heading(request.spectrum)),
                    table(*report.reached_rows(request, result),
                          caption="What each number of samples reaches"),
                    definitions(report.plan_words(request, result)), key="numbers"),
        ],
        glossary=glossary("n", "q, convergence", "q*", "factor", "test error", "linear model",
                          interval="9 of 10"),
        settings=made_by(command, result.attributes.get("pilot_seed")),
    )  # fmt: skip


def _mark(request: PlanRequest, answer: PlanAnswer) -> str:
    """Whether what is wished for is out of reach."""
    if not request.wishes:
        return "plain"
    place = standing(request, answer.together)
    return "doubt" if place in ("at no n", "beyond the budget", "unseen in the pilot") else "plain"


def _chart(rows: xr.Dataset, curves: xr.Dataset, key: str) -> str:
    n, values = rows["samples"].values, rows[key].values
    said = ", ".join(
        f"{value:.3g} at n = {about(float(each))}" for each, value in zip(n, values, strict=True)
    )
    return chart(
        draw_one(rows, curves, key), f"{quantity(key).words.capitalize()}: {said}.", _CAPTIONS[key]
    )
