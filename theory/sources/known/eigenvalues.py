"""A Gaussian whose eigenvalues are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.sources.drawing import BASIS, DRAWING, gaussian
from convergen.theory.sources.options import KEY_HELP, KEYS, TEXT, Option
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register

_PATH = Option("path", TEXT, "file of the eigenvalues, one a line or one array", required=True)
_KEY = Option("key", KEYS, KEY_HELP, flag="--key")


def load(path: str, key: str | None, **drawing: Any) -> Source:
    """A Gaussian with eigenvalues that are known, not estimated from a sample.

    Parameters
    ----------
    path : str
        File of d eigenvalues in any order: a text with one a line, or any format of arrays.
    key : str or None
        Name of the array in a file that holds several.
    **drawing
        `drawing.BASIS` and `drawing.DRAWING`.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the file cannot be read, holds no list, or a value is negative or not finite.
    """
    from convergen.theory.data.reading import read_array
    from convergen.theory.data.regular_files import printable
    from convergen.theory.spectra.spectrum import Spectrum

    file = Path(path)
    values = read_array(file, key)
    if values.size != max(values.shape, default=1):
        raise InputError(
            f"{printable(file)} has shape {values.shape}, but eigenvalues are one list: give d "
            "numbers, or a matrix as --covariance."
        )
    label = f"eigenvalues {printable(file.name)}"
    raw = Spectrum.from_eigenvalues(np.asarray(values, np.float64).ravel(), source=label)
    return Source(
        f"eigenvalues {printable(file.stem)}", lambda: raw,
        make_known=lambda: gaussian(raw, **drawing),
    )  # fmt: skip


register(
    SourceKind(
        "eigenvalues", "Gaussian with the eigenvalues of a file", (_PATH, _KEY, BASIS, *DRAWING),
        load, known=True, flag="--eigenvalues",
    )
)  # fmt: skip
