"""The table of encoders, and what `--features` may be besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convergen.empirical.common.folder_table import FolderTable
from convergen.empirical.diagnose.features.view import Given, View
from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion

# Encodes sets; the second argument is a file of weights, if one was given.
Encode = Callable[[Given, Path | None], View]


@dataclass(frozen=True)
class Encoder:
    """One row of the table.

    Attributes
    ----------
    name, description : str
        What users write, and what it is in a few words.
    encode : callable
        From the sets and a file of weights or None to a `View`. Heavy imports belong inside.
    weighted : bool
        Whether it has weights that lie in a file.
    """

    name: str
    description: str
    encode: Encode
    weighted: bool = False


_TABLE: FolderTable[Encoder] = FolderTable(
    "convergen.empirical.diagnose.features.encoders", "encoder"
)
register = _TABLE.register


def encoder_words() -> str:
    """What `--features` may be.

    Returns
    -------
    str
    """
    return (
        f"{', '.join(_TABLE.names())}, FILE.npz with rows for samples, train and reference, one "
        "file for each set (S.npy,T.npy,R.npy), or a function of yours (FILE.py:NAME or "
        "MODULE:NAME)"
    )


def encoded(text: str, given: Given, weights: Path | None = None) -> View:
    """Sets as `--features` wants them compared.

    Parameters
    ----------
    text : str
        Name of an encoder, file or files of features, or a function of the user.
    given : Given
        The sets.
    weights : Path, optional
        Weights of an encoder that has some.

    Returns
    -------
    View

    Raises
    ------
    InputError
        If it is none of these, or makes no features of these sets.
    """
    from convergen.empirical.diagnose.features.own_function import is_function, of_function
    from convergen.empirical.diagnose.features.own_rows import is_files, of_files

    names = _TABLE.names()
    row = _TABLE.find(text) if text in names else None
    if weights is not None and not (row and row.weighted):
        weighted = ", ".join(each.name for each in _TABLE.rows() if each.weighted)
        raise InputError(f"--weights is for the encoders {weighted}, not for {text}: leave it out.")
    if row is not None:
        return row.encode(given, weights)
    if is_function(text):
        return of_function(text, given)
    if is_files(text):
        return of_files(text, given)
    raise InputError(
        f"unknown features {text!r}{suggestion(text, names)}: choose from {encoder_words()}."
    )
