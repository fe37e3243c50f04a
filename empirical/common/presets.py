"""Experiments that come with the package, read from their folder."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "presets"


def preset_names() -> tuple[str, ...]:
    """Names of the experiments.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def preset_path(name: str) -> Path:
    """File of an experiment.

    Parameters
    ----------
    name : str
        One of `preset_names`.

    Returns
    -------
    Path
    """
    return _FOLDER / f"{name}.toml"
