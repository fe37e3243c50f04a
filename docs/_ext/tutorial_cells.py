"""Cells of tutorials, for their kernels: in an empty folder, shell cells in one piece.

``%%bash`` of IPython shows output as it comes, in parts that myst-nb puts on lines of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any


def bash(line: str, cell: str) -> None:
    """Run a cell; one that fails stops the build."""
    command = ["bash", "-euo", "pipefail", "-c", cell]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    done.check_returncode()


def load_ipython_extension(shell: Any) -> None:
    """Begin a tutorial, by ``%load_ext tutorial_cells``."""
    os.chdir(tempfile.mkdtemp())
    shell.register_magic_function(bash, "cell", "bash")
