"""The table of constants is renewed row by row; pairs that cannot be calibrated are left out."""

import json
import runpy
import sys
from types import SimpleNamespace

import pytest

from convergen.empirical.forecast.constants import measured_constants
from convergen.empirical.validate import calibrate_shipped as module
from convergen.theory.common.checks import InputError


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Calibrations that say their seed; the pair of seed 1 has not begun to memorise."""

    def calibrate(run, result, theory, seed):
        if seed == 1:
            raise InputError("the pair has not begun to memorise.")
        return SimpleNamespace(
            samples=16, constant=100.04 + seed, low=90.04 + seed, high=110.06, misfit=0.01234
        )

    path = tmp_path / "constants.json"
    monkeypatch.setattr(module, "calibrate", calibrate)
    monkeypatch.setattr(module, "PATH", path)
    return path


def test_rows_say_what_was_trained(table, capsys):
    rows = module.constants("digits-unet")
    assert [row["seed"] for row in rows] == [0, 2]
    assert (rows[1]["constant"], rows[1]["low"], rows[1]["high"]) == (102.0, 92.0, 110.1)
    assert rows[1]["misfit"] == 0.0123
    # The columns of the table that ships.
    known = next(row for row in measured_constants() if row["network"] == "unet")
    assert set(rows[0]) == set(known)
    same = ("network", "size", "data", "samples", "images", "learning_rate", "batch")
    assert all(rows[0][key] == known[key] for key in same)
    assert "seed 1: the pair has not begun" in capsys.readouterr().out


def test_models_that_are_not_trained_have_no_row(table):
    assert module.constants("digits-linear") == []


def test_only_the_results_that_are_named_are_renewed(table):
    other = {"network": "mlp", "data": "digits", "seed": 0, "constant": 7.0}
    stale = {"network": "unet", "data": "digits", "seed": 0, "constant": 8.0}
    table.write_text(json.dumps([stale, other]))
    assert module.renew(["digits-unet"]) == 3
    found = json.loads(table.read_text())
    assert found[0] == other
    assert [(row["network"], row["seed"]) for row in found[1:]] == [("unet", 0), ("unet", 2)]
    assert 8.0 not in [row["constant"] for row in found]


def test_results_are_named_or_all_are_taken(table, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(module, "renew", lambda names: asked.append(names) or 7)
    monkeypatch.setattr(module, "shipped_names", lambda: ["a", "b"])
    module.main(["c"])
    module.main([])
    assert asked == [["c"], ["a", "b"]]
    assert capsys.readouterr().out == "constants.json: 7 pairs\n" * 2
    monkeypatch.setattr(sys, "argv", ["calibrate_shipped", "--help"])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(module.__file__, run_name="__main__")
    assert done.value.code == 0
    assert "Calibrate shipped results." in capsys.readouterr().out
