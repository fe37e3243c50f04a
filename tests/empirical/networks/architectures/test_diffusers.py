"""U-Nets of the diffusers library, through a stand-in for it."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from convergen.empirical.networks.architectures.diffusers import build
from convergen.empirical.networks.table import NETWORKS
from convergen.theory.common.checks import InputError


@pytest.fixture
def asked(monkeypatch):
    """Arguments of the network that was built; it answers 2x, and keeps the time it was given."""
    seen = {}

    class UNet2DModel(nn.Module):
        def __init__(self, **arguments):
            super().__init__()
            seen.update(arguments)

        def forward(self, x, time):
            seen["time"] = time
            return SimpleNamespace(sample=2.0 * x)

    module = ModuleType("diffusers")
    module.UNet2DModel = UNet2DModel
    monkeypatch.setitem(sys.modules, "diffusers", module)
    return seen


def test_noise_takes_the_place_of_time(asked):
    network = build((3, 16, 8))
    x, sigma = torch.randn(2, 3, 16, 8), torch.tensor([0.5, 2.0])
    found = network(x, sigma)
    # D = x/(1 + σ²) + σ/(1 + σ²)^{1/2} · 2x/(1 + σ²)^{1/2}
    expected = x * ((1.0 + 2.0 * sigma) / (1.0 + sigma**2))[:, None, None, None]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(asked["time"], 1000.0 * torch.log(sigma) / 4.0)
    assert asked["sample_size"] == (16, 8)
    assert asked["in_channels"] == asked["out_channels"] == 3


def test_the_default_fits_together(asked):
    build((1, 16, 16))
    widths = asked["block_out_channels"]
    assert len(widths) == len(asked["down_block_types"]) == len(asked["up_block_types"]) == 2
    assert [wide % asked["norm_num_groups"] for wide in widths] == [0, 0]
    assert widths[1] == 2 * widths[0] == 128  # that of our own U-Net `base`
    base = NETWORKS.find("unet").sizes["base"]
    assert asked["layers_per_block"] == 2
    assert widths[0] == base["width"]


def test_a_config_replaces_the_default(asked):
    NETWORKS.find("diffusers").module((1, 4, 4), {"config": {"layers_per_block": 1}})
    asked_for = {"sample_size": (4, 4), "in_channels": 1, "out_channels": 1, "layers_per_block": 1}
    assert asked == asked_for


def test_vectors_and_a_missing_library_are_refused(monkeypatch):
    with pytest.raises(InputError, match="diffusers"):
        NETWORKS.find("diffusers").module((16,), {})
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(InputError, match="the network diffusers needs"):
        build((1, 8, 8))
