"""What training set and reference share with themselves and with each other.

Repeats in the training set must not hide copies, training points in the reference must not make
copies look like chance; but where the law itself repeats (few values, sparse counts), repeats are
what chance gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.comparable.blank_images import blank_words, contrasts, faintest
from convergen.empirical.diagnose.comparable.near_repeats import near_groups
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import InputError
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.data.regular_files import printable
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points

# Smallest share of repeats, in both sets, that is taken for a property of the law: if points of
# independent coordinates would repeat as often as this, by what some of them show.
_NATURAL, _LAWFUL, _LOOKED = 0.005, 1e-3, 1000
# A law that repeats itself more than this cannot show copies.
_HOPELESS = 0.25
_FEWEST = 8
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class HonestSets:
    """Repeats, and what is left of both sets without them.

    Attributes
    ----------
    first : ndarray of int64, shape (n,)
        For each training point the row of the first one of its group: the same, or nearly.
    exact, near : int
        Training points that repeat an earlier one number for number, and those that nearly do.
    unseen : ndarray of int64, shape (r′,)
        Rows of the reference that are kept.
    leaked : ndarray of int64
        Rows of the reference that were training points, or nearly, and were removed.
    faintest : float
        Contrast below which an image is blank.
    blank : ndarray of bool, shape (n,)
        Training images that are: they do not count.
    samples : ndarray of int64
        Rows of the samples that equal a training point, number for number.
    blank_samples : ndarray of int64
        Rows of the samples that are blank.
    natural : float
        Share of unseen points that repeat a training point because the law repeats.
    notes : list of str
        What was found, as sentences.
    known : dict of int to int
        Row of the first training point of each key, which finds samples that equal one.
    """

    first: NDArray[np.int64]
    exact: int
    near: int
    unseen: NDArray[np.int64]
    leaked: NDArray[np.int64]
    faintest: float
    blank: NDArray[np.bool_]
    samples: NDArray[np.int64]
    blank_samples: NDArray[np.int64]
    natural: float
    notes: list[str]
    known: dict[int, int]

    @property
    def repeated(self) -> NDArray[np.bool_]:
        """Training points that repeat an earlier one, nearly or exactly, shape (n,)."""
        return np.asarray(self.first != np.arange(len(self.first)))

    @property
    def skipped(self) -> NDArray[np.bool_]:
        """Training points that do not count: repeats and blank images, shape (n,)."""
        return self.repeated | self.blank

    @property
    def distinct(self) -> int:
        """Training points that are different, and show something."""
        return int(np.count_nonzero(~self.skipped))

    @property
    def groups(self) -> list[NDArray[np.int64]]:
        """Rows of the training points of each group of two or more, the largest group first."""
        order = np.argsort(self.first, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(self.first[order])) + 1)
        return sorted((part for part in parts if len(part) > 1), key=lambda part: -len(part))

    def beside(self, samples: Points, orbit: Orbit) -> HonestSets:
        """The same with samples that equal a training point.

        Parameters
        ----------
        samples : Points
            Generated points.
        orbit : Orbit
            What is ignored between points.

        Returns
        -------
        HonestSets
        """
        keys = _keys(samples, orbit)
        blank = contrasts(samples) < self.faintest
        equal = np.array([key in self.known for key in keys], np.bool_)
        copied = np.flatnonzero(equal & ~blank)
        words = blank_words(samples, blank)
        if len(copied) and self.natural == 0.0:
            words.append(
                f"{len(copied)} of {len(samples)} samples equal a training point number for number "
                f"({named_rows(samples, copied)}), which generators hardly ever reach: make sure "
                "that they are samples, and no training files."
            )
        notes = [*self.notes, *words]
        return replace(self, samples=copied, blank_samples=np.flatnonzero(blank), notes=notes)


def honest_sets(training: Points, reference: Points | None, orbit: Orbit) -> HonestSets:
    """Find repeats and near-repeats within and between sets; a mirrored image is the same image.

    Parameters
    ----------
    training : Points
        Training set.
    reference : Points or None
        Unseen points.
    orbit : Orbit
        What is ignored between points.

    Returns
    -------
    HonestSets
        Of no samples yet.

    Raises
    ------
    InputError
        If little of the reference is unseen, or the law repeats itself so often that a copy is
        nothing special.
    """
    keys = _keys(training, orbit)
    rows: dict[int, int] = {}
    first = np.array([rows.setdefault(key, row) for row, key in enumerate(keys)], np.int64)
    others = [] if reference is None else _keys(reference, orbit)
    hits = np.array([rows.get(key, -1) for key in others], np.int64)
    contrast = contrasts(training)
    limit = faintest(contrast)
    blank = contrast < limit
    first[blank] = np.flatnonzero(blank)
    unseen_blank = np.zeros(0, np.bool_) if reference is None else contrasts(reference) < limit
    hits[unseen_blank] = -1
    natural = _natural(first, hits, training, reference is not None)
    if natural > _HOPELESS:
        raise InputError(
            f"{natural:.0%} of unseen points equal a training point ({len(np.unique(first))} of "
            f"{len(training)} training points are different): where the data repeat themselves, "
            "copying cannot be told from chance."
        )
    exact = len(training) - len(np.unique(first))
    notes = blank_words(training, blank)
    if reference is not None:
        notes += blank_words(reference, unseen_blank)
    notes += _group_words(training, first, exact, "repeat an earlier one", natural)
    if natural:
        hits[:] = -1
    else:
        alone = np.concatenate([blank, unseen_blank])
        first, hits, more = _nearly(training, reference, orbit, first, hits, alone)
        notes += more
    seen = np.flatnonzero(hits >= 0)
    unseen = np.setdiff1d(np.flatnonzero(hits < 0), np.flatnonzero(unseen_blank))
    if len(seen):
        assert reference is not None
        notes.append(_leak_words(reference, seen, len(unseen)))
    near = int(np.count_nonzero(first != np.arange(len(first)))) - exact
    none = np.empty(0, np.int64)
    return HonestSets(
        first, exact, near, unseen, seen, limit, blank, none, none, natural, notes, rows
    )


def _natural(
    first: NDArray[np.int64], hits: NDArray[np.int64], training: Points, compared: bool
) -> float:
    """Share of points that the law repeats; 0 where repeats are a fault of the sets."""
    inside = 1.0 - len(np.unique(first)) / len(first)
    share = min(inside, float(np.mean(hits >= 0))) if compared else inside
    return share if share >= _NATURAL and _expected_repeats(training) > _LAWFUL else 0.0


def _expected_repeats(points: Points) -> float:
    """Other points equal to a given one, if coordinates were independent: n Π_j Σ_v p_j(v)²."""
    rows = points.flat(slice(_LOOKED))
    total = np.log(len(points))
    for column in rows.T:
        counts = np.unique(column, return_counts=True)[1]
        total += np.log(np.sum((counts / len(rows)) ** 2))
    return float(np.exp(total))


def _nearly(
    training: Points,
    reference: Points | None,
    orbit: Orbit,
    first: NDArray[np.int64],
    hits: NDArray[np.int64],
    alone: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Groups and leaks with near-duplicates among them, if these are no property of the law.

    Points that are `alone` repeat none.
    """
    with phase("near-duplicates"):
        labels = near_groups([training, *([] if reference is None else [reference])], orbit)
    labels[alone] = len(labels) + np.flatnonzero(alone)
    n = len(training)
    start = np.full(int(labels.max()) + 1, -1)
    start[labels[:n][::-1]] = np.arange(n)[::-1]
    # Exact repeats of both mirrors belong together, too.
    joined = start[labels[first]]
    joined = joined[joined]
    back = np.where(hits >= 0, joined[hits], start[labels[n:]])
    fresh = (joined != np.arange(n)) & (first == np.arange(n))
    some = np.where(np.isin(joined, joined[fresh]), joined, np.arange(n))
    words = "nearly repeat another one (saved again or mirrored, perhaps)"
    return joined, back, _group_words(training, some, int(fresh.sum()), words, 0.0)


