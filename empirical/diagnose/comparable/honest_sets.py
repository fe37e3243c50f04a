"""What training set and reference share with themselves and with each other.

Repeats in the training set must not hide copies, training points in the reference must not make
copies look like chance; but where the law itself repeats (few values, sparse counts), repeats are
what chance gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import InputError
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.sources.points import Points

# Different numbers in a set that takes only a few: such points may repeat by chance.
_FEW_VALUES = 16
# Smallest share of distinct points in both sets that is taken for a property of the law.
_NATURAL = 0.005
# A law that repeats itself more than this cannot show copies.
_HOPELESS = 0.25
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class HonestSets:
    """Repeats, and what is left of both sets without them.

    Attributes
    ----------
    first : ndarray of int64, shape (n,)
        For each training point the row of the first one that is the same.
    unseen : ndarray of int64, shape (r′,)
        Rows of the reference that are kept.
    leaked : ndarray of int64
        Rows of the reference that were training points, and were removed.
    samples : ndarray of int64
        Rows of the samples that equal a training point, number for number.
    natural : float
        Share of unseen points that repeat a training point because the law repeats.
    notes : list of str
        What was found, as sentences.
    """

    first: NDArray[np.int64]
    unseen: NDArray[np.int64]
    leaked: NDArray[np.int64]
    samples: NDArray[np.int64]
    natural: float
    notes: list[str]

    @property
    def repeated(self) -> NDArray[np.bool_]:
        """Training points that repeat an earlier one, shape (n,)."""
        return np.asarray(self.first != np.arange(len(self.first)))

    @property
    def distinct(self) -> int:
        """Training points that are different."""
        return int(np.count_nonzero(~self.repeated))


def honest_sets(
    training: Points, reference: Points | None, samples: Points, orbit: Orbit
) -> HonestSets:
    """Find exact repeats within and between sets; a mirrored image is the same image.

    Parameters
    ----------
    training : Points
        Training set.
    reference : Points or None
        Unseen points.
    samples : Points
        Generated points.
    orbit : Orbit
        What is ignored between points.

    Returns
    -------
    HonestSets

    Raises
    ------
    InputError
        If little of the reference is unseen, or the law repeats itself so often that a copy is
        nothing special.
    """
    keys = _keys(training, orbit)
    rows: dict[int, int] = {}
    first = np.array([rows.setdefault(key, row) for row, key in enumerate(keys)], np.int64)
    copied = np.array([r for r, key in enumerate(_keys(samples, orbit)) if key in rows], np.int64)
    others = [] if reference is None else _keys(reference, orbit)
    seen = np.array([r for r, key in enumerate(others) if key in rows], np.int64)
    inside = 1.0 - len(rows) / len(training)
    between = len(seen) / len(others) if others else (inside if _few_values(training) else 0.0)
    natural = min(inside, between) if min(inside, between) >= _NATURAL else 0.0
    notes = _training_words(training, first, inside, natural)
    if natural > _HOPELESS:
        raise InputError(
            f"{natural:.0%} of unseen points equal a training point ({len(rows)} of "
            f"{len(training)} training points are different): where the data repeat themselves, "
            "copying cannot be told from chance."
        )
    unseen = np.arange(len(others))
    if natural == 0.0 and len(seen):
        unseen = np.setdiff1d(unseen, seen)
        assert reference is not None
        notes.append(_leak_words(reference, seen, len(unseen)))
    elif natural:
        seen = seen[:0]
    if len(copied) and natural == 0.0:
        notes.append(
            f"{len(copied)} of {len(samples)} samples equal a training point number for number, "
            "which generators hardly ever reach: make sure that they are samples, and no training "
            "files."
        )
    return HonestSets(first, unseen, seen, copied, natural, notes)


def _training_words(
    training: Points, first: NDArray[np.int64], inside: float, natural: float
) -> list[str]:
    if inside == 0.0:
        return []
    _, sizes = np.unique(first, return_counts=True)
    groups, largest = int(np.sum(sizes > 1)), int(sizes.max())
    why = "as the law makes them" if natural else "counted once"
    return [
        f"{int(np.sum(sizes - 1))} of {len(training)} training points repeat an earlier one "
        f"({groups} groups, the largest of {largest}): they are {why}."
    ]


def _leak_words(reference: Points, seen: NDArray[np.int64], left: int) -> str:
    shown = ", ".join(map(str, seen[:5])) + (", …" if len(seen) > 5 else "")
    if left < max(_FEWEST, 0.1 * len(reference)):
        raise InputError(
            f"{len(seen)} of {len(reference)} points of {reference.name} are training points "
            f"(rows {shown}), so that it cannot stand for unseen data: give points that the model "
            "has not seen, or leave --reference out."
        )
    return (
        f"{len(seen)} of {len(reference)} points of {reference.name} are training points (rows "
        f"{shown}): they were left out."
    )


def _few_values(points: Points) -> bool:
    return len(np.unique(points.flat(slice(256)))) <= _FEW_VALUES


def _keys(points: Points, orbit: Orbit) -> list[int]:
    """A number for each point that is the same for the same point, mirrored or not."""
    mirrored = "mirror" in orbit.names
    found: list[int] = []
    for block in row_blocks(points.rows):
        rows = np.ascontiguousarray(block, np.float32).reshape(-1, *points.shape)
        rows = rows + np.float32(0.0)  # −0 is 0
        turned = np.ascontiguousarray(rows[..., ::-1]) if mirrored else rows
        found += [
            hash(min(row.tobytes(), other.tobytes()))
            for row, other in zip(rows, turned, strict=True)
        ]
    return found
