"""The page of `predict`: its words and tables are the numbers that were predicted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.figures.pages import prediction
from convergen.theory.cli.reports import prediction_words as words
from convergen.theory.messages.text import about
from tests.figures.pages import examples
from tests.figures.pages.reading import Read

DRAWN = ("draw_overlaps", "draw_recovery")


@pytest.fixture
def charts(undrawn):
    return undrawn(prediction, *DRAWN)


def test_charts_show_the_curves_and_where_the_reader_stands(charts):
    findings, curves = examples.pilot()
    prediction.page(findings, curves)
    assert [each[0][0] for each in charts] == ["draw_overlaps", "draw_overlaps", "draw_recovery"]
    agreement, memorisation, recovery = (each[0][1] for each in charts)
    pair = ("convergence", "convergence_to_truth")
    assert agreement[1:] == (pair, "agreement", 24.0)
    pair = ("memorisation", "memorisation_baseline")
    assert memorisation[1:] == (pair, "likeness to training set", 24.0)
    assert all(each[0] is curves for each in (agreement, memorisation, recovery))
    assert charts[0][2].endswith("The band is what 24 points leave open.")


def test_alternative_texts_say_where_curves_cross(charts):
    findings, curves = examples.known()
    prediction.page(findings, curves)
    n, q = curves["samples"].values, curves["convergence"].values
    crossed = [f"{k} at n = {about(np.interp(k, q, n))}" for k in (0.1, 0.5, 0.9) if q[0] < k]
    said, caption = charts[0][1:]
    assert said == f"Agreement q against the number of training samples n: {', '.join(crossed)}."
    assert "band" not in caption
    excess = (curves["memorisation"] - curves["memorisation_baseline"]).values
    assert charts[1][1] == (
        f"Memorisation m against n: {excess[0]:.2f} above fresh data at n = 4, "
        f"{excess[-1]:.3f} at n = 400."
    )


@pytest.mark.parametrize(
    ("q", "said"),
    [
        ([0.5, 0.6, 0.9], "flat"),  # levels at the ends are not crossed
        ([0.2, 0.4, 0.6], "0.5 at n = 250"),
    ],
)
def test_only_levels_within_the_curve_are_said(charts, q, said):
    _, curves = examples.known()
    curves = curves.isel(samples=[0, 1, 2]).assign_coords(samples=[100.0, 200.0, 300.0])
    curves["convergence"] = "samples", q
    prediction._agreement(curves, None)
    assert charts[0][1].endswith(f"samples n: {said}.")


def test_sizes_that_are_needed_have_intervals_where_the_law_is_an_estimate(charts):
    findings, curves = examples.pilot()
    head, *rows = Read(prediction.page(findings, curves)).tables[
        "Samples that each of two models needs"
    ]
    assert head == ["agreement q", "training samples n"]
    result = findings.result
    ends = (result[f"convergence_samples{end}"] for end in ("", "_low", "_high"))
    for row, level, n, low, high in zip(rows, result["level"], *ends, strict=True):
        assert row == [f"{level:g}", f"{about(n)} ({about(low)} to {about(high)})"]


def test_sizes_of_a_known_law_stand_alone_and_are_at_least_one():
    result = {"level": [0.1, 0.5, 1.0], "convergence_samples": [0.3, 7.0, np.inf]}
    tables = Read(prediction._needed(SimpleNamespace(result=result))).tables
    assert tables["Samples that each of two models needs"][1:] == [
        ["0.1", "1"],
        ["0.5", "7"],
        ["1", "∞"],
    ]


def test_answers_doubt_what_is_too_few(charts):
    findings, curves = examples.pilot()
    answer = findings.answer
    for today, mark in ((words.AGREED - 1e-3, "doubt"), (words.AGREED, "plain")):
        other = replace(answer, today=replace(answer.today, value=np.float64(today)))
        page = Read(prediction.page(replace(findings, answer=other), curves))
        assert page.answers() == [mark, "answer plain"]
    known = Read(prediction.page(*examples.known()))
    assert known.answers() == ["plain"]
    assert words.first_words(examples.known()[0].result, None) in known.words["header"]


def test_trust_and_factors_are_said_as_the_command_says_them(charts):
    from convergen.theory.cli.reports.answer import factors, trust

    findings, curves = examples.pilot()
    page = Read(prediction.page(findings, curves))
    for text in (trust(findings.answer), words.LINEAR):
        assert text in page.words["trust"]
    assert factors(findings.answer) in page.words["factors"]
    assert charts[2][1] == factors(findings.answer)
    known, curves = examples.known()
    page = Read(prediction.page(known, curves))
    assert " ".join(words.factor_lines(known.result)) in page.words["factors"]
    assert all(line in page.words["trust"] for line in words.excess_lines(known.result))
    rows = page.tables["Overlap of each learnt factor with the true one"]
    assert len(rows) == 1 + len(known.result["samples"])


def test_where_no_factor_shows_none_is_drawn(charts):
    findings, curves = examples.pilot()
    none = replace(findings.answer.factors, value=np.zeros(0))
    text = prediction._recovery(
        replace(findings, answer=replace(findings.answer, factors=none)), curves
    )
    assert charts == []
    assert text.startswith("<p>")
    from convergen import theory
    from convergen.theory.cli.reports.report import Findings
    from convergen.theory.forecast.predict import Request, forecast, main_names

    law = theory.Spectrum.isotropic(6)
    result = forecast(Request.of(law, [4, 40]), main_names())
    page = Read(prediction.page(Findings("isotropic", law, result), result.dataset()))
    assert [each[0][0] for each in charts] == ["draw_overlaps"] * 2
    assert "Overlap of each learnt factor with the true one" not in page.tables
    assert len(page.tables["Predictions by number of training samples"]) == 3


def test_settings_hold_the_command_and_the_seed(charts):
    findings, curves = examples.pilot()
    said = Read(prediction.page(findings, curves, "convergen predict mine.npy")).words["settings"]
    assert "convergen predict mine.npy" in said
    assert f"{findings.result.attributes['seed']}" in said
