"""Sets of checkpoints: those of A first, then those of B; files before words."""

import json
from types import SimpleNamespace

import pytest

from convergen.empirical.cli.checkpoints import measured, say, write

FOLDER = "convergen.empirical.diagnose.checkpoints"


@pytest.mark.parametrize(
    ("sets", "first", "second"), [("abc", "abc", ""), ("abcxyz", "abc", "xyz")]
)
def test_sets_of_the_second_model_follow_those_of_the_first(monkeypatch, sets, first, second):
    monkeypatch.setattr(
        f"{FOLDER}.measure.measure_checkpoints", lambda *given, **more: (given, more)
    )
    given, more = measured([1, 2, 3], list(sets), "t", None, {"seed": 4})
    assert given == ([1, 2, 3], list(first), "t", None, list(second))
    assert more == {"seed": 4}


def test_files_and_words(monkeypatch, capsys):
    monkeypatch.setattr(f"{FOLDER}.report.checkpoints_dataset", lambda found: f"curves of {found}")
    monkeypatch.setattr(f"{FOLDER}.report.checkpoints_json", lambda found: {"of": found})
    monkeypatch.setattr(f"{FOLDER}.report.checkpoints_text", lambda found: f"text of {found}")
    done = []
    targets = SimpleNamespace(
        save=lambda make: done.append(make()), draw=lambda draw: done.append(draw("file"))
    )
    write("x", targets, lambda curves, path: (curves, path))
    assert done == ["curves of x", ("curves of x", "file")]
    say("x", json=True)
    assert json.loads(capsys.readouterr().out) == {"of": "x"}
    say("x", json=False)
    assert capsys.readouterr().out == "text of x\n"
