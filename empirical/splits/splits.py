"""Disjoint training sets: two sides, nested across n, without near-duplicates between them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.splits.row_orders import row_orders, take_in_turns
from convergen.theory.common.checks import (
    InputError,
    as_count,
    as_seed,
)
from convergen.theory.data.near_duplicates import DUPLICATE_LIMIT, near_duplicates
from convergen.theory.files.atomic_files import check_target, write_beside

Rows = NDArray[np.int64]

SIDES = ("a", "b")


@dataclass(frozen=True, eq=False)
class Splits:
    """Rows of the two sides and of the test set, for one seed.

    Attributes
    ----------
    a, b : ndarray of int64, shape (largest n,)
        Rows of each side; the first n of them are its training set of size n.
    held_out : ndarray of int64
        Rows for testing: on neither side, nor of a group or near-duplicate of one on a side.
    samples : tuple of int
        The n it was made for, ascending.
    seed : int
        Of the permutation.
    limit : float or None
        |cosine| from which points count as near-duplicates; None if they were not looked for.
    fingerprint : str
        Of the data.
    """

    a: Rows
    b: Rows
    held_out: Rows
    samples: tuple[int, ...]
    seed: int
    limit: float | None
    fingerprint: str

    def __post_init__(self) -> None:
        for rows in (self.a, self.b, self.held_out):
            rows.setflags(write=False)

    def indices(self, n: int, side: str) -> Rows:
        """Rows of one training set.

        Parameters
        ----------
        n : int
            Its size, at most the largest of `samples`.
        side : {'a', 'b'}
            Which of the two.

        Returns
        -------
        ndarray of int64, shape (n,)
            A prefix of that of any larger n.

        Raises
        ------
        InputError
            If n is too large or the side unknown.
        """
        if side not in SIDES:
            raise InputError(f"a split has the sides 'a' and 'b', not {side!r}: choose one.")
        rows = {"a": self.a, "b": self.b}[side]
        if as_count(n, "n") > len(rows):
            raise InputError(
                f"n = {n} was asked for, but these splits were made for n up to {len(rows)}: make "
                "them again with the larger n."
            )
        return rows[:n]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows, the seed, the limit and the fingerprint of the data."""
        words = [list(self.samples), self.seed, self.limit, self.fingerprint]
        lengths = [len(self.a), len(self.b), len(self.held_out)]
        found = hashlib.sha256(json.dumps([*words, lengths]).encode())
        for rows in (self.a, self.b, self.held_out):
            found.update(rows.astype("<i8").tobytes())
        return found.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the splits with their digest.

        Parameters
        ----------
        path : str or Path
            Target, ending in ``.npz``.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        path = Path(path)
        check_target(path, (".npz",))
        words = {
            "samples": list(self.samples), "seed": self.seed, "limit": self.limit,
            "fingerprint": self.fingerprint, "digest": self.digest,
        }  # fmt: skip
        header = np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)
        write_beside(
            path,
            lambda file: np.savez(file, header=header, a=self.a, b=self.b, held_out=self.held_out),
        )

    @classmethod
    def load(cls, path: str | Path, data: DataSet) -> Splits:
        """Read splits and verify them against the data.

        Parameters
        ----------
        path : str or Path
            File written by `save`.
        data : DataSet
            What was split.

        Returns
        -------
        Splits

        Raises
        ------
        InputError
            If the file is damaged or altered, belongs to other data, or a row, a group or
            near-duplicates are on more than one side.
        """
        found, digest = _read(cls, Path(path))
        if found.digest != digest:
            raise InputError(f"{path} does not match its digest: make the splits again.")
        if found.fingerprint != data.fingerprint:
            raise InputError(
                f"{path} was made for other data than {data.name!r}: give those, or split anew."
            )
        _verify(found, data, Path(path))
        return found


