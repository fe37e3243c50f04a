"""The user's own points in one layout, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.common.row_blocks import as_float_rows, row_blocks
from convergen.theory.data.images.array_images import NoImagesError
from convergen.theory.data.regular_files import printable
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.progress import phase
from convergen.theory.sources.naming import meaning, open_source, takes
from convergen.theory.sources.points import Points
from convergen.theory.sources.table import SourceKind, find

# The option that files take one by one.
_KEY = "key"
# Those that arrays of vectors cannot take.
_OF_IMAGES = ("size", "grey")


def load_sets(sources: Sequence[str], options: Mapping[str, Any]) -> list[Points]:
    """Read several sets of points; each takes the options that apply to it.

    Parameters
    ----------
    sources : sequence of str
        Names of sources, or paths of array files or folders of images.
    options : mapping
        Options of sources; each must apply to one of them at least. ``key`` may be a list, one for
        each file that takes one.

    Returns
    -------
    list of Points

    Raises
    ------
    InputError
        If an option applies to no source, or a source cannot be read.
    """
    rows = [find(meaning(each)["kind"]) for each in sources]
    for name in options:
        if not any(_takes(row, name, each) for each, row in zip(sources, rows, strict=True)):
            given = ", ".join(map(printable, dict.fromkeys(sources)))
            raise OptionError(OptionName(name), f" does not apply to {given}: leave it out.")
    takers = [each for each, row in zip(sources, rows, strict=True) if _takes(row, _KEY, each)]
    keys = _keys(options.get(_KEY), takers)
    sets, refused = [], []
    for each, row in zip(sources, rows, strict=True):
        own = {k: v for k, v in options.items() if k != _KEY and _takes(row, k, each)}
        if _takes(row, _KEY, each):
            own |= {_KEY: key} if (key := next(keys)) else {}
        try:
            sets.append(load_points(each, **own))
        except NoImagesError as error:
            refused.append(error)
            kept = {k: v for k, v in own.items() if k not in _OF_IMAGES}
            sets.append(load_points(each, **kept))
    # Options of images may belong to the other sets.
    changed = [row for row in rows if any(_takes(row, k, "") for k in _OF_IMAGES if k in options)]
    if refused and len(refused) == len(changed):
        raise refused[0]
    return sets


def _keys(given: Any, takers: Sequence[str]) -> Iterator[str | None]:
    """One key for each file that takes one, in their order; a single one is for all."""
    keys = [given] if given is None or isinstance(given, str) else list(given)
    if len(keys) == 1:
        return iter(keys * len(takers))
    if len(keys) != len(takers):
        raise OptionError(
            f"{len(keys)} values of ", OptionName(_KEY), f" were given for {len(takers)} files "
            f"that take one ({', '.join(map(printable, takers))}): give one for each in this "
            "order, an empty one where there is no choice, or one for all.",
        )  # fmt: skip
    return iter(keys)


def _takes(row: SourceKind, name: str, source: str) -> bool:
    return takes(row, name, source, drawing=True)


def load_points(source: str, **options: Any) -> Points:
    """Read points and check that every value is finite.

    Parameters
    ----------
    source : str
        Name of a source, such as ``digits``; or the path of a ``.npy`` or ``.npz`` file of vectors
        (N, d), grey images (N, height, width) or images with channels first or last, or of a
        folder of images.
    **options
        Options of that source.

    Returns
    -------
    Points

    Raises
    ------
    InputError
        If the source cannot be read, has fewer than two points, a shape that does not fit, or
        values that are not finite.
    """
    found = open_source(source, options, drawing=True).points
    name = printable(source)
    if len(found) < 2:
        raise InputError(f"{name} holds {len(found)} point: give at least two.")
    bad = 0
    with phase(f"looking at {name}", len(found), "point") as done:
        for block in row_blocks(found.rows):
            rows = as_float_rows(block, found.dim)
            bad += int(np.count_nonzero(~np.isfinite(rows).all(axis=1)))
            done(len(block))
    if bad:
        raise InputError(
            f"{bad} of {len(found)} points of {name} hold NaN or infinite values: remove them."
        )
    return replace(found, name=name, groups=None)
