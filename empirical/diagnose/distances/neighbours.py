"""Nearest points over an orbit, in one streaming pass of matrix products.

Products are single precision and only choose candidates; distances of what was chosen are exact.
Threads share out queries in blocks that do not depend on how many threads there are, and BLAS
works in one thread for each, so that no bit of a result depends on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.compiled import kernel
from convergen.theory.common.machine.blas_threads import one_blas_thread
from convergen.theory.common.row_blocks import row_blocks
from convergen.theory.messages.progress import phase

# Neighbours that are kept: enough to step over near-duplicates of the nearest one.
KEPT = 6
# Products of one block of targets with one block of queries.
_VALUES, _QUERIES = 2**24, 2**14
# Queries of one block that a thread takes at a time.
_SHARE = 1024
# Numbers of one block of pairs whose distances are computed one by one.
_PAIR_VALUES = 2**22


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest points of one set.

    Attributes
    ----------
    indices : ndarray of int64, shape (m, k)
        Rows of the set, nearest first; −1 where there are fewer.
    distances : ndarray of float64, shape (m, k)
        Euclidean, over the orbit; infinite where there are fewer.
    cosines : ndarray of float64, shape (m,)
        Largest |cosine| with a point of the set as it is, about the origin of the space.
    """

    indices: NDArray[np.int64]
    distances: FloatArray
    cosines: FloatArray

    def __getitem__(self, rows: NDArray[Any] | slice) -> Near:
        """The same for some of the queries."""
        return Near(self.indices[rows], self.distances[rows], self.cosines[rows])


