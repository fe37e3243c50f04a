"""Sources of points that the reader finds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source

if TYPE_CHECKING:
    from convergen.theory.data.contents import Moments
    from convergen.theory.spectra.spectrum import Spectrum


def data_of(path: str, *, key: str | None, **options: Any) -> Source:
    """Source of the points in a file or a folder.

    Parameters
    ----------
    path : str
        What the table of formats knows.
    key : str or None
        Name of the array, tensor or column that is meant.
    **options
        Those of `data.reading.points_of`.

    Returns
    -------
    Source
        Points are decoded when they are asked for. Where there are only a mean and a covariance,
        as tools for the FID keep them, it has a spectrum and no points.

    Raises
    ------
    InputError
        As `data.reading.read`.
    """
    from convergen.theory.data.contents import Moments
    from convergen.theory.data.reading import points_of
    from convergen.theory.data.regular_files import printable
    from convergen.theory.data.table import open_contents

    place = Path(path)
    contents, row = open_contents(place, key)
    if isinstance(contents, Moments):
        return _law_of(contents, place)
    found = points_of(contents, row, place, **options)

    def points() -> Points:
        return Points(printable(place), found.rows(), found.size[1:], record=found.record)

    name = place.resolve().name if place.is_dir() else place.stem
    return data_source(
        printable(name), points, label=printable(place.name), files=found.files, size=found.size,
        record=found.record, make_blocks=found.blocks,
    )  # fmt: skip


def _law_of(contents: Moments, place: Path) -> Source:
    """A law by its covariance; it has no points."""
    from convergen.theory.data.reading import no_points
    from convergen.theory.data.regular_files import printable
    from convergen.theory.sources.covariances import spectrum_of

    @cache
    def spectrum() -> Spectrum:
        return spectrum_of(contents.covariance, printable(place), printable(place.name))

    def known() -> NoReturn:
        raise no_points(place)

    return Source(printable(place.stem), spectrum, make_known=known)