def split(
    data: DataSet,
    samples: Sequence[int],
    seed: int,
    *,
    duplicate_limit: float | None = DUPLICATE_LIMIT,
    held_out: int = 0,
) -> Splits:
    """Divide data into two sides and a test set.

    The rows are permuted; side a takes rows from the front of the permutation and side b from its
    back, in turns. A row is left out if a near-duplicate of it is on the other side already. Data
    with groups are divided by whole groups: the groups are permuted, those in the middle eighth are
    for testing, those before it for side a and those behind it for side b. The rows of a side are
    then permuted too, so that even few of them come from many groups. No order depends on n.

    Parameters
    ----------
    data : DataSet
        What is divided.
    samples : sequence of int
        Sizes n of the training sets.
    seed : int
        Of the permutation.
    duplicate_limit : float or None
        |cosine| from which points count as near-duplicates. None looks for none; nor does data
        whose law is known, because independent draws of a continuous law are no copies.
    held_out : int
        Fewest rows that must be left for testing.

    Returns
    -------
    Splits

    Raises
    ------
    InputError
        If the largest n, or `held_out`, does not fit; the message says what fits.
    """
    sizes = tuple(sorted({as_count(n, "samples") for n in samples}))
    if not sizes:
        raise InputError("samples is empty: give at least one number of training samples.")
    number, least = as_seed(seed), as_count(held_out, "held_out", 0)
    limit = None if data.truth is not None else duplicate_limit
    clusters = np.arange(len(data)) if limit is None else _clusters(data, float(limit))
    front, back, reserve = row_orders(data, np.random.default_rng(number))
    a, b, owner = take_in_turns(front, back, clusters, sizes[-1])
    if not b.size:
        raise InputError(
            f"the {len(data)} points of {data.name} cannot be divided{_reason(data, limit)}: "
            "give more points, or raise splits.duplicate_limit (false: none)."
        )
    if len(b) < sizes[-1]:
        raise InputError(
            f"n = {sizes[-1]} is too large for two disjoint sets from the {len(data)} points of "
            f"{data.name}{_reason(data, limit)}: use n of at most {len(b)}."
        )
    rest = reserve[owner[clusters[reserve]] == 0]
    if len(rest) < least:
        raise InputError(
            f"two sets of n = {sizes[-1]} leave {len(rest)} of the {len(data)} points of "
            f"{data.name} for testing, but {least} are needed: lower the largest n."
        )
    return Splits(a, b, rest, sizes, number, limit, data.fingerprint)


@lru_cache(maxsize=2)
def _clusters(data: DataSet, limit: float) -> Rows:
    """Near-duplicates, found once for all seeds."""
    return near_duplicates(data.points, limit)


def _reason(data: DataSet, limit: float | None) -> str:
    reasons = []
    if data.groups is not None:
        reasons.append("points of one group stay together and an eighth of them is for testing")
    if limit is not None:
        reasons.append(f"near-duplicates (|cosine| of {limit:g} or more) stay on one side")
    return f" ({'; '.join(reasons)})" if reasons else ""


def _read(kind: type[Splits], path: Path) -> tuple[Splits, str]:
    from convergen.theory.data.reading import load_array

    damaged = InputError(f"{path} does not hold splits: make them again.")
    if path.suffix != ".npz":
        raise damaged
    arrays = {key: load_array(path, key=key) for key in ("header", "a", "b", "held_out")}
    try:
        words = json.loads(arrays.pop("header").tobytes())
        digest = words.pop("digest")
        words["samples"] = tuple(words["samples"])
        found = kind(**(arrays | words))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise damaged from None
    if any(rows.dtype != np.int64 or rows.ndim != 1 for rows in arrays.values()):
        raise damaged
    return found, digest


def _verify(splits: Splits, data: DataSet, path: Path) -> None:
    """Refuse splits whose parts share a row, a group or near-duplicates."""
    parts = (splits.a, splits.b, splits.held_out)
    rows = np.concatenate(parts)
    part = np.repeat(np.arange(3), [len(p) for p in parts])
    if rows.min() < 0 or rows.max() >= len(data):
        raise InputError(f"{path} names rows that {data.name} does not have: make them again.")
    if len(np.unique(rows)) < len(rows):
        raise InputError(f"{path} has a row twice, its sets are not disjoint: make them again.")
    if data.groups is not None and _mixes(data.groups[rows], part):
        raise InputError(f"{path} has one group on two sides: make the splits again.")
    if splits.limit is not None and _mixes(_clusters(data, splits.limit)[rows], part):
        raise InputError(f"{path} has near-duplicates on two sides: make the splits again.")


def _mixes(labels: Rows, part: Rows) -> bool:
    """Whether points with one label are in several parts."""
    pairs = np.unique(np.stack([labels, part]), axis=1)
    return bool(len(np.unique(pairs[0])) < pairs.shape[1])
