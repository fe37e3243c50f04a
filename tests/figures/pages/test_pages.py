"""What every page has: the answer first, words for all, nothing from elsewhere."""

import re

import numpy as np
import pytest

from tests.figures.pages import examples
from tests.figures.pages.reading import Read

KINDS = tuple(examples.PAGES)


@pytest.fixture(scope="module")
def read(pages):
    """Each page, read."""
    return {kind: Read(text) for kind, text in pages.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_pages_stand_alone_and_can_be_read_by_all(read, pages, kind):
    tags = read[kind].tags
    names = [tag for tag, _ in tags]
    assert not {"link", "iframe", "object", "form"} & set(names)
    assert "http" not in pages[kind]
    assert dict(tags)["html"]["lang"] == "en"
    assert next(tag for tag in names if re.fullmatch("h[1-6]", tag)) == "h1"
    assert names.count("h1") == 1
    assert not {"h3", "h4"} & set(names)
    for tag, found in tags:
        if tag == "img":
            assert len(found["alt"]) > 5
            assert found["src"].startswith("data:image/png;base64,")
        assert tag != "script" or not found
        assert tag != "th" or found["scope"] in ("col", "row")
        assert not {"href", "action"} & set(found)
    keys = [found["id"] for _, found in tags if "id" in found]
    assert len(keys) == len(set(keys))
    assert "nan" not in " ".join(read[kind].words.values()).split()
    assert "$" not in re.sub("<style>.*?</style>|<script>.*?</script>", "", pages[kind], flags=re.S)


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_versions_and_words_come_last(read, kind):
    sections = list(read[kind].words)
    assert sections[0] == "header"
    assert sections[-2:] == ["glossary", "settings"]
    said = read[kind].words["settings"]
    assert examples.COMMAND in said
    assert "convergen " in said
    assert "numpy" in said


@pytest.mark.parametrize(
    ("kind", "sections", "answers"),
    [
        ("measure", ("closest", "distances", "forecast", "copies", "numbers"),
         ["of your 20 images copy a training image", "Quality:"]),
        ("predict", ("agreement", "needed", "trust", "memorisation", "numbers"),
         ["24 points like these", "Their agreement would be q = "]),
        ("predict, known law", ("agreement", "needed", "trust", "factors", "numbers"),
         ["training samples until two linear models"]),
        ("plan", ("gained", "wishes", "trust", "numbers"),
         ["each trained on 24 samples", "The budget pays for 100 more", "It takes "]),
        ("forecast", ("agreement", "memorisation", "stop", "numbers", "trust"),
         ["It takes about 40 training samples (30 to more than 64)", "are copies", "too long"]),
        ("validate", ("theories", "convergence", "memorisation", "latent_recovery", "trust"),
         ["agree to q = 0.20", "The best of 6 theories, linear law, is right at n = "]),
    ],
)  # fmt: skip
def test_answers_come_first_then_the_evidence(read, kind, sections, answers):
    words = " ".join(read[kind].words["header"].split())
    for answer in answers:
        assert answer in words
    places = [list(read[kind].words).index(name) for name in sections]
    assert places == sorted(places)


def test_numbers_of_the_pages_are_those_that_were_found(read):
    findings, _ = examples.pilot()
    needed = " ".join(read["predict"].words["needed"].split())
    for ending in ("", "_low", "_high"):
        value = findings.result[f"convergence_samples{ending}"][1]
        assert f"{value:.0f}" in needed
    stops = read["forecast"].words["stop"].replace("\n", " ")
    ratio = (-np.log(0.9)) ** (1 / 1.2)
    assert f"{round(64 * ratio * 1000 * 2, -3):,.0f}" in stops
