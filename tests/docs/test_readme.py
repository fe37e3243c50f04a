"""Numbers of the README are those of the pages that measure them."""

import math
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows(path):
    """Cells of every row of every table, by the first cell."""
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines]


def test_the_table_of_pilots_is_that_of_the_page():
    measured = {row[0]: row[2:5] for row in rows("docs/pilot.md") if row[1:2] == ["140"]}
    measured["patches of photographs"] = measured["patches"]
    told = {row[0]: row[1:] for row in rows("README.md") if row[0] in measured}
    assert len(told) == 4
    for law, factors in told.items():
        medians = [float(cell.split()[0]) for cell in measured[law]]
        assert factors == [f"{math.exp(value):.2f}" for value in medians], law


def test_it_is_one_screen_and_a_half():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 90
    assert len(text.split()) <= 750


def test_every_link_leads_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
