"""Theories of networks against plain implementations, in processor time of one process.

Prints, for 16 × 16 pixels and n = 1000: the local denoiser against NumPy loops, leaving one out
against one call, and, also for n = 4000, the budgeted mixture against its two products with all
training points (two more, to the eigenvectors and back, take d/n of their multiplications); for
28 × 28 pixels a patch machine with 5 × 5 windows against a loop over patches. Answers are compared
first. Last, the longest path of the local denoiser among one, two and four threads, in processor
time: what a clock would show if that many processors were idle.

    export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1
    python benchmarks/networks.py [QUERIES]     (default 64)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np

from convergen.theory.networks.local import local_means
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import WienerFilters, Windows, squares
from convergen.theory.networks.training_time.budgeted_mixture import BudgetedMixture

SIGMA = 0.5


def looped(points: np.ndarray, windows: Windows, x: np.ndarray) -> np.ndarray:
    """Posterior means by a loop over pixels, distances by products."""
    out = np.empty_like(x)
    for p in range(x.shape[1]):
        seen = windows.places[windows.starts[p] : windows.starts[p + 1]]
        rows, own = points[:, seen], x[:, seen]
        logits = (own @ rows.T - 0.5 * np.sum(rows**2, axis=1)) / SIGMA**2
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        out[:, p] = weights @ points[:, p] / weights.sum(axis=1)
    return out


def patch_loop(points: np.ndarray, windows: Windows, x: np.ndarray) -> np.ndarray:
    """Posterior means by a loop over images and patches, distances from differences."""
    out = np.empty_like(x)
    for i, image in enumerate(x):
        for p in range(x.shape[1]):
            seen = windows.places[windows.starts[p] : windows.starts[p + 1]]
            gaps = np.sum((image[seen] - points[:, seen]) ** 2, axis=1)
            weights = np.exp(-(gaps - gaps.min()) / (2 * SIGMA**2))
            out[i, p] = weights @ points[:, p] / weights.sum()
    return out


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """Least processor time of a few calls, the first not counted."""
    call()
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        found.append(time.process_time() - begin)
    return min(found)


def both(
    ours: Callable[[], object], other: Callable[[], object], rounds: int = 10
) -> tuple[float, float]:
    """Least processor time of two calls that are made in turn."""
    found = np.array([(seconds(ours, 1), seconds(other, 1)) for _ in range(rounds)])
    least: tuple[float, float] = tuple(found.min(axis=0).tolist())
    return least


def longest_path(call: Callable[[], object], threads: int, rounds: int = 5) -> float:
    """Least processor time of a call with kernels in threads: the busiest one, and the rest."""
    kernel, spent = local_means.local_means, []

    def watched(*given: object) -> None:
        begin = time.thread_time()
        kernel(*given)
        spent.append(time.thread_time() - begin)

    found = []
    with patch.multiple(local_means, local_means=watched, kernel_threads=lambda: threads):
        for _ in range(rounds):
            spent.clear()
            begin = time.process_time()
            call()
            found.append(time.process_time() - begin - sum(spent) + max(spent))
    return min(found)


def say(words: str, ours: float, other: float) -> None:
    """Print one line."""
    print(f"{words:72s} {1e3 * ours:9.1f} ms {1e3 * other:9.1f} ms  ratio {other / ours:6.2f}")


def fields(count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian fields, power spectrum about k^-3, of unit variance."""
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(size) * size] * 2)) + 1.0
    modes = np.fft.fft2(rng.standard_normal((count, size, size))) * frequency**-1.5
    images = np.fft.ifft2(modes).real
    return (images / images.std()).reshape(count, 1, size, size).astype(np.float32)


def main(queries: int) -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    print(f"{queries} queries, single precision{'':44s} ours        other")
    size, count = 16, 1000
    images = fields(count, size, rng)
    flat = images.reshape(count, -1)
    windows = WienerFilters(flat).windows(SIGMA, 0.1)
    x = images[:queries] + SIGMA * rng.standard_normal((queries, 1, size, size)).astype(np.float32)
    rows, own = x.reshape(queries, -1), np.arange(queries)
    local = WindowDenoiser(images, windows)
    np.testing.assert_allclose(
        local(x, SIGMA).reshape(queries, -1), looped(flat, windows, rows), atol=2e-3
    )
    once, loop = both(lambda: local(x, SIGMA), lambda: looped(flat, windows, rows))
    say(f"local denoiser, windows of {windows.size:.0f}; loop over pixels", once, loop)
    differences = seconds(lambda: patch_loop(flat, windows, rows[:2]), 1) * queries / 2
    say("  the same; loop over images and pixels (from two)", once, differences)
    say(
        "one call; leaving one out",
        *both(lambda: local(x, SIGMA), lambda: local.leave_one_out(x, SIGMA, own)),
    )
    for many in (count, 4 * count):
        centres = fields(many, size, rng)
        mixture, plain_centres = BudgetedMixture(centres, 0.3), centres.reshape(many, -1)
        for sigma, seen in ((SIGMA, "few weights count"), (2.0, "all weights count")):
            noise = rng.standard_normal((queries, 1, size, size)).astype(np.float32)
            noisy = centres[:queries] + np.float32(sigma) * noise
            rows = noisy.reshape(queries, -1)
            say(
                f"two products; budgeted mixture, n = {many}, σ = {sigma:g}: {seen}",
                *both(
                    lambda: (rows @ plain_centres.T) @ plain_centres,  # noqa: B023
                    lambda: mixture(noisy, sigma),  # noqa: B023
                    40,
                ),
            )
    wide = rng.standard_normal((count, 1, 28, 28)).astype(np.float32)
    window = squares((1, 28, 28), 5)
    machine, few = WindowDenoiser(wide, window), wide[:queries] + np.float32(0.1)
    flat = wide.reshape(count, -1)
    expected = patch_loop(flat, window, few[:1].reshape(1, -1))
    np.testing.assert_allclose(machine(few[:1], SIGMA).reshape(1, -1), expected, atol=2e-3)
    plain = seconds(lambda: patch_loop(flat, window, few[:1].reshape(1, -1)), 1) * queries
    say(
        "patch machine 5 × 5 at 28 × 28; patch loop (from one image)",
        seconds(lambda: machine(few, SIGMA)),
        plain,
    )
    alone = longest_path(lambda: local(x, SIGMA), 1)
    for threads in (2, 4):
        shared = longest_path(lambda: local(x, SIGMA), threads)
        say(f"local denoiser among {threads} threads, longest path; alone", shared, alone)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
