"""Gram matrices of tangent kernels: right, and how fast."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_checks.bench import Bench, Row, seconds_of
from convergen.empirical.kernels.convolutional import gram


def kernels(bench: Bench) -> Iterator[Row]:
    """Gram matrices of the convolutional tangent kernel against float64 on the processor."""
    compared = 8 if bench.short else 64
    # Pooling to a vector needs every pair of pixels, 64² times the work.
    for readout, count in (
        ("pool", 16 if bench.short else 256),
        ("flatten", 16 if bench.short else 4096),
    ):
        images = np.random.default_rng(2).standard_normal((count, 1, 8, 8))
        options: dict[str, Any] = {"depth": 3, "readout": readout}
        reference = gram(images[:compared], device="cpu", dtype=torch.float64, **options)
        for kind in (torch.float64, torch.float32):
            if bench.late:
                yield {"what": "stopped: the time is over"}
                return
            work = partial(gram, images, device=str(bench.device), dtype=kind, **options)

            found = work()[:compared, :compared].double().cpu()
            error = float((found - reference).abs().max() / reference.diagonal().max())
            taken = seconds_of(work, bench.device, 1 if bench.short else 2)
            yield {
                "what": f"{count} images of 8×8, {readout}, {str(kind).removeprefix('torch.')}",
                "entries/s": count**2 / taken,
                "error": error,
                # Near the diagonal the kernel has a corner, where rounding counts as a root.
                "equal": error < (1e-9 if kind == torch.float64 else 1e-3),
            }
