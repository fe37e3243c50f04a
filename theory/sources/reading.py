"""Sources of points that the reader finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source


def data_of(path: str, **options: Any) -> Source:
    """Source of the points in a file or a folder.

    Parameters
    ----------
    path : str
        What the table of formats knows.
    **options
        Those of `data.reading.read`.

    Returns
    -------
    Source
        Points are decoded when they are asked for.

    Raises
    ------
    InputError
        As `data.reading.read`.
    """
    from convergen.theory.data.reading import read
    from convergen.theory.data.regular_files import printable

    place = Path(path)
    found = read(place, **options)

    def points() -> Points:
        return Points(printable(place), found.rows(), found.size[1:], record=found.record)

    name = place.resolve().name if place.is_dir() else place.stem
    return data_source(
        printable(name), points, label=printable(place.name), files=found.files, size=found.size
    )
