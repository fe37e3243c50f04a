"""Versions of packages, for the record."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from convergen import __version__

# Packages that decide the numbers.
_NAMED = ("convergen", "numpy", "scipy")


@cache
def package_version(name: str) -> str:
    """Version of a package: what runs, or what is installed where it is not loaded.

    Parameters
    ----------
    name : str
        Distribution name.

    Returns
    -------
    str
        ``"unknown"`` if it is not installed.
    """
    # A source tree may be newer than what its installation once wrote down.
    if name == "convergen":
        return __version__
    running = getattr(sys.modules.get(name), "__version__", None)
    if running is not None:
        return str(running)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def made_by(command: str = "", seed: int | None = None) -> dict[str, str]:
    """What it takes to get a result again.

    Parameters
    ----------
    command : str
        What was typed; empty for a call from Python.
    seed : int, optional
        Of what was random.

    Returns
    -------
    dict of str
        Words by name, for a reader.
    """
    given = {"command": command, "seed": "" if seed is None else str(seed)}
    versions = ", ".join(f"{name} {package_version(name)}" for name in _NAMED)
    return {**{key: text for key, text in given.items() if text}, "versions": versions}


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
