"""The page of `plan`: charts with their numbers in words, tables, and what is out of reach."""

from dataclasses import replace

import numpy as np
import pytest

from convergen import theory
from convergen.figures.pages import plan
from convergen.theory.cli.reports import plan_report as report
from convergen.theory.cli.reports.plan_answer import plan_answers, plan_trust
from convergen.theory.forecast.planning.plan import planned, smooth_curves
from convergen.theory.forecast.planning.request import PlanRequest
from convergen.theory.messages.text import about
from convergen.theory.quantities.table import quantity
from tests.figures.pages import examples
from tests.figures.pages.reading import Read


@pytest.fixture
def charts(undrawn):
    return undrawn(plan, "draw_one")


def test_each_chart_says_its_numbers(charts):
    request, result, answer, curves = examples.plans()
    plan.page(request, result, answer, curves)
    rows = result.dataset()
    drawn = [each[0][1] for each in charts]
    assert [key for _, _, key in drawn] == ["convergence", "recovered_factors", "test_error_ratio"]
    for (shown, lines, key), (_, words, caption) in zip(drawn, charts, strict=True):
        assert shown.equals(rows)
        assert lines is curves
        pairs = zip(rows["samples"].values, rows[key].values, strict=True)
        said = [f"{value:.3g} at n = {about(n)}" for n, value in pairs]
        assert words == f"{quantity(key).words.capitalize()}: {', '.join(said)}."
        assert len(caption) > 40


def test_tables_and_answers_are_those_of_the_command(charts):
    request, result, answer, curves = examples.plans()
    page = Read(plan.page(request, result, answer, curves, "convergen plan mine.npy"))
    for sentence in plan_answers(request, result, answer):
        assert sentence in page.words["header"]
    assert plan_trust(request, answer) in page.words["trust"]
    for caption, (head, rows) in (
        (report.gained_title(request), report.gained_rows(request, result)),
        ("What each number of samples reaches", report.reached_rows(request, result)),
    ):
        found = page.tables[caption]
        assert found[0] == [title for title in head if title]
        assert [each[0] for each in found[1:]] == [each[0] for each in rows]
    head, rows = report.wish_rows(request, answer)
    wishes = page.tables["Samples that each wish takes"]
    assert wishes[0] == [*(title for title in head[:-1] if title), "where that is"]
    assert [each[-1] for each in wishes[1:]] == [each[-1] for each in rows]
    assert "cards" in [found.get("class") for tag, found in page.tags if tag == "table"]
    assert "convergen plan mine.npy" in page.words["settings"]
    assert f"seed{request.pilot.seed}" in page.words["settings"]


@pytest.mark.parametrize(
    ("needed", "mark"),
    [
        ((30.0, 25.0, 40.0), "plain"),
        ((90.0, 60.0, 160.0), "plain"),  # perhaps within the budget
        ((900.0, 600.0, 2000.0), "doubt"),
        ((np.inf, np.inf, np.inf), "doubt"),
        ((np.nan, np.nan, np.nan), "doubt"),
    ],
)
def test_what_is_out_of_reach_is_doubted(charts, needed, mark):
    request, result, answer, curves = examples.plans()
    value, low, high = map(np.float64, needed)
    answer = replace(answer, together=replace(answer.together, value=value, low=low, high=high))
    marks = Read(plan.page(request, result, answer, curves)).answers()
    assert marks[0] == "plain"
    assert set(marks[1:-1]) == {"answer plain"}
    assert marks[-1] == f"answer {mark}"


def test_without_wishes_nothing_is_out_of_reach(charts):
    law = theory.Spectrum.spiked(12, [9.0])
    request = PlanRequest.of(law, have=20, budget=40)
    page = Read(plan.page(request, *planned(request), smooth_curves(request).dataset()))
    assert set(page.answers()) <= {"plain", "answer plain"}
    assert "wishes" not in page.words