@dataclass(frozen=True, eq=False)
class Space:
    """Where points are compared.

    Attributes
    ----------
    orbit : Orbit
        Changes that are ignored.
    origin : ndarray, shape (d′,)
        Subtracted from everything; matters to cosines alone.
    workers : int
        Threads that share the work; no result depends on it.
    """

    orbit: Orbit
    origin: FloatArray
    workers: int = 1

    def still(self, rows: NDArray[Any]) -> FloatArray:
        """Samples as they are compared, shape (N, d′)."""
        found, start = np.empty((0, len(self.origin))), 0
        for block in row_blocks(rows):  # changes of images copy what they are given
            part = self.orbit.still(block)
            if start == 0:
                found = np.empty((len(rows), part.shape[1]))
            np.subtract(part, self.origin, found[start : start + len(part)])
            start += len(part)
        return found

    def forms(self, rows: NDArray[Any]) -> list[FloatArray]:
        """Forms of training points, each of shape (n, d′)."""
        return [each - self.origin for each in self.orbit.forms(rows)]

    def single_forms(self, rows: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """The same in single precision, one by one."""
        origin = self.origin.astype(np.float32)
        for each in self.orbit.forms(rows, np.float32):
            yield np.asarray(each, np.float32) - origin


def nearest(
    queries: FloatArray,
    rows: NDArray[Any],
    space: Space,
    *,
    own: NDArray[np.int64] | None = None,
    skip: NDArray[np.bool_] | None = None,
    words: str = "nearest points",
) -> Near:
    """Find the nearest rows of each query.

    Parameters
    ----------
    queries : ndarray, shape (m, d′)
        From `Space.still`.
    rows : ndarray or memmap, shape (n, …)
        Points of a set, perhaps larger than memory.
    space : Space
        Where they are compared.
    own : ndarray of int64, shape (m,), optional
        The row of the set that a query is itself, which does not count; −1 for none.
    skip : ndarray of bool, shape (n,), optional
        Rows that do not count: repeats.
    words : str
        What the bar of progress says.

    Returns
    -------
    Near
        At most `KEPT` for each query; of equal ones the first in the data.
    """
    own = np.full(len(queries), -1) if own is None else own
    skip = np.zeros(len(rows), np.bool_) if skip is None else skip
    with phase(words, len(queries) * len(rows), "pair") as done, _threads(space.workers) as each:
        parts = [
            _of_block(
                queries[at : at + _QUERIES], rows, space, own[at : at + _QUERIES], skip, done, each
            )
            for at in range(0, len(queries), _QUERIES)
        ]
    if not parts:
        empty = np.empty((0, KEPT))
        return Near(empty.astype(np.int64), empty, np.empty(0))
    return Near(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _of_block(
    queries: FloatArray,
    rows: NDArray[Any],
    space: Space,
    own: NDArray[np.int64],
    skip: NDArray[np.bool_],
    done: Any,
    each: _Each,
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Neighbours of some queries, their exact distances, and the largest |cosine|."""
    x = queries.astype(np.float32)
    squares = np.einsum("ij,ij->i", x, x)
    squared = np.full((len(x), KEPT), np.inf, np.float32)
    indices = np.full((len(x), KEPT), -1, np.int64)
    cosines = np.zeros(len(x), np.float32)
    step = _VALUES // len(x)
    shares = [slice(at, at + _SHARE) for at in range(0, len(x), _SHARE)]
    start = 0
    for large in row_blocks(rows):
        for at in range(0, len(large), step):
            block = large[at : at + step]
            for number, y in enumerate(space.single_forms(block)):
                lengths = np.einsum("ij,ij->i", y, y)
                left_out = skip[start : start + len(block)]

                def share(
                    part: slice, y: Any = y, lengths: Any = lengths, left_out: Any = left_out,
                    start: int = start, plain: bool = number == 0,
                ) -> None:  # fmt: skip
                    _merge(
                        x[part] @ y.T, squares[part], lengths, own[part] - start, left_out, start,
                        plain, squared[part], indices[part], cosines[part],
                    )  # fmt: skip

                each(share, shares)
            start += len(block)
            done(len(block) * len(x))
    found = _pair_distances(queries, indices, rows, space, each)
    order = np.argsort(found, axis=1, kind="stable")
    take = np.take_along_axis
    return take(indices, order, 1), take(found, order, 1), np.minimum(cosines.astype(float), 1.0)


@kernel(nogil=True)
def _merge(
    product: NDArray[np.float32],
    squares: NDArray[np.float32],
    lengths: NDArray[np.float32],
    own: NDArray[np.int64],
    skip: NDArray[np.bool_],
    start: int,
    plain: bool,
    squared: NDArray[np.float32],
    indices: NDArray[np.int64],
    cosines: NDArray[np.float32],
) -> None:
    """Put the products of a block into sorted lists; a row stays in a list once."""
    queries, count = product.shape
    last = squared.shape[1] - 1
    for i in range(queries):
        for j in range(count):
            if skip[j] or own[i] == j:
                continue
            value = squares[i] + lengths[j] - 2.0 * product[i, j]
            if plain:
                scale = np.sqrt(squares[i] * lengths[j])
                if scale > 0.0:
                    cosines[i] = max(cosines[i], abs(product[i, j]) / scale)
            if value >= squared[i, last]:
                continue
            place = last
            for k in range(last):
                if indices[i, k] == start + j:
                    place = k
                    break
            if indices[i, place] == start + j and squared[i, place] <= value:
                continue
            while place > 0 and squared[i, place - 1] > value:
                squared[i, place] = squared[i, place - 1]
                indices[i, place] = indices[i, place - 1]
                place -= 1
            squared[i, place] = value
            indices[i, place] = start + j


def pair_distances(
    queries: FloatArray, indices: NDArray[np.int64], rows: NDArray[Any], space: Space
) -> FloatArray:
    """Exact distances of given pairs over the orbit.

    Parameters
    ----------
    queries : ndarray, shape (m, d′)
        From `Space.still`.
    indices : ndarray of int64, shape (m, k)
        Rows of the set for each query; −1 for none.
    rows : ndarray or memmap, shape (n, …)
        The set.
    space : Space
        Where they are compared.

    Returns
    -------
    ndarray, shape (m, k)
        Infinite for none.
    """
    with _threads(space.workers) as each:
        return _pair_distances(queries, indices, rows, space, each)


def _pair_distances(
    queries: FloatArray, indices: NDArray[np.int64], rows: NDArray[Any], space: Space, each: _Each
) -> FloatArray:
    """The same, by threads that are there."""
    found = np.full(indices.shape, np.inf)
    which, place = np.nonzero(indices >= 0)
    step = max(1, _PAIR_VALUES // (queries.shape[1] * space.orbit.count))

    def share(at: int) -> None:
        i, k = which[at : at + step], place[at : at + step]
        values, where = np.unique(indices[i, k], return_inverse=True)
        for form in space.forms(rows[values]):
            gap = form[where] - queries[i]
            length = np.sqrt(np.einsum("ij,ij->i", gap, gap))
            found[i, k] = np.minimum(found[i, k], length)

    each(share, range(0, len(which), step))
    return found


# Calls a function with each of some values, and waits for all.
_Each = Callable[[Callable[[Any], None], Iterable[Any]], None]


@contextmanager
def _threads(workers: int) -> Iterator[_Each]:
    """Threads, each with BLAS in one thread."""
    with one_blas_thread():
        if workers == 1:

            def one_by_one(function: Callable[[Any], None], values: Iterable[Any]) -> None:
                for value in values:
                    function(value)

            yield one_by_one
            return
        with ThreadPoolExecutor(workers) as pool:

            def together(function: Callable[[Any], None], values: Iterable[Any]) -> None:
                for _ in pool.map(function, values):
                    pass

            yield together
