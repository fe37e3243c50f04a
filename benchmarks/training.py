"""Training throughput against a U-Net of the diffusers library of about the same size.

Both train the same number of models on the same images with Adam and the same batch; ours
through `training.trainer.Trainer` (noise, weighting and moving average included), the other
through a plain loop around ``diffusers.UNet2DModel`` in the same preconditioning. Times
interleave, the best of several repeats counts, and the ratio is printed.

    pip install -c constraints.txt 'diffusers'
    python benchmarks/training.py [--models 12] [--size 8] [--peer-width 6] [--threads 1]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from convergen.empirical.models.by_name import untrained
from convergen.empirical.networks.table import NETWORKS
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Member, Trainer

BATCH, STEPS, REPEATS = 32, 5, 4


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

    def __init__(self, points: np.ndarray, models: int, width: int) -> None:
        shape = points.shape[1:]
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
            clean = self.points[torch.randint(len(self.points), (BATCH,))]
            sigma = 0.05 * 400.0 ** torch.rand(BATCH)
            level = sigma[:, None, None, None]
            error = (model(clean + level * torch.randn_like(clean), sigma) - clean) ** 2
            optimiser.zero_grad()
            ((1.0 + level**-2) * error).mean().backward()
            optimiser.step()


def best(step: object, rounds: int) -> float:
    """Shortest time of a step."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        step()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", type=int, default=12)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--peer-width", type=int, default=6, help="6 has as many parameters as 8")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((512, 1, given.size, given.size)).astype(np.float32)
    members = [Member(np.arange(512), seed) for seed in range(given.models)]
    settings = TrainingSettings(images=BATCH * 10_000, batch=BATCH)
    model = {"name": "unet", "width": given.width}
    steps, sizes = {}, {}
    for name, batched in (("ours, one batch", True), ("ours, one by one", False)):
        ensemble = untrained(model, points.shape[1:], range(given.models), batched=batched)
        steps[name] = Trainer(ensemble, points, members, settings)._step
        sizes[name] = ensemble.size
    peer = Peer(points, given.models, given.peer_width)
    steps["diffusers"], sizes["diffusers"] = peer.step, peer.size
    times = dict.fromkeys(steps, np.inf)
    for _ in range(REPEATS):
        for name, step in steps.items():
            times[name] = min(times[name], best(step, STEPS))
    print(f"{given.models} models, {given.size} × {given.size}, {given.threads} thread(s)")
    for name, seconds in times.items():
        rate = given.models * BATCH / seconds
        print(
            f"{name:18s} {sizes[name]:8d} parameters  {rate:8.0f} images/s  "
            f"{times['diffusers'] / seconds:5.2f} × diffusers"
        )


if __name__ == "__main__":
    main()
