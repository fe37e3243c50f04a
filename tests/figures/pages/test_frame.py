"""The frame of all pages: answers first, words escaped, how it was made last."""

import re
from pathlib import Path

import numpy as np

import convergen.figures.pages.frame as frame
from convergen.figures.pages.elements import paragraph, section
from convergen.figures.pages.frame import Answer, document
from tests.figures.pages.reading import Read

# WCAG asks for 4.5 of words and 3 of marks.
LEAST = {"ink": 12.0, "soft": 5.5, "plain": 4.0, "doubt": 4.5, "bad": 4.5}


def _contrast(first, second):
    """WCAG 2.2, relative luminance."""

    def light(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    bright, dark = sorted((light(first), light(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_colours_can_be_told_apart_by_day_and_by_night():
    text = Path(frame.__file__).with_name("frame.html").read_text(encoding="utf-8")
    schemes = [dict(re.findall("--([a-z]+): (#[0-9a-f]{6})", block))
               for block in re.findall(":root {(.*?)}", text, flags=re.S)]  # fmt: skip
    assert len(schemes) == 3
    for scheme in schemes:
        colours = schemes[0] | scheme if scheme is schemes[2] else scheme
        for name, least in LEAST.items():
            assert _contrast(colours[name], colours["paper"]) >= least, (name, colours)


HARD = "<b>a & \"b\" 'c'</b>"


def test_answers_stand_first_with_their_marks_and_the_rest_in_order():
    page = Read(
        document(
            "title",
            [Answer("first", "bad"), Answer("second"), Answer("third", "doubt")],
            [section("One", paragraph("words"), key="one")],
            glossary={"n": "samples"},
            settings={"command": "convergen"},
        )
    )
    assert list(page.words) == ["header", "one", "glossary", "settings"]
    assert page.words["header"].split()[-3:] == ["first", "second", "third"]
    assert page.answers() == ["bad", "answer plain", "answer doubt"]
    assert [tag for tag, _ in page.tags if tag in ("h1", "h2")] == ["h1", "h2", "h2", "h2"]
    assert page.words["glossary"].split() == ["In", "these", "words", "nsamples"]
    assert page.words["settings"].split()[-1] == "commandconvergen"


def test_what_users_wrote_is_words():
    text = document(
        HARD, [Answer(HARD), Answer(HARD)], [], glossary={HARD: HARD}, settings={HARD: HARD},
        data={"verdict": HARD},
    )  # fmt: skip
    page = Read(text)
    assert "b" not in [tag for tag, _ in page.tags]
    (heading,) = [found for tag, found in page.tags if tag == "h1"]
    assert heading["data-verdict"] == HARD
    assert page.words["header"].count(HARD) == 3  # the title of the window, too
    assert page.words["settings"].count(HARD) == 2
