"""Sample sizes and noise levels: what the user writes, and what is shown otherwise."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_positive,
    as_samples,
)
from convergen.theory.sources.source import Source

_LONGEST = 10_000


def parse_samples(text: str) -> FloatArray:
    """Read ``10,100,1000`` or a log range ``START:STOP[:COUNT]``.

    Parameters
    ----------
    text : str
        What the user wrote; both forms may be mixed, separated by commas.

    Returns
    -------
    ndarray
        Increasing, without repetition; members of a range are rounded to whole numbers.

    Raises
    ------
    InputError
        If a part is not a number, or not at least 1.
    """
    return as_samples(parse_levels(text, "--samples"))


def parse_levels(text: str, flag: str) -> FloatArray:
    """Read positive numbers and log ranges START:STOP[:COUNT], separated by commas.

    Parameters
    ----------
    text : str
        What the user wrote.
    flag : str
        Option it was written for.

    Returns
    -------
    ndarray
        Increasing, without repetition.

    Raises
    ------
    InputError
        If a part is not a number or a range is empty.
    """
    values: list[float] = []
    for part in text.split(","):
        pieces = part.split(":")
        try:
            numbers = [float(piece) for piece in pieces]
        except ValueError:
            numbers = []
        if len(pieces) == 1 and numbers:
            values += numbers
            continue
        if len(pieces) not in (2, 3) or not numbers:
            raise InputError(
                f"{flag} cannot read {part.strip()!r}: write numbers separated by commas, or a "
                "log range START:STOP:COUNT such as 10:10000:7."
            )
        start, stop = as_positive(numbers[:2], flag)
        count = numbers[2] if len(numbers) == 3 else 7.0
        if not count.is_integer() or count < 2 or stop <= start:
            raise InputError(
                f"{flag} range {part.strip()!r} needs START < STOP and a whole COUNT of at least 2."
            )
        if count > _LONGEST:
            raise InputError(
                f"{flag} range {part.strip()!r} asks for {count:.0f} values: use a COUNT of at "
                f"most {_LONGEST}."
            )
        grid = np.geomspace(start, stop, int(count))
        values += [float(x) for x in (np.round(grid) if flag == "--samples" else grid)]
    return np.unique(as_finite(values, flag))


def collapse_samples(source: Source) -> FloatArray:
    """Sample sizes for the collapse: powers of ten, up to what a data set can resolve.

    Parameters
    ----------
    source : Source
        What is predicted.

    Returns
    -------
    ndarray
    """
    if source.data is None:
        return np.logspace(1.0, 6.0, 6)
    top = source.data.shape[0] / 4.0
    return np.unique(np.round(np.geomspace(min(10.0, top), top, 5))).astype(np.float64)


def collapse_sigmas(source: Source) -> FloatArray:
    """Noise levels for the collapse, about the root mean square of a coordinate.

    Parameters
    ----------
    source : Source
        What is predicted.

    Returns
    -------
    ndarray
    """
    scale = float(np.sqrt(source.spectrum.trace / source.spectrum.dim))
    return np.asarray(scale * np.array([0.5, 1.0, 1.5, 2.0, 3.0, 5.0]), dtype=np.float64)


def default_samples(source: Source, simulation: bool) -> FloatArray:
    """Sample sizes that show the transitions.

    Parameters
    ----------
    source : Source
        What is predicted or measured.
    simulation : bool
        Whether training sets must be drawn, and so stay small.

    Returns
    -------
    ndarray
        d/64 … 64 d by factors of 4; for simulations four powers of two that fit the data.
    """
    dim = source.spectrum.dim if source.data is None else source.points.dim
    if not simulation:
        return np.unique(np.maximum(np.round(dim * 4.0 ** np.arange(-3, 4)), 1.0))
    if source.data is None:
        return np.unique(np.maximum(np.round(dim * 2.0 ** np.arange(-2, 2)), 1.0))
    top = max(int(np.log2(source.data.shape[0] / 2)), 0)
    return np.unique(2.0 ** np.arange(max(top - 3, 0), top + 1))
