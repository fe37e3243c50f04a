"""The empirical score against its two bare matrix products, attention, KeOps and a memory map.

All ratios of one run come from this process; smaller than 1 means that the library is faster.

    export OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OMP_NUM_THREADS=1
    python benchmarks/empirical_score.py

The same with 2 for 1 measures two threads.

Peers that are not installed (torch, pykeops) are skipped with a message. Attention gets −|y|²/2 as
one more coordinate, so that its softmax is over the same logits.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convergen import theory

# After a product, the threads of BLAS go on waiting for the next one, and keep a core busy.
_PAUSE = 0.2


def best(*calls: Callable[[], object], repeats: int = 9) -> list[float]:
    """Shortest time of several of each call, taken in turn, after an unmeasured one."""
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(repeats + 1):
        for call, own in zip(calls, times, strict=True):
            time.sleep(_PAUSE)
            start = time.perf_counter()
            call()
            if turn > 0:
                own.append(time.perf_counter() - start)
    return [min(own) for own in times]


def data(n: int, dim: int, batch: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Training points and noisy queries, float32."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((n, dim)).astype(np.float32)
    return y, (y[:batch] + sigma * rng.standard_normal((batch, dim))).astype(np.float32)


def products() -> None:
    """Many coordinates: the whole denoiser over x·yᵀ and w·y alone.

    The noise passes through the crossover, where σ² = d/(2 log n): there a few training points
    share the weight, and the rounding errors of the products matter most.
    """
    print("time over that of two bare products (float32)")
    for dim, n, batch in (
        (512, 20000, 512),
        (512, 20000, 64),
        (1024, 12000, 512),
        (3072, 8000, 512),
    ):
        for factor in (0.2, 0.7, 0.85, 1.0, 1.2, 2.0, 10.0):
            sigma = factor * float(np.sqrt(0.5 * dim / np.log(n)))
            y, x = data(n, dim, batch, sigma)
            score = theory.EmpiricalScore(y)
            ours, bare = best(
                lambda score=score, x=x, sigma=sigma: score(x, sigma),
                lambda x=x, y=y: (x @ y.T) @ y,
            )
            print(f"  d = {dim:5d}  batch {batch:4d}  sigma {sigma:5.1f}   {ours / bare:6.2f}")


def modes() -> None:
    """Each way to weigh a tile in single precision against the same pass in double precision.

    Where few points matter they are added from differences; where the rounding errors of products
    matter, single logits are computed again; elsewhere logits are taken as they are. A way is worth
    keeping from 1.3 on.
    """
    from convergen.theory.empirical_score.passes import Pass
    from convergen.theory.empirical_score.row_blocks import as_blocks
    from convergen.theory.empirical_score.training_set import TrainingSet

    print("time of a pass in double precision over ours (float32)")
    dim, n, batch = 512, 12000, 512
    for name, factor in (("few points", 0.4), ("mended", 0.85), ("mended", 1.1), ("plain", 3.0)):
        level = factor * float(np.sqrt(0.5 * dim / np.log(n)))
        y, x = data(n, dim, batch, level)
        score, sigma = theory.EmpiricalScore(y), np.full(batch, level)
        training = TrainingSet.measured(as_blocks(y))

        def double(x=x, sigma=sigma, training=training) -> None:
            Pass.prepared(training, x, sigma, 0, single=True, coarse=False).run(training)

        ours, peer = best(lambda score=score, x=x, level=level: score(x, level), double)
        print(f"  {name:10s}  sigma {level:5.1f}   {peer / ours:6.2f}")


def few_coordinates() -> None:
    """Few coordinates: torch attention and KeOps over the library."""
    print("time of peers over ours, n = 20000, batch 1000, float32")
    sigma = 0.5
    for dim in (2, 3, 8, 16):
        y, x = data(20000, dim, 1000, sigma)
        score = theory.EmpiricalScore(y)
        (alone,) = best(lambda score=score, x=x: score(x, sigma))
        row = [f"  d = {dim:2d}   ours {1e9 * alone / 2e7:5.2f} ns a pair"]
        for name, peer in (("attention", attention), ("keops", keops)):
            call = peer(x, y, sigma)
            if call is None:
                row.append(f"{name} not installed")
                continue
            error = np.abs(np.asarray(call()) - score(x, sigma)).max()
            ours, theirs = best(lambda score=score, x=x: score(x, sigma), call)
            row.append(f"{name} {theirs / ours:6.1f} (difference {error:.0e})")
        print("   ".join(row))


def attention(x: np.ndarray, y: np.ndarray, sigma: float) -> Callable[[], object] | None:
    """Scaled dot-product attention on the same logits."""
    try:
        import torch
    except ModuleNotFoundError:
        return None
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    queries = torch.from_numpy(np.hstack([x, np.ones((len(x), 1), np.float32)]))
    half = 0.5 * (y**2).sum(axis=1, keepdims=True)
    keys, values = torch.from_numpy(np.hstack([y, -half])), torch.from_numpy(y)

    def call() -> object:
        return torch.nn.functional.scaled_dot_product_attention(
            queries[None], keys[None], values[None], scale=1.0 / sigma**2
        )[0].numpy()

    return call


def keops(x: np.ndarray, y: np.ndarray, sigma: float) -> Callable[[], object] | None:
    """Symbolic softmax reduction of KeOps."""
    try:
        from pykeops.numpy import LazyTensor
    except ModuleNotFoundError:
        return None
    scale = np.float32(1.0 / (np.sqrt(2.0) * sigma))
    queries, keys = LazyTensor(scale * x[:, None]), LazyTensor(scale * y[None])
    values = LazyTensor(y[None])
    return lambda: (-((queries - keys) ** 2).sum(-1)).sumsoftmaxweight(values, axis=1)


def memory_map() -> None:
    """A memory map over the same data in memory."""
    y, x = data(40000, 512, 256, 5.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "y.npy"
        np.save(path, y)
        mapped = theory.EmpiricalScore(np.load(path, mmap_mode="r"))
        inside = theory.EmpiricalScore(y)
        reading, plain = best(lambda: mapped(x, 5.0), lambda: inside(x, 5.0))
    print(f"memory map over memory: {reading / plain:.2f}")


if __name__ == "__main__":
    products()
    modes()
    few_coordinates()
    memory_map()
