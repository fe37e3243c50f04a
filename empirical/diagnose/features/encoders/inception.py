"""Inception v3, the network behind the Fréchet distance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from convergen.empirical.diagnose.features.table import Encoder, register
from convergen.empirical.diagnose.features.trained import TrainedNetwork
from convergen.empirical.diagnose.features.weights import torch_hub

if TYPE_CHECKING:
    from torch import nn


def _build(path: Path) -> nn.Module:
    import torch
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.fc = torch.nn.Identity()
    return network


# Images in [−1, 1], as it was trained (arXiv:1512.00567).
NETWORK = TrainedNetwork(
    "inception", "inception_v3 of torchvision", "torchvision", 299, (0.5, 0.5, 0.5),
    (0.5, 0.5, 0.5), lambda: torch_hub("inception_v3_google-0cc3c7bd.pth"),
    "get them once with python -c \"from torchvision.models import inception_v3; "
    "inception_v3(weights='IMAGENET1K_V1')\"",
    _build,
)  # fmt: skip
register(Encoder("inception", "Inception v3 of torchvision", NETWORK.encode, weighted=True))
