"""The tangent kernel of wide networks against the recursion written out in torch.

Both are given the same points in float64 and one thread; processor times interleave and the median
of the ratios is printed.

    export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
    python benchmarks/tangent_kernel.py [--points 4096] [--dim 784] [--depth 3] [--repeats 5]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import torch

from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel


def written_out(x: torch.Tensor, depth: int) -> torch.Tensor:
    """The recursion layer by layer on whole matrices, as papers write it."""
    covariance = x @ x.T / x.shape[1]
    tangent = covariance.clone()
    for _ in range(depth):
        spread = covariance.diagonal().sqrt()
        norm = spread[:, None] * spread
        cosine = (covariance / norm).clamp(-1.0, 1.0)
        angle = math.pi - torch.acos(cosine)
        covariance = norm * (torch.sqrt(1.0 - cosine**2) + cosine * angle) / math.pi
        tangent = covariance + tangent * angle / math.pi
    return tangent


def seconds(call: Callable[[], object]) -> float:
    """Processor time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """Print times and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("points", 4096), ("dim", 784), ("depth", 3), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    x = np.random.default_rng(0).standard_normal((asked.points, asked.dim))
    same = torch.from_numpy(x)
    few = relu_tangent_kernel(x[:200], depth=asked.depth)
    gap = np.abs(few - written_out(same[:200], asked.depth).numpy()).max()
    times = np.array(
        [
            (
                seconds(lambda: relu_tangent_kernel(x, depth=asked.depth)),
                seconds(lambda: written_out(same, asked.depth)),
                seconds(lambda: x @ x.T),
            )
            for _ in range(asked.repeats)
        ]
    )
    ours, torch_time, product = np.median(times, axis=0)
    ratios = times[:, 1] / times[:, 0]
    print(
        f"{asked.points} points, d = {asked.dim}, depth {asked.depth}; largest difference {gap:.1e}"
    )
    print(f"ours {ours:.3f} s, torch {torch_time:.3f} s, the bare product alone {product:.3f} s")
    print(
        f"torch over ours: {np.median(ratios):.1f} ({ratios.min():.1f} to {ratios.max():.1f}, "
        f"{asked.repeats} runs)"
    )


if __name__ == "__main__":
    main()
