"""What onsets of memorisation say, from numbers made for it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.validate import memorisation_report as report
from convergen.empirical.validate.memorisation_report import (
    memorisation_json,
    memorisation_text,
    onset_rows,
    onset_words,
    onsets,
    onsets_json,
    onsets_text,
)
from convergen.theory.common.checks import InputError

INF = np.inf


def found(exponent=(1.04, 0.5, 4.0)):
    columns = {
        "memorisation_time": ([800.0, INF], [700.0, 6000.0], [900.0, INF]),
        "memorisation_images": ([500.0, INF], [400.0, 3000.0], [600.0, INF]),
        "law_time": ([810.0, 3240.0], [720.0, 2880.0], [910.0, 3640.0]),
        "law_budget": ([1620.0, 6480.0], [1440.0, 5760.0], [1820.0, 7280.0]),
    }
    variables = {
        f"{name}{end}": ("samples", values)
        for name, ends in columns.items()
        for end, values in zip(("", "_low", "_high"), ends, strict=True)
    }
    numbers = {
        "kappa": (202.5, 180.0, 227.5), "exponent": exponent, "copied_below": (30.0, 26.0, 33.0),
    }  # fmt: skip
    about = {
        f"{name}{end}": value
        for name, ends in numbers.items()
        for end, value in zip(("", "_low", "_high"), ends, strict=True)
    }
    more = {"budget": 6400.0, "onset_level": 0.1, "references": "arXiv:0"}
    return xr.Dataset(variables, {"samples": [4, 16]}, about | more)


def test_a_row_for_each_n():
    head, rows = onset_rows(found())
    assert head == ["n", "weighted", "seen", "law, weighted", "budget to stop at"]
    assert [row[0] for row in rows] == ["4", "16"]
    assert rows[0][1:] == ["800 (700 to 900)", "500 (400 to 600)", "810 (720 to 910)",
                           "1,620 (1,440 to 1,820)"]  # fmt: skip
    assert rows[1][1:3] == ["not reached"] * 2
    assert rows[1][3].startswith("3,240 (2,880")


@pytest.mark.parametrize(
    ("exponent", "words"),
    [
        ((1.04, 0.5, 1.75), "; a free fit gives n^1.04 (0.50 to 1.75). With"),
        ((1.04, 0.5, 4.5), "; a free fit gives n^1.04 (0.50 to 4.50). With"),
        ((1.04, 0.5, 4.75), "; these n are too few to tell its exponent. With"),
        ((np.nan, np.nan, np.nan), "(180 to 228). With"),
    ],
)
def test_the_law_with_its_exponent_if_it_is_known(exponent, words):
    first, law = onset_words(found(exponent))
    assert "10% of the way to copies" in first
    assert law.startswith("Law: 202 n (180 to 228)") or law.startswith("Law: 203 n (180 to 228)")
    assert words in law
    assert "(6,400 weighted) networks begin to memorise below n = 30 (26 to 33)." in law


def test_the_text_has_both():
    text = memorisation_text(found())
    lines = text.splitlines()
    assert lines[0] == "Onset of memorisation in training, in images"
    assert "800 (700 to 900)" in lines[2] or "800 (700 to 900)" in lines[3]
    assert "" in lines
    assert text.index("not reached") < text.index("Law: ")


def test_numbers_are_finite_or_null():
    said = json.loads(json.dumps(memorisation_json(found()), allow_nan=False))
    assert said["samples"] == [4, 16]
    assert said["memorisation_time"] == [800.0, None]
    assert said["kappa_high"] == 227.5
    assert "references" not in said
    assert memorisation_json(found((np.nan,) * 3))["exponent"] is None
    assert onsets_json(found())["memorisation_time"]["budget"] == 6400.0
    assert onsets_json(None) == {"memorisation_time": None}


@pytest.fixture
def history(monkeypatch):
    """Whether there is a history, and what it gives."""

    def give(has, answer):
        def time(run, result):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(report, "has_history", lambda result: has)
        monkeypatch.setattr(report, "memorisation_time", time)
        return onsets(SimpleNamespace(), None)

    return give


def test_runs_without_snapshots_ask_for_nothing(history):
    assert history(False, InputError("no")) == (None, "")
    assert onsets_text(None, "") == ""


def test_why_there_are_no_onsets_is_said(history):
    assert history(True, InputError("none began.")) == (None, "none began.")
    assert onsets_text(None, "none began.") == "\n\nOnset of memorisation: none began."


def test_onsets_follow_a_validation(history):
    assert history(True, "times") == ("times", "")
    assert onsets_text(found(), "") == "\n\n" + memorisation_text(found())
