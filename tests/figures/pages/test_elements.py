"""Pieces of pages: words are escaped, tables name their rows, charts say what they show."""

import base64
import xml.etree.ElementTree as ElementTree

import pytest

from convergen.figures.looks.style import new_figure
from convergen.figures.pages.elements import beside, chart, definitions, paragraph, section, table

HARD = "<b>a & \"b\" 'c'</b>"


def _read(html):
    return ElementTree.fromstring(html.replace("<wbr>", "<wbr/>"))


@pytest.mark.parametrize(
    "html",
    [
        section(HARD, "<p>x</p>", key=HARD),
        paragraph(HARD),
        definitions({HARD: HARD}),
        table([HARD, HARD], [[HARD, HARD]], caption=HARD, key=HARD),
    ],
)
def test_words_of_the_user_are_words(html):
    found = _read(html)
    assert found.find(".//b") is None
    words = ["".join(each.itertext()) for each in found.iter()]
    assert HARD in words


def test_nothing_to_say_leaves_nothing():
    assert section("Empty", "", paragraph("")) == ""
    assert definitions({}) == ""
    assert table(["a"], [], caption="x") == ""


def test_intervals_stand_small_beside_their_numbers_and_may_break():
    found = _read(
        table(["n", "q", "", "m"], [["16", "0.5", "(0.4–0.6)", "0.9"]], caption="Numbers")
    )
    assert [each.text for each in found.iterfind(".//thead//th")] == ["n", "q", "m"]
    (row,) = found.iterfind(".//tbody/tr")
    assert [each.tag for each in row] == ["th", "td", "td"]
    assert [each.get("data-column") for each in row] == ["n", "q", "m"]
    small = row[1].find("small")
    assert small.text == "(0.4–"
    assert small[0].tag == "wbr"
    assert row[2].text == "0.9"
    assert found.find(".//caption").text == "Numbers"


@pytest.mark.parametrize(("columns", "look"), [(6, None), (7, "cards")])
def test_wide_tables_become_cards_on_a_phone(columns, look):
    found = _read(table([f"c{i}" for i in range(columns)], [["0"] * columns], caption="x"))
    assert found.find("table").get("class") == look


def test_long_tables_can_be_sorted():
    found = _read(table(["a"], [["1"]], caption="x", sortable=True))
    assert found.get("class") == "scroll long"
    assert found.find("table").get("class") == "sortable"


def test_cells_may_have_an_interval_each_that_breaks_after_its_dash_or_word():
    text = beside(["n", "q"], [[("4", ""), ("0.5", "(0.4 to <0.6)")]], caption="Numbers")
    found = _read(text)
    assert [each.text for each in found.iterfind(".//thead//th")] == ["n", "q"]
    (row,) = found.iterfind(".//tbody/tr")
    assert row[0].find("small") is None
    assert "<small>(0.4 to <wbr>&lt;0.6)</small>" in text
    assert beside(["n"], [], caption="x") == ""


@pytest.mark.parametrize(("cards", "columns", "look"), [(True, 1, "cards"), (False, 1, None)])
def test_long_cells_may_be_cards(cards, columns, look):
    found = _read(table(["a"] * columns, [["1"] * columns], caption="x", cards=cards))
    assert found.find("table").get("class") == look
    assert found.get("class") == "scroll"


def test_explanations_are_set_small_and_parts_have_names():
    assert paragraph("x", aside=True) == '<p class="about">x</p>'
    assert paragraph("x") == "<p>x</p>"
    assert section("T", "<p>x</p>").startswith("<section>")
    assert section("T", "", "<p>x</p>", "<p>y</p>", key="k") == (
        '<section id="k">\n<h2>T</h2>\n<p>x</p>\n<p>y</p>\n</section>'
    )


def test_a_chart_is_inside_and_says_what_it_shows():
    found = _read(chart(new_figure(1.0, 1.0), HARD, HARD).replace('">', '"/>', 1))
    picture = found.find("img")
    assert picture.get("alt") == HARD
    head, data = picture.get("src").split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert found.find("figcaption").text == HARD
