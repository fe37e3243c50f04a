"""The GPU benchmark in its short form, on whatever device there is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


@pytest.mark.slow
def test_every_section_runs_and_is_right(tmp_path):
    """The exit code is 1 where a pass differs from float64 or a section fails."""
    found = tmp_path / "gpu.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--short", "--json", str(found)],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sections = json.loads(found.read_text())["sections"]
    assert all(sections.values())
    assert all(row["equal"] for row in sections["equality with float64 on the processor"])
    assert all(row["same bits"] for row in sections["stopping and resuming"])
