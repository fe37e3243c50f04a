"""Nearest training images of generated ones: ours against bare matrix products and scikit-learn.

Run: python benchmarks/copies.py [--samples 2000] [--training 8000] [--side 32]
Ours searches mirrored images, too, and its distances are exact; the bare products are those of
both forms. scikit-learn (and faiss, where it is installed) search plain images only, so they are
given the training set and its mirrored copy.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from convergen.empirical.diagnose.distances.neighbours import KEPT, Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit

# Images of one bare product, about as many as in one of ours.
_BLOCK = 2048


def seconds(call: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of this process, and the result."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def main() -> None:
    """Print seconds, ratios to the bare products, and whether the answers agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("--samples", 2000), ("--training", 8000), ("--side", 32)):
        parser.add_argument(name, type=int, default=value)
    given = parser.parse_args()
    shape = (3, given.side, given.side)
    rng = np.random.default_rng(0)
    samples = rng.random((given.samples, *shape), dtype=np.float32)
    training = rng.random((given.training, *shape), dtype=np.float32)
    orbit = Orbit.of(shape)
    space = Space(orbit, np.zeros(int(np.prod(shape))))
    flat = samples.reshape(given.samples, -1)
    both = np.concatenate([training, training[..., ::-1]]).reshape(2 * given.training, -1)
    nearest(space.still(samples[:2]), training[:50], space)  # compiles

    def bare() -> None:
        for start in range(0, len(both), _BLOCK):
            flat @ both[start : start + _BLOCK].T

    def ours() -> np.ndarray:
        return nearest(space.still(samples), training, space).distances[:, 0]

    def sklearn() -> np.ndarray:
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=KEPT, algorithm="brute").fit(both)
        return search.kneighbors(flat)[0][:, 0]

    def faiss() -> np.ndarray:
        import faiss as library

        index = library.IndexFlatL2(both.shape[1])
        index.add(both)
        return np.sqrt(index.search(flat, KEPT)[0][:, 0])

    print(f"{given.samples} samples, {given.training} training images of {shape}, mirrored too")
    base, _ = seconds(bare)
    expected = None
    for name, call in (("ours", ours), ("scikit-learn", sklearn), ("faiss", faiss)):
        try:
            spent, found = seconds(call)
        except ModuleNotFoundError:
            print(f"{name:>13}: not installed")
            continue
        expected = found if expected is None else expected
        gap = float(np.max(np.abs(found - expected)))
        print(f"{name:>13}: {spent:6.2f} s, {spent / base:5.2f} x bare products, differs {gap:.1g}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{'bare products':>13}: {base:6.2f} s; {memory:.2f} GiB at most, data included")


if __name__ == "__main__":
    main()
