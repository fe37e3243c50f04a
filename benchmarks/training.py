"""Training throughput against a U-Net of the diffusers library of about the same size.

Both train the same number of models on the same images with Adam and the same batch; ours
through `training.trainer.Trainer` (noise, weighting and moving average included), the other
through a plain loop around ``diffusers.UNet2DModel`` in the same preconditioning, of the width
whose parameters are nearest in number. Processor times interleave, the best of several repeats
counts, and the ratio is printed.

    pip install -c constraints.txt 'diffusers'
    python benchmarks/training.py [--network unet|conv] [--models 12] [--size 8] [--batch 32]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from convergen.empirical.models.by_name import untrained
from convergen.empirical.networks.table import NETWORKS
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Member, Trainer

STEPS, REPEATS = 5, 4
# The peer normalises groups of two.
PEER_WIDTHS = range(2, 130, 2)


def peer_config(width: int) -> dict[str, object]:
    """One residual block a grid on three grids of the same widths, without attention."""
    return {
        "block_out_channels": (width, 2 * width, 2 * width),
        "down_block_types": ("DownBlock2D",) * 3,
        "up_block_types": ("UpBlock2D",) * 3,
        "layers_per_block": 1,
        "norm_num_groups": 2,
        "add_attention": False,
    }


class Peer:
    """A plain training loop, one model after the other."""

    def __init__(self, points: np.ndarray, models: int, width: int, batch: int) -> None:
        shape, self.batch = points.shape[1:], batch
        self.models = [
            NETWORKS.find("diffusers").module(shape, {"config": peer_config(width)})
            for _ in range(models)
        ]
        self.optimisers = [
            torch.optim.Adam(m.parameters(), lr=1e-3, fused=True) for m in self.models
        ]
        self.points = torch.tensor(points)

    @property
    def size(self) -> int:
        """Parameters of one model."""
        return sum(p.numel() for p in self.models[0].parameters())

    def step(self) -> None:
        """One step of each model."""
        for model, optimiser in zip(self.models, self.optimisers, strict=True):
            clean = self.points[torch.randint(len(self.points), (self.batch,))]
            sigma = 0.05 * 400.0 ** torch.rand(self.batch)
            level = sigma[:, None, None, None]
            error = (model(clean + level * torch.randn_like(clean), sigma) - clean) ** 2
            optimiser.zero_grad()
            ((1.0 + level**-2) * error).mean().backward()
            optimiser.step()


def nearest_width(shape: tuple[int, ...], wanted: int) -> int:
    """Width at which the peer has about so many parameters."""

    def size(width: int) -> int:
        with torch.device("meta"):
            model = NETWORKS.find("diffusers").module(shape, {"config": peer_config(width)})
        return sum(p.numel() for p in model.parameters())

    return min(PEER_WIDTHS, key=lambda width: abs(size(width) - wanted))


def best(step: Callable[[], object], rounds: int) -> float:
    """Shortest processor time of a step."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--network", choices=("unet", "conv"), default="unet")
    parser.add_argument("--models", type=int, default=12)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((512, 1, given.size, given.size)).astype(np.float32)
    members = [Member(np.arange(512), seed) for seed in range(given.models)]
    settings = TrainingSettings(images=given.batch * 10_000, batch=given.batch)
    model = {"name": given.network, "size": "small"}
    steps, sizes = {}, {}
    for name, batched in (("ours, one batch", True), ("ours, one by one", False)):
        ensemble = untrained(model, points.shape[1:], range(given.models), batched=batched)
        steps[name] = Trainer(ensemble, points, members, settings)._step
        sizes[name] = ensemble.size
    width = nearest_width(points.shape[1:], sizes["ours, one batch"])
    peer = Peer(points, given.models, width, given.batch)
    steps["diffusers"], sizes["diffusers"] = peer.step, peer.size
    times = dict.fromkeys(steps, np.inf)
    for _ in range(REPEATS):
        for name, step in steps.items():
            times[name] = min(times[name], best(step, STEPS))
    print(
        f"{given.models} models {given.network}, {given.size} × {given.size}, batch {given.batch}, "
        f"{given.threads} thread(s)"
    )
    for name, seconds in times.items():
        rate = given.models * given.batch / seconds
        print(
            f"{name:18s} {sizes[name]:8d} parameters  {rate:8.0f} images/s  "
            f"{times['diffusers'] / seconds:5.2f} × diffusers"
        )


if __name__ == "__main__":
    main()
