"""Entries of legends."""

from convergen.figures.looks.legends import entry, key
from convergen.figures.looks.style import Look

LOOK = Look("#123456", "--", "s", "its name")


def test_an_entry_is_line_and_point_in_one():
    found = entry(LOOK)
    assert (found.get_color(), found.get_linestyle(), found.get_marker()) == ("#123456", "--", "s")
    assert found.get_markerfacecolor() == "white"
    assert found.get_label() == "its name"
    assert entry(LOOK, "another").get_label() == "another"
    assert len(found.get_xdata()) == 0


def test_the_key_says_what_lines_and_points_are():
    line, points = key()
    assert line.get_label() == "line: theory"
    assert points.get_label() == "points: simulation ± 2 s.e."
    assert (line.get_linestyle(), line.get_marker()) == ("-", "None")
    assert (points.get_linestyle(), points.get_marker()) == ("None", "o")
    assert points.get_markerfacecolor() == "white"
    assert line.get_color() == points.get_color()
    assert key("trained networks")[1].get_label() == "points: trained networks ± 2 s.e."
