"""What a release says of itself: one version, the Pythons it runs on, the papers it builds on."""

import re
import tomllib
from pathlib import Path

import yaml

import convergen

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_there_is_one_version():
    assert PROJECT["dynamic"] == ["version"]
    assert CITATION["version"] == convergen.__version__
    assert re.search(r"^## (\S+)", CHANGES, re.MULTILINE)[1] == convergen.__version__


def test_pythons_are_named_and_the_lowest_is_the_one_that_is_asked_for():
    prefix = "Programming Language :: Python :: 3."
    minors = [int(c.removeprefix(prefix)) for c in PROJECT["classifiers"] if c.startswith(prefix)]
    assert minors == list(range(11, 14))
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"


def test_papers_are_cited_with_title_authors_and_year():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"title", "message", "authors"} <= set(CITATION)
    named = set()
    for paper in CITATION["references"]:
        assert paper["type"] in {"article", "conference-paper"}
        assert paper["title"]
        assert 2000 < paper["year"] < 2030
        assert all(author["family-names"] for author in paper["authors"])
        named |= {each["value"].removeprefix("arXiv:") for each in paper.get("identifiers", ())}
    # Every prediction names its source in its attributes.
    assert {"2605.21402", "math/0403022", "0911.3010", "2402.18491"} <= named
