"""Versions of packages, for the record."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def package_version(name: str) -> str:
    """Version of an installed package.

    Parameters
    ----------
    name : str
        Distribution name.

    Returns
    -------
    str
        ``"unknown"`` when run from a source tree that was never installed.
    """
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def git_commit() -> str:
    """Commit of the source tree this package runs from.

    Returns
    -------
    str
        With ``-dirty`` where files differ from it; ``"unknown"`` for an installed package.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return "unknown"
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
