"""All forms of all sets through one encoder, in batches; what it returns is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.view import FormsOrbit, Given, View
from convergen.theory.common.checks import InputError
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points

# From points (N, *shape) to features (N, k).
Rows = Callable[[NDArray[np.float32]], Any]
_BATCH = 128
# How far features of a point may depend on the call or on the rest of the batch, of their spread.
_ALIKE = 1e-2


def encoded_sets(given: Given, rows: Rows, name: str, **more: Any) -> View:
    """Encode samples once and real points in every form.

    Parameters
    ----------
    given : Given
        The sets.
    rows : callable
        From points (N, *shape) in single precision, N ≤ 128, to their features (N, k).
    name : str
        What messages call the encoder.
    **more
        Attributes of the view: words, theory, record, notes.

    Returns
    -------
    View
        Its sets have the shape (forms, k).

    Raises
    ------
    InputError
        If the encoder returns another number of rows, no numbers, NaN, or answers the same
        points differently.
    """
    tried = np.asarray(given.training.rows[:_BATCH])
    width = _tried(given.orbit.pictures(tried, np.float32)[0], rows, name)
    total = sum(map(len, given.sets)) + (given.orbit.count - 1) * sum(
        len(each) for each in given.sets[len(given.samples) :]
    )
    with phase(f"features of {name}", total, "point") as done:

        def features(points: Points, every_form: bool) -> Points:
            found = []
            for at in range(0, len(points), _BATCH):
                block = np.asarray(points.rows[at : at + _BATCH])
                views = [given.orbit.plain(block, np.float32)]
                if every_form:
                    views = given.orbit.pictures(block, np.float32)
                parts = [checked(rows(_single(each)), len(block), width, name) for each in views]
                found.append(np.stack(parts, axis=1))
                done(len(block) * len(views))
            every = np.concatenate(found)
            return replace(points, rows=every, shape=every.shape[1:], groups=None)

        samples = [features(each, every_form=False) for each in given.samples]
        training = features(given.training, every_form=True)
        reference = given.reference and features(given.reference, every_form=True)
    orbit = FormsOrbit(training.shape, given.orbit.steps)
    if not training.flat().var(axis=0).any():
        raise InputError(f"{name} gives the same features for all training points: mend it.")
    return View(samples, training, reference, orbit, name=name, **more)


def checked(found: Any, count: int, width: int | None, name: str) -> NDArray[np.float32]:
    """Features of a batch, if they are any.

    Parameters
    ----------
    found : object
        What an encoder returned.
    count : int
        Points that it was given.
    width : int or None
        Features of each, if that is known.
    name : str
        What messages call the encoder.

    Returns
    -------
    ndarray, shape (count, k)

    Raises
    ------
    InputError
        If it is no array of `count` finite rows of numbers.
    """
    if hasattr(found, "detach"):  # a tensor
        found = found.detach().cpu().numpy()
    try:
        values = np.asarray(found)
        rows = values.astype(np.float32, casting="same_kind", copy=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} returns {type(found).__name__}, which is no array of real numbers: return "
            "one row of features for each point."
        ) from error
    fits = rows.ndim == 2 and len(rows) == count and rows.size
    if not fits or width not in (None, rows.shape[1]):
        raise InputError(
            f"{name} returns an array of shape {rows.shape} for {count} points: return shape "
            f"({count}, {'k' if width is None else width}), one row of features for each point."
        )
    bad = int(np.count_nonzero(~np.isfinite(rows).all(axis=1)))
    if bad:
        raise InputError(f"{name} returns NaN or infinity for {bad} of {count} points: mend it.")
    return rows


def _tried(points: NDArray[Any], rows: Rows, name: str) -> int:
    """Features of a point, after some were encoded twice and in another batch."""
    x = _single(points)
    first = checked(rows(x.copy()), len(x), None, name)
    scale = float(first.std(axis=0).max()) or 1.0
    again = checked(rows(x.copy()), len(x), first.shape[1], name)
    if float(np.abs(again - first).max()) > _ALIKE * scale:
        raise InputError(
            f"{name} gives other features for the same points when it is asked again: switch off "
            "dropout and noise (module.eval())."
        )
    half = len(x) // 2
    if half:
        part = checked(rows(x[:half].copy()), half, first.shape[1], name)
        if float(np.abs(part - first[:half]).max()) > _ALIKE * scale:
            raise InputError(
                f"{name} gives a point other features in another batch: switch batch statistics "
                "off (module.eval())."
            )
    return first.shape[1]


def _single(points: NDArray[Any]) -> NDArray[np.float32]:
    """A copy, so that a function that writes into its argument does no harm."""
    return np.array(points, np.float32, order="C")


def geometric(orbit: Orbit, name: str) -> None:
    """Refuse changes after which numbers are no brightness any more.

    Parameters
    ----------
    orbit : Orbit
        Changes that are ignored.
    name : str
        Of an encoder that wants images in [0, 1].

    Raises
    ------
    InputError
        If brightness or contrast is to be stripped.
    """
    stripped = [each for each in orbit.names if each in ("brightness", "contrast")]
    if stripped:
        raise InputError(
            f"--invariant {','.join(stripped)} strips images of what {name} expects, values from "
            "0 to 1: leave it out, or compare pixels."
        )
