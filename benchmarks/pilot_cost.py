"""What an estimate from a pilot costs, beside the eigen-decomposition of the same data.

CPU seconds of one thread and the peak of memory, each size in a process of its own; asked are at
most 3 s and 1 GiB for 140 points of 200,000 dimensions, 1.3 times the decomposition for 60,000
points of 784, and 5 s for a bootstrap of 100 at 500 points.

    OPENBLAS_NUM_THREADS=1 python benchmarks/pilot_cost.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

from convergen import theory
from convergen.theory.pilot import population
from convergen.theory.spectra.principal_components import principal_components

SIZES = ((140, 200_000), (60_000, 784), (500, 784))
REPEATS = 3


def main() -> None:
    """Print one line for each size."""
    for size in SIZES:
        subprocess.run([sys.executable, __file__, *map(str, size)], check=True)


def seconds(work: object) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - start


def one(points: int, dim: int) -> None:
    """Time one size, the two by turns."""
    theory.estimate_population(np.random.default_rng(1).standard_normal((50, 30)))
    scale = np.arange(1.0, dim + 1.0, dtype=np.float32) ** -0.5
    data = np.random.default_rng(0).standard_normal((points, dim), dtype=np.float32) * scale
    peer, ours = [], []
    for _ in range(REPEATS):
        peer.append(seconds(lambda: principal_components(data)))
        ours.append(seconds(lambda: theory.estimate_population(data)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    population._DRAWS = 100
    n = np.geomspace(10.0, 1e5, 64)
    whole = seconds(
        lambda: theory.estimate_population(data).interval(
            lambda each: 1.0 - theory.convergence(each, n)
        )
    )
    print(
        f"N = {points}, d = {dim}: estimate {min(ours):.2f} s, decomposition {min(peer):.2f} s, "
        f"ratio {min(ours) / min(peer):.2f}, peak {peak:.2f} GiB; estimate with a bootstrap of 100 "
        f"and the interval of q at {n.size} sizes {whole:.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(*map(int, sys.argv[1:]))
    else:
        main()