def _group_words(
    training: Points, first: NDArray[np.int64], count: int, words: str, natural: float
) -> list[str]:
    if count == 0:
        return []
    rows, sizes = np.unique(first, return_counts=True)
    groups, largest = int(np.sum(sizes > 1)), int(sizes.max())
    why = "as the law makes them" if natural else "counted once"
    members = np.flatnonzero(first == rows[int(np.argmax(sizes))])
    return [
        f"{count} of {len(training)} training points {words} ({groups} "
        f"group{'s' * (groups != 1)}, the largest of {largest}: {named_rows(training, members)}): "
        f"they are {why}."
    ]


def named_rows(points: Points, rows: NDArray[np.int64]) -> str:
    """Name the files of some points, or their rows.

    Parameters
    ----------
    points : Points
        A set.
    rows : ndarray of int64
        Which of its points; the first five are named.

    Returns
    -------
    str
    """
    names = None if points.record is None else points.record.names
    known = names is not None and len(names) == len(points)
    shown = [printable(names[r]) if known and names else str(r) for r in rows[:_SHOWN]]
    more = ", …" if len(rows) > _SHOWN else ""
    return f"{'' if known else 'rows '}{', '.join(shown)}{more}"


def _leak_words(reference: Points, seen: NDArray[np.int64], left: int) -> str:
    shown = named_rows(reference, seen)
    if left < max(_FEWEST, 0.1 * len(reference)):
        raise InputError(
            f"{len(seen)} of {len(reference)} points of {reference.name} are training points "
            f"({shown}), so that it cannot stand for unseen data: give points that the model "
            "has not seen, or leave --reference out."
        )
    return (
        f"{len(seen)} of {len(reference)} points of {reference.name} are training points "
        f"({shown}): they were left out."
    )


def _keys(points: Points, orbit: Orbit) -> list[int]:
    """A number for each point that is the same for the same point, mirrored or not."""
    mirrored = "mirror" in orbit.names
    found: list[int] = []
    with phase("exact repeats", len(points), "point") as done:
        for block in row_blocks(points.rows):
            rows = np.ascontiguousarray(block, np.float32).reshape(-1, *points.shape)
            rows = rows + np.float32(0.0)  # −0 is 0
            turned = np.ascontiguousarray(rows[..., ::-1]) if mirrored else rows
            found += [
                hash(min(row.tobytes(), other.tobytes()))
                for row, other in zip(rows, turned, strict=True)
            ]
            done(len(block))
    return found
