"""The run that documentation and docstrings speak of, trained once."""

import subprocess
import sys

import pytest

# Its folder has the name that docs/howto/resume.md gives it, and so has this file.
EXPERIMENT = """
name = "digits-mlp"
samples = [4, 16]
data = { kind = "digits" }
model = { name = "mlp", size = "tiny" }
training = { images = 6400, snapshots = 6 }
measure = { draws = 64 }
"""


@pytest.fixture(scope="session")
def folder_with_a_run(tmp_path_factory):
    """A folder with experiment.toml, finished in runs/digits."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "experiment.toml").write_text(EXPERIMENT, encoding="utf-8")
    command = "train experiment.toml --out runs/digits"
    subprocess.run(
        [sys.executable, "-m", "convergen", *command.split()],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder
