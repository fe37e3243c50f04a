"""Nearest training images of generated ones: ours against bare matrix products and other searches.

Run: python benchmarks/copies.py [--samples 10000] [--training 50000] [--side 32] [--rounds 4]
Training images are bytes in a file, as data sets are. Ours searches mirrored images, too, and its
distances are exact; the bare products are those of both forms in single precision, their operands
ready. Both run in turns, in one process and thread. scikit-learn and faiss (pip install
convergen[benchmarks]) search plain images only: they get the training set and its mirrored copy,
and the samples of the last round.

With --workers N the search alone runs with 1 and N threads in turns. Beside seconds by the clock,
which mean something only where that many cores are idle, it prints the longest path in processor
seconds: those of the main thread, and of the busiest of the others.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from convergen.empirical.diagnose.distances.neighbours import KEPT, Space, nearest  # noqa: E402
from convergen.empirical.diagnose.distances.orbit import Orbit  # noqa: E402

# Images of one bare product, about as many as in one of ours.
_BLOCK = 2048


def seconds(call: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of this process, and the result."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def bare(samples: np.ndarray, training: np.ndarray) -> float:
    """CPU seconds of the matrix products alone, for images and mirrored ones."""
    flat, spent = samples.reshape(len(samples), -1), 0.0
    for start in range(0, len(training), _BLOCK):
        block = np.ascontiguousarray(training[start : start + _BLOCK].reshape(-1, flat.shape[1]))
        for _ in range(2):
            right = block.astype(np.float32).T
            spent += seconds(lambda right=right: flat @ right)[0]
    return spent


def others(samples: np.ndarray, training: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Exact searches of other packages, in plain and mirrored images."""
    both = np.concatenate([training, training[..., ::-1]]).reshape(2 * len(training), -1)
    both, flat = both.astype(np.float32), samples.reshape(len(samples), -1)

    def sklearn() -> np.ndarray:
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=KEPT, algorithm="brute").fit(both)
        return search.kneighbors(flat)[0][:, 0]

    def faiss() -> np.ndarray:
        import faiss as library

        library.omp_set_num_threads(1)
        index = library.IndexFlatL2(both.shape[1])
        index.add(both)
        return np.sqrt(index.search(flat, KEPT)[0][:, 0])

    return {"scikit-learn": sklearn, "faiss": faiss}


class Spent:
    """Processor seconds of each thread of this process, looked at while something runs."""

    def __init__(self) -> None:
        self._before, self._last, self._done = self._look(), self._look(), threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Spent:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._last |= self._look()

    def _look(self) -> dict[str, float]:
        found = {}
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):  # it has just ended
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                found[task.name] = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        return found

    @property
    def longest(self) -> float:
        """Of the main thread, and of the busiest of the others."""
        spent = {name: last - self._before.get(name, 0.0) for name, last in self._last.items()}
        own = spent.pop(str(os.getpid()))
        return own + max(spent.values(), default=0.0)


def by_threads(samples: np.ndarray, training: np.ndarray, rounds: int, workers: int) -> None:
    """Search with one thread and with several, in turns, and print."""
    orbit = Orbit.of(samples.shape[1:])
    spent = {count: np.zeros(3) for count in (1, workers)}
    for part in np.array_split(samples, rounds):
        results = []
        for count, total in spent.items():
            space = Space(orbit, np.zeros(part[0].size), count)
            clock = time.perf_counter()
            with Spent() as path:
                used, near = seconds(
                    lambda part=part, space=space: nearest(space.still(part), training, space)
                )
            total += time.perf_counter() - clock, used, path.longest
            results.append(near)
        assert np.array_equal(results[0].distances, results[1].distances)
    for count, (clock, used, longest) in spent.items():
        print(f"{count} thread{'s' * (count > 1)}: {clock:.1f} s by the clock, {used:.1f} s of "
              f"processors, longest path {longest:.1f} s")  # fmt: skip
    first, last = spent.values()
    print(f"{first[0] / last[0]:.2f} times as fast by the clock, {first[2] / last[2]:.2f} by the "
          "longest path")  # fmt: skip


def main() -> None:
    """Print seconds, ratios to the bare products, memory, and whether the answers agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (
        ("--samples", 10000), ("--training", 50000), ("--side", 32), ("--rounds", 4),
        ("--workers", 1),
    ):  # fmt: skip
        parser.add_argument(name, type=int, default=value)
    given = parser.parse_args()
    shape = (3, given.side, given.side)
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 256, (given.samples, *shape), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "training.npy"
        training = np.lib.format.open_memmap(file, "w+", np.uint8, (given.training, *shape))
        for start in range(0, given.training, _BLOCK):
            part = training[start : start + _BLOCK]
            part[...] = rng.integers(0, 256, part.shape, np.uint8)
        del part, training
        training = np.load(file, mmap_mode="r")
        if given.workers > 1:
            by_threads(samples, training, given.rounds, given.workers)
        else:
            compare(samples, training, given.rounds)


def compare(samples: np.ndarray, training: np.ndarray, rounds: int) -> None:
    """Take turns, and print."""
    orbit = Orbit.of(samples.shape[1:])
    space = Space(orbit, np.zeros(samples[0].size))
    nearest(space.still(samples[:2]), training[:50], space)  # compiles
    print(f"{len(samples)} samples, {len(training)} training images of {samples.shape[1:]}, "
          "mirrored too", flush=True)  # fmt: skip
    base = ours = 0.0
    for part in np.array_split(samples, rounds):
        last = bare(part.astype(np.float32), training)
        spent, found = seconds(lambda part=part: nearest(space.still(part), training, space))
        base, ours = base + last, ours + spent
        print(f"{'bare products':>13}: {last:6.1f} s; ours: {spent:6.1f} s, "
              f"{spent / last:5.2f} x", flush=True)  # fmt: skip
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{'all':>13}: {base:6.1f} s; ours: {ours:6.1f} s, {ours / base:5.2f} x; "
          f"{memory:.2f} GiB at most, data included", flush=True)  # fmt: skip
    for name, call in others(part.astype(np.float32), training).items():
        try:
            spent, nearby = seconds(call)
        except ModuleNotFoundError:
            print(f"{name:>13}: not installed")
            continue
        gap = float(np.max(np.abs(nearby - found.distances[:, 0]) / found.distances[:, 0]))
        print(f"{name:>13}: {spent:6.1f} s, {spent / last:5.2f} x bare products, differs by "
              f"{gap:.0e}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
