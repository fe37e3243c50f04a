"""The page of `validate`: each order parameter in words, as chart and as table turned round."""

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.validate import report, words
from convergen.figures.pages import validation
from convergen.theory.quantities.table import compared
from tests.figures.pages import examples
from tests.figures.pages.reading import Read


@pytest.fixture
def charts(undrawn):
    return undrawn(validation, "draw_one")


@pytest.fixture
def page(charts):
    return Read(validation.page(examples.experiment(), examples.validations(), None, "typed"))


def test_each_order_parameter_has_its_chart(charts, page):
    found = examples.validations()
    rows = [row for row in compared() if row.leads and row.key in found]
    assert [each[0][1][1] for each in charts] == rows
    for (_, said, _), row in zip(charts, rows, strict=True):
        values = [each[1][0] for each in report.comparison(found, row)[1]]
        words_of = [f"{value} at n = {n}" for value, n in zip(values, (4, 16, 64), strict=True)]
        assert said == f"{row.words.capitalize()}, measured: {', '.join(words_of)}."


def test_tables_are_turned_round(page):
    """A row for each theory, a column for each n."""
    found = examples.validations()
    for row in (row for row in compared() if row.leads and row.key in found):
        head, lines = report.comparison(found, row)
        title = report.heading(row, found)
        shown = page.tables[title]
        assert shown[0] == [row.symbol or row.words, "n = 4", "n = 16", "n = 64"]
        assert [each[0].strip() for each in shown[1:]] == head[1:]
        for place, each in enumerate(shown[1:], 1):
            expected = [" ".join(line[place]).strip() for line in lines]
            assert [cell.strip() for cell in each[1:]] == expected
        assert f"{title[0].upper()}{title[1:]}" in page.words[row.key]


def test_answers_trust_and_settings(page):
    found = examples.validations()
    assert words.measured(found) in page.words["header"]
    assert words.best(found) in page.words["header"]
    assert report.errors(found) in page.words["trust"]
    assert report.OFF in page.words["theories"]
    _, rows = report.verdict_rows(found)
    assert len(page.tables["Errors, theory by theory"]) == 1 + len(rows)
    said = page.words["settings"]
    training = examples.experiment().training
    for each in (
        "name mlp", "kind digits", "4, 16, 64", f"{training.images} images, ",
        f"learning rate {training.learning_rate:g}, ", "typed",
    ):  # fmt: skip
        assert each in said
    assert all(name in page.words["glossary"] for name in report.theory_meanings(found))
    assert "onsets" not in page.words


def test_the_seed_is_said_where_there_is_one(charts):
    from dataclasses import replace

    several = replace(examples.experiment(), seeds=(3, 5))
    for experiment, shown in ((examples.experiment(), True), (several, False)):
        page = Read(validation.page(experiment, examples.validations(), None))
        terms = page.words["settings"]
        assert ("seed" in terms.replace("seeds", "")) == shown
    assert "3, 5" in terms


def test_when_copying_begins_has_a_table_of_its_own(charts, monkeypatch):
    from convergen.empirical.validate import memorisation_report

    monkeypatch.setattr(
        memorisation_report, "onset_rows",
        lambda found: (["n", "measured"], [["4", "100 (50 to 200)"], ["16", "never"]]),
    )  # fmt: skip
    monkeypatch.setattr(memorisation_report, "onset_words", lambda found: ["It begins."])
    text = validation.page(examples.experiment(), examples.validations(), xr.Dataset())
    page = Read(text)
    assert page.tables["Onset of memorisation, in images"] == [
        ["n", "measured"], ["4", "100 (50 to 200)"], ["16", "never"],
    ]  # fmt: skip
    assert "<small>(50 to <wbr>200)</small>" in text
    assert "It begins." in page.words["onsets"]
    assert np.all([tag != "b" for tag, _ in page.tags])
