"""Nearest training images of generated ones: ours against bare matrix products and other searches.

Run: python benchmarks/copies.py [--samples 10000] [--training 50000] [--side 32] [--rounds 4]
Training images are bytes in a file, as data sets are. Ours searches mirrored images, too, and its
distances are exact; the bare products are those of both forms in single precision, their operands
ready. Both run in turns, in one process and thread. scikit-learn and faiss (pip install
convergen[benchmarks]) search plain images only: they get the training set and its mirrored copy,
and the samples of the last round.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
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


def main() -> None:
    """Print seconds, ratios to the bare products, memory, and whether the answers agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (
        ("--samples", 10000), ("--training", 50000), ("--side", 32), ("--rounds", 4),
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
        compare(samples, np.load(file, mmap_mode="r"), given.rounds)


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
