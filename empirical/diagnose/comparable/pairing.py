"""Whether sample i of one model belongs to sample i of another: q means nothing otherwise."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.data.regular_files import printable
from convergen.theory.sources.points import Points

# Samples that are held against each other; fewer than the least show no order.
_MOST, _LEAST = 1024, 20
# Standard errors beyond which an order is taken for real, and that of chance.
_SURE, _CHANCE = 6.0, 3.0
# Share of samples that must fit a neighbouring row for one that is missing.
_SHIFTED = 0.2
_NUMBER = re.compile(r"\d+")


def check_counts_and_names(first: Points, second: Points) -> None:
    """Refuse samples of two models that cannot pair by their files.

    Parameters
    ----------
    first, second : Points
        Samples of A and of B, in natural order of their files.

    Raises
    ------
    InputError
        If their numbers differ, or files of the same name stand at different places.
    """
    names = [_names(each) for each in (first, second)]
    alone = _alone(*names)
    if len(first) != len(second):
        raise InputError(
            f"{first.name} holds {len(first)} samples, {second.name} {len(second)}: convergence "
            f"compares point by point what two models made of the same seeds.{alone}"
        )
    if names[0] is None or names[1] is None:
        return
    common = sum((Counter(names[0]) & Counter(names[1])).values())
    for row, (own, other) in enumerate(zip(*names, strict=True)):
        if own != other and 2 * common >= len(first):
            raise InputError(
                f"files of {first.name} and {second.name} do not pair: number {row} is "
                f"{printable(own)} of the one and {printable(other)} of the other; name samples of "
                f"the same seed alike.{alone}"
            )


def _names(points: Points) -> list[str] | None:
    """What tells files of one set apart: the number in their name, or the name without ending."""
    record = points.record
    if record is None or record.names is None or len(record.names) != len(points):
        return None
    stems = [str(PurePath(name).with_suffix("")) for name in record.names]
    found = [_NUMBER.findall(PurePath(stem).name) for stem in stems]
    numbers = [
        each[-1].lstrip("0") or "0" if each else stem
        for each, stem in zip(found, stems, strict=True)
    ]
    return numbers if len(set(numbers)) == len(numbers) else stems


def _alone(first: list[str] | None, second: list[str] | None) -> str:
    """Files of one model alone, as a sentence."""
    if first is None or second is None:
        return ""
    for own, other, who in ((first, second, "A"), (second, first, "B")):
        missing = sorted(set(own) - set(other))
        if missing and 2 * len(missing) <= len(own):
            return f" Of {who} alone there is, for instance, {printable(missing[0])}."
    return ""


def check_order(first: FloatArray, second: FloatArray, real: FloatArray, names: str) -> None:
    """Refuse samples that fit each other in another order than they have.

    Parameters
    ----------
    first, second : ndarray, shape (m, d)
        Samples of A and of B, about the mean of real points.
    real : ndarray, shape (r, d)
        Real points about the same mean: how often points find a partner by chance.
    names : str
        What messages call both.

    Raises
    ------
    InputError
        If rows at the same place have nothing in common while many have a partner elsewhere, or
        many fit a row nearby.

    Notes
    -----
    A partner is a mutual nearest neighbour by cosine. Points of any two sets of one law find some;
    what counts is how many more B gives than as many real points.
    """
    count = min(len(first), _MOST)
    if count < _LEAST:
        return
    x, y = _directions(first[:count]), _directions(second[:count])
    cosines = x @ y.T
    row, column = _mutual(cosines)
    elsewhere = row != column
    shift, share = _shift(row[elsewhere], column[elsewhere], count)
    if share > _SHIFTED:
        place = int(row[elsewhere][np.flatnonzero(column[elsewhere] - row[elsewhere] == shift)[0]])
        raise InputError(
            f"samples of {names} do not pair: {share:.0%} of them fit the row {abs(shift)} "
            f"{'after' if shift > 0 else 'before'} their own, from {place} on, as if one were "
            "missing: give what both models made of the same seeds, in one order."
        )
    few = min(count, len(real))
    partners, _ = _mutual(x[:few] @ _directions(real[:few]).T)
    by_chance = len(partners) / few
    found = float(elsewhere.sum()) / count
    error = np.sqrt(0.5 / few)
    if _paired(cosines) < _CHANCE and found > by_chance + _SURE * error:
        pairs = zip(row[elsewhere][:3].tolist(), column[elsewhere][:3].tolist(), strict=True)
        shown = ", ".join(f"{i} of A fits {j} of B" for i, j in pairs)
        raise InputError(
            f"samples of {names} are in different orders: rows of the same number have nothing in "
            f"common, but {found:.0%} have a partner elsewhere ({shown}; {by_chance:.0%} by "
            "chance): give what both models made of the same seeds, in one order."
        )


def _paired(cosines: FloatArray) -> float:
    """Standard errors by which the mean rank of the partner of the same number is over chance."""
    count = len(cosines)
    below = (cosines < np.diagonal(cosines)[:, None]).sum() / (count * (count - 1))
    return (float(below) - 0.5) * math.sqrt(12.0 * count)


def _directions(rows: FloatArray) -> FloatArray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, np.finfo(float).tiny))


def _mutual(cosines: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns that are each other's best."""
    best = cosines.argmax(axis=1)
    rows = np.flatnonzero(cosines.argmax(axis=0)[best] == np.arange(len(best)))
    return rows, best[rows]


def _shift(row: NDArray[np.int64], column: NDArray[np.int64], count: int) -> tuple[int, float]:
    """The commonest small distance between partners, and the share of all samples that has it."""
    near = (column - row)[np.abs(column - row) <= 3]
    if not len(near):
        return 0, 0.0
    values, times = np.unique(near, return_counts=True)
    return int(values[times.argmax()]), float(times.max()) / count
