"""Whether a device computes what a processor does, and a stopped run what an unbroken one does."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.gpu_checks.bench import Bench, Model, Row, large_networks, noise_trainer, words_of
from convergen.empirical.models.by_name import untrained
from convergen.empirical.networks.table import NETWORKS

# float32 products of some thousand terms, against float64.
FORWARD_LIMIT, BACKWARD_LIMIT = 1e-4, 1e-3


def _shapes(bench: Bench) -> list[tuple[Model, tuple[int, ...]]]:
    """Every network of the table at its default size, and the large ones of the other sections."""
    small = [({"name": name}, (1, 8, 8)) for name in NETWORKS.names() if name != "diffusers"]
    if bench.short:
        return small
    return [*small, *((model, shape) for model, shape, _ in large_networks())]


def equality(bench: Bench) -> Iterator[Row]:
    """Largest error of outputs and gradients, relative to the largest value, in float32."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        for model, shape in _shapes(bench):
            found = [
                _passes(model, shape, torch.device("cpu"), torch.float64),
                _passes(model, shape, bench.device, torch.float32),
            ]
            (output, gradient), (other, other_gradient) = found
            forward, backward = _distance(output, other), _distance(gradient, other_gradient)
            yield {
                "what": words_of(model, shape),
                "forward error": forward,
                "backward error": backward,
                "equal": forward < FORWARD_LIMIT and backward < BACKWARD_LIMIT,
            }
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _passes(
    model: Model, shape: tuple[int, ...], device: torch.device, kind: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Output and gradients of two networks, whose parameters are moved off their start."""
    ensemble = untrained(model, shape, [0, 1], device=device, batched=False)
    source = torch.Generator().manual_seed(1)
    ensemble.parameters = {
        name: (value.detach().cpu() + 0.05 * torch.randn(value.shape, generator=source))
        .to(device, kind)
        .requires_grad_()
        for name, value in ensemble.parameters.items()
    }
    ensemble.buffers = {
        name: value.to(kind) if value.is_floating_point() else value
        for name, value in ensemble.buffers.items()
    }
    x = torch.randn(2, 4, *shape, generator=source).to(device, kind)
    sigma = (0.1 + torch.rand(2, 4, generator=source)).to(device, kind)
    output = ensemble(x, sigma)
    output.square().mean().backward()
    grads = [p.grad.flatten() for p in ensemble.parameters.values() if p.grad is not None]
    return output.detach().double().cpu(), torch.cat(grads).double().cpu()


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / a.abs().max())


def resuming(bench: Bench) -> Iterator[Row]:
    """Whether a run that was stopped ends with the same bits on this device."""
    for model in ({"name": "mlp"}, {"name": "unet"}):
        ends = []
        for stops in ([64], [32, 64]):
            state: dict[str, Tensor] = {}
            images = 0
            for stop in stops:
                trainer = noise_trainer(bench, model, (1, 8, 8), members=2, batch=16, batched=False)
                if state:
                    trainer.restore(state, images)
                while trainer.images < stop:
                    trainer._step()
                state = {key: value.clone() for key, value in trainer.state().items()}
                images = trainer.images
            ends.append(state)
        same = all(torch.equal(value, ends[1][key]) for key, value in ends[0].items())
        off = max(float((v.double() - ends[1][k].double()).abs().max()) for k, v in ends[0].items())
        yield {"what": words_of(model, (1, 8, 8)), "same bits": same, "largest difference": off}
