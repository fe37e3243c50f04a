"""Numbers and paragraphs of the command line."""

import pytest

from convergen.theory.messages.glossary import glossary
from convergen.theory.messages.text import about, percent, wrapped


def test_no_line_ends_between_a_number_and_its_per_cent():
    for filler in range(80, 100):
        text = "x" * filler + " within 5 % of 90 % or so"
        lines = wrapped(text).splitlines()
        assert " ".join(lines) == text
        assert not any(line.lstrip().startswith("%") for line in lines)
        assert len(lines[-1]) <= 96


def test_further_lines_are_indented():
    first, *others = wrapped("  a: " + "word " * 40, 4).splitlines()
    assert first.startswith("  a: word")
    assert others
    assert all(line.startswith("    word") for line in others)


@pytest.mark.parametrize(
    ("share", "digits", "words"), [(0.5, 0, "50 %"), (0.037, 1, "3.7 %"), (1.0, 0, "100 %")]
)
def test_shares_are_said_in_hundredths(share, digits, words):
    assert percent(share, digits) == words


@pytest.mark.parametrize(("n", "words"), [(3.456, "3.46"), (10.4, "10"), (1e6, "1e+06")])
def test_samples_are_said_as_exactly_as_one_needs(n, words):
    assert about(n) == words


def test_a_glossary_keeps_the_order_and_says_how_sure_intervals_are():
    found = glossary("m fresh", "interval", interval="9 of 10")
    assert list(found) == ["m fresh", "interval"]
    assert "in 9 of 10 such measurements" in found["interval"]
