"""The page of `forecast`: curves in words, when to stop, and what it rests on."""

import pytest

from convergen.empirical.forecast import report, words
from convergen.figures.pages import forecast
from convergen.theory.quantities.table import quantity
from tests.figures.pages import examples
from tests.figures.pages.reading import Read

TITLE = "mlp on digits, forecast"


@pytest.fixture
def charts(undrawn):
    return undrawn(forecast, "draw_one")


def test_each_chart_says_its_numbers(charts):
    found = examples.forecasts()
    forecast.page(TITLE, found)
    assert [each[0][1] for each in charts] == [
        (found, key) for key in ("convergence", "fraction_memorised", "memorisation")
    ]
    for (_, (_, key), _), said, caption in charts:
        values = [
            f"{v:.2f} at n = {n}" for v, n in zip(found[key].values, (4, 16, 64), strict=True)
        ]
        assert said == f"{quantity(key).words.capitalize()}: {', '.join(values)}."
        assert len(caption) > 40


def test_sections_say_what_the_command_says(charts):
    found = examples.forecasts()
    page = Read(forecast.page(TITLE, found, "convergen forecast run"))
    header = page.words["header"]
    assert all(each(found) in header for each in (words.first_words, words.copying, words.stopping))
    assert all(line in page.words["agreement"] for line in report.level_lines(found))
    assert words.stopping(found) in page.words["stop"]
    assert f"{TITLE}. Calibrated on one pair." in page.words["numbers"]
    assert "It may be wrong." in page.words["trust"]
    assert "abc" in page.words["settings"]
    assert "convergen forecast run" in page.words["settings"]
    for rows, caption in (
        (report.forecast_rows, "Forecast by training samples"),
        (report.stop_rows, "Longest training after which a tenth of the training set is memorised"),
    ):
        head, cells = rows(found)
        shown = page.tables[caption]
        assert shown[0] == list(head)
        for row, cell in zip(shown[1:], cells, strict=True):
            assert [each.split(" ")[0] for each in row] == [each[0].split(" ")[0] for each in cell]


@pytest.mark.parametrize(
    ("tenth", "mark"), [(999.0, "doubt"), (1000.0, "plain"), (1001.0, "plain")]
)
def test_training_that_is_too_long_is_doubted(charts, tenth, mark):
    """At n = 4 a tenth is memorised after 4 · 1000 weighted images, two for each of them: 8000."""
    page = Read(forecast.page(TITLE, examples.forecasts().assign_attrs(tenth=tenth)))
    assert page.answers() == ["plain", "answer plain", f"answer {mark}"]
