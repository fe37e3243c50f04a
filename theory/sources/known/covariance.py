"""A Gaussian whose covariance is known."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.sources.drawing import COUNT, SEED
from convergen.theory.sources.options import KEY_HELP, KEYS, TEXT, Option
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register

if TYPE_CHECKING:
    from convergen.theory.spectra.spectrum import Spectrum

_PATH = Option("path", TEXT, "file of the matrix Σ, or of mu and sigma as FID tools keep them",
               required=True)  # fmt: skip
_KEY = Option("key", KEYS, KEY_HELP, flag="--key")


def load(path: str, key: str | None, count: int, seed: int) -> Source:
    """A Gaussian of a covariance that is known, not estimated from a sample.

    Parameters
    ----------
    path : str
        File of the matrix Σ (d, d), of any format of arrays; or a statistics file of tools for the
        FID, whose ``sigma`` is taken.
    key : str or None
        Name of the matrix in a file that holds several.
    count, seed : int
        `drawing.COUNT` and `drawing.SEED`.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the file cannot be read, or holds no covariance.
    """
    from convergen.theory.data.contents import Moments
    from convergen.theory.data.reading import array_of
    from convergen.theory.data.regular_files import printable
    from convergen.theory.data.table import open_contents
    from convergen.theory.sources.covariances import drawn, spectrum_of

    file = Path(path)
    contents, _ = open_contents(file, key)
    matrix = contents.covariance if isinstance(contents, Moments) else array_of(contents, file)
    name = printable(file)

    @cache
    def spectrum() -> Spectrum:
        return spectrum_of(matrix, name, f"covariance {printable(file.name)}")

    return Source(
        f"covariance {printable(file.stem)}", spectrum,
        make_known=lambda: drawn(spectrum(), count, seed),
    )  # fmt: skip


register(
    SourceKind(
        "covariance", "Gaussian with the covariance of a file", (_PATH, _KEY, COUNT, SEED), load,
        known=True, flag="--covariance",
    )
)  # fmt: skip
