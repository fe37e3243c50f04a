"""A short form of benchmarks/kills.py: SIGKILL through the real command line loses nothing."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "kills.py"


@pytest.mark.slow
def test_killed_sweeps_end_with_the_same_bits(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("kills", SCRIPT)
    kills = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "kills", kills)  # dataclasses look there
    spec.loader.exec_module(kills)
    seen = kills.hammer(tmp_path, 3, seed=1, images=4_000)
    assert seen.kills == 3
    assert seen.lost == []
    assert seen.differing == []
    # The comparison sees whole results: one of the run and one of each cell.
    assert len(kills.contents(tmp_path / "whole")) == 1 + 4
