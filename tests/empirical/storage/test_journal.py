import json

import numpy as np
import pytest

from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.journal import append, flush


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_record_is_a_line_with_its_time(tmp_path):
    path = tmp_path / "log"
    flush(path)
    append(path, {"loss": np.float32(0.5), "shape": (2, 3), "bad": [np.nan, -np.inf]})
    append(path, {"values": np.array([1.0, np.inf]), "deep": {1: float("nan")}, "words": "σ"})
    flush(path)
    first, second = lines(path)
    assert second["time"] >= first["time"] > 1e9
    assert first.pop("time") == round(lines(path)[0]["time"], 3)
    assert first == {"loss": 0.5, "shape": [2, 3], "bad": [None, None]}
    assert second["values"] == [1.0, None]
    assert second["deep"] == {"1": None}
    assert second["words"] == "σ"


def test_times_are_kept_to_a_thousandth_of_a_second(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1234.56789)
    append(tmp_path / "log", {})
    assert lines(tmp_path / "log") == [{"time": 1234.568}]


def test_a_line_that_a_kill_has_torn_is_closed_first(tmp_path):
    path = tmp_path / "log"
    path.write_text('{"a": 1}\n{"torn')
    append(path, {"b": 2})
    texts = path.read_text().splitlines()
    assert texts[:2] == ['{"a": 1}', '{"torn']
    assert json.loads(texts[2])["b"] == 2
    append(path, {"c": 3})
    assert len(path.read_text().splitlines()) == 4


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "log").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*log: Is a directory\.$"):
        append(tmp_path / "log", {})


@pytest.mark.parametrize(("before", "count"), [("", 1), ("x", 2), ("\n", 2), ("x\n", 2)])
def test_a_single_letter_is_torn_and_an_empty_log_is_not(tmp_path, before, count):
    path = tmp_path / "log"
    path.write_text(before)
    append(path, {"b": 2})
    texts = path.read_text().splitlines()
    assert len(texts) == count
    assert json.loads(texts[-1])["b"] == 2
