"""From a source of data to standardised points: what a section ``[data]`` means."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.mapped_points import entry_key, mapped_points
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError
from convergen.theory.messages.sizes import size_words
from convergen.theory.sources.options import TEXT, Option
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import find

CENTER = Option(
    "center", TEXT, "subtract the mean of all points from each", "data", choices=("data", "none")
)
# Bytes of points in single precision that are held in memory; more are kept on disk.
_HELD = 2**29


def load_data(kind: str, *, scratch: Path | None = None, **options: Any) -> DataSet:
    """Load or draw a data set.

    Parameters
    ----------
    kind : str
        Name of a source; `theory.sources.table.kinds` lists them.
    scratch : Path, optional
        Folder for a memory map of points that take more than 512 MB in single precision.
    **options
        Those of the source and, for data whose law is not known, ``center``: ``data`` to subtract
        the mean over all points, or ``none``.

    Returns
    -------
    DataSet

    Raises
    ------
    InputError
        If the kind or an option is unknown or out of range, data are missing or damaged, or a
        folder is needed and none was given.

    Examples
    --------
    >>> from convergen.empirical import load_data
    >>> load_data("digits")
    DataSet(digits, 1797 points of shape (1, 8, 8))
    >>> load_data("digits").points.shape
    (1797, 1, 8, 8)
    """
    row = find(kind)
    given = dict(options)
    center = "none" if row.known else CENTER.check(given.pop(CENTER.name, None))
    checked = row.checked(given)
    source = row.load(**checked)
    size = 4 * math.prod(source.size) if source.files else 0
    record = source.record
    remarks = () if record is None else tuple(record.remarks())
    if size <= _HELD:
        return replace(data_set(source, center), remarks=remarks)
    if scratch is None:
        raise InputError(
            f"the points of {source.name} take {size_words(size)} in single precision, but at "
            f"most {size_words(_HELD)} are held in memory: give scratch, a folder for the rest."
        )
    words = {"kind": kind, **checked, "path": None, "center": center}
    found = mapped_points(
        scratch, entry_key(source.files, words), source.name, source.size, center, source.blocks
    )
    if record is not None:
        kept = f"its points take {size_words(size)} and are kept in {scratch}"
        remarks = tuple(replace(record, kept=kept).remarks())
    return replace(found, remarks=remarks)


def data_set(source: Source, center: str = "data") -> DataSet:
    """Bring the points of a source to standard units, in memory.

    Parameters
    ----------
    source : Source
        Where they come from.
    center : {'data', 'none'}
        Whether the mean over all points is subtracted where the law is not known.

    Returns
    -------
    DataSet
    """
    known = source.known
    if known is not None:
        return DataSet(known.points, source.name, 0.0, known.scale, known.truth)
    points = source.points
    return standardised(
        points.rows, points.shape, name=source.name, center=center, groups=points.groups
    )
