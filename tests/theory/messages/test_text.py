"""Numbers and paragraphs of the command line."""

import numpy as np
import pytest

from convergen.theory.messages.glossary import glossary
from convergen.theory.messages.text import about, percent, plain, rounded, table, wrapped


def test_no_line_ends_between_a_number_and_its_per_cent():
    for filler in range(80, 100):
        text = "x" * filler + " within 5 % of 90 % or so"
        lines = wrapped(text).splitlines()
        assert " ".join(lines) == text
        assert not any(line.lstrip().startswith("%") for line in lines)
        assert len(lines[-1]) <= 96


@pytest.mark.parametrize(("length", "lines"), [(96, 1), (97, 2)])
def test_lines_have_96_characters(length, lines):
    text = "x" * (length - 5) + " word"
    assert len(wrapped(text).splitlines()) == lines


def test_names_are_not_broken_and_lines_begin_at_the_margin():
    name = "of-a-long-file/" * 8
    assert wrapped(f"see {name} there") == f"see\n{name}\nthere"


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


def test_digits_that_nobody_asked_for():
    assert percent(0.037) == "4 %"
    assert rounded(55.54) == "55.5"


@pytest.mark.parametrize(
    ("n", "words"),
    [(3.456, "3.46"), (9.96, "9.96"), (10.0, "10"), (999999.0, "999999"), (1e6, "1e+06")],
)
def test_samples_are_said_as_exactly_as_one_needs(n, words):
    assert about(n) == words


@pytest.mark.parametrize(
    ("count", "digits", "words"),
    [
        (0.3, 3, "<1"), (1.0, 3, "1"), (55.54, 3, "55.5"), (55.54, 2, "56"), (98684.2, 2, "99,000"),
        (8000.0, 3, "8,000"), (999.6, 3, "1,000"),
        (999.4, 3, "999"), (99.94, 3, "99.9"), (1e9, 3, "over 1,000,000,000"),
        (0.99e9, 2, "990,000,000"), (999_999_999.5, 3, "1,000,000,000"),
        (3.4e14, 2, "over 1,000,000,000"), (float("inf"), 3, "∞"),
    ],
)  # fmt: skip
def test_counts_are_said_to_the_digits_that_are_known(count, digits, words):
    assert rounded(count, digits) == words


def test_a_glossary_keeps_the_order_and_says_how_sure_intervals_are():
    found = glossary("m fresh", "interval", interval="9 of 10")
    assert list(found) == ["m fresh", "interval"]
    assert "in 9 of 10 such measurements" in found["interval"]


def test_columns_are_as_wide_as_their_widest_cell_and_end_without_spaces():
    shown = table(["n", "convergence", ""], [["1000", "0.5", ""], ["20", "0.25", "*"]])
    assert shown.splitlines() == [
        "   n  convergence",
        "1000          0.5",
        "  20         0.25  *",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([[1.5, np.nan], [np.inf, -2.0]]), [[1.5, None], [None, -2]]),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        ("word", "word"),
        (2.0**53 - 1.0, 2**53 - 1),
        (2.0**53, 2.0**53),
        (None, None),
    ],
)
def test_json_gets_plain_numbers_and_none_for_what_it_cannot_say(value, said):
    found = plain(value)
    assert found == said
    assert type(found) is type(said)
