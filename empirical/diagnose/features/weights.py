"""Weights of trained encoders: looked up on disk, never downloaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import printable, regular_file


def hugging_face(repository: str, file: str) -> list[Path]:
    """Where the cache of Hugging Face keeps a file.

    Parameters
    ----------
    repository : str
        ``owner/name``.
    file : str
        Its name there.

    Returns
    -------
    list of Path
        A pattern for each place; the last part of the pattern is the file.
    """
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    return [hub / f"models--{repository.replace('/', '--')}" / "snapshots" / "*" / file]


def torch_hub(file: str) -> list[Path]:
    """Where torch keeps downloaded weights.

    Parameters
    ----------
    file : str
        Its name there.

    Returns
    -------
    list of Path
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("TORCH_HOME") or cache / "torch")
    return [home / "hub" / "checkpoints" / file]


def find_weights(name: str, places: list[Path], given: Path | None, how: str) -> Path:
    """The file of weights of an encoder.

    Parameters
    ----------
    name : str
        Of the encoder.
    places : list of Path
        Patterns of where to look.
    given : Path or None
        What the user gave instead.
    how : str
        How to get them, as the end of a sentence.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If there is none.
    """
    if given is not None:
        regular_file(given)
        return given
    for place in places:
        anchor = Path(place.anchor)
        found = sorted(anchor.glob(str(place.relative_to(anchor))))
        if found:
            return found[-1]
    looked = " and ".join(printable(each) for each in places)
    raise InputError(
        f"the weights of {name} are not on this machine (looked for {looked}), and nothing is "
        f"downloaded here: {how}, or give a file as --weights."
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Hexadecimal.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
