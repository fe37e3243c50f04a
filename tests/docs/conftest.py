"""The run that documentation and docstrings speak of, trained once."""

import subprocess
import sys

import pytest

COMMAND = """
train --data digits --model mlp --set model.size=tiny --samples 4,16 --images 6400
--set training.snapshots=6 --set measure.draws=64 --out runs/digits
"""


@pytest.fixture(scope="session")
def folder_with_a_run(tmp_path_factory):
    """A folder with a finished run in runs/digits."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run(
        [sys.executable, "-m", "convergen", *COMMAND.split()],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder
