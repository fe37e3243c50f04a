"""The U-Net: blocks by hand, the grids that they see, and the network while they are bypassed."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from convergen.empirical.networks.architectures.unet import ResidualBlock, UNet, _norm, build
from convergen.empirical.networks.table import NETWORKS
from convergen.theory.common.checks import InputError
from tests.options import ranges


def test_groups_have_at_least_four_channels_and_there_are_at_most_eight():
    groups = {
        channels: _norm(channels).num_groups for channels in (1, 3, 4, 8, 12, 16, 36, 64, 128)
    }
    # A number of groups divides the channels: 36 allows 4 of the 8, not 9.
    assert groups == {1: 1, 3: 1, 4: 1, 8: 2, 12: 3, 16: 4, 36: 4, 64: 8, 128: 8}


def shaken(module):
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return module


def normalised(hidden, norm):
    """Group normalisation from its definition (arXiv:1803.08494)."""
    count, channels, *sides = hidden.shape
    grouped = hidden.reshape(count, norm.num_groups, -1)
    centred = grouped - grouped.mean(dim=2, keepdim=True)
    grouped = centred / torch.sqrt(centred.square().mean(dim=2, keepdim=True) + 1e-5)
    kept = grouped.reshape(count, channels, *sides)
    return norm.weight[:, None, None] * kept + norm.bias[:, None, None]


def silu(hidden):
    return hidden / (1.0 + torch.exp(-hidden))


def convolved(hidden, layer, padding="zeros"):
    """A convolution with one pixel of padding on each side."""
    mode = {"zeros": "constant", "circular": "circular"}[padding]
    return functional.conv2d(functional.pad(hidden, (1,) * 4, mode), layer.weight, layer.bias)


@pytest.mark.parametrize("padding", ["zeros", "circular"])
@pytest.mark.parametrize(("inside", "outside"), [(4, 8), (8, 8)])
def test_a_block_scales_and_shifts_between_its_convolutions(inside, outside, padding):
    torch.manual_seed(0)
    block = shaken(ResidualBlock(inside, outside, 5, padding))
    x, features = torch.randn(3, inside, 4, 6), torch.randn(3, 5)
    hidden = convolved(silu(normalised(x, block.first_norm)), block.first, padding)
    both = features @ block.modulation.weight.T + block.modulation.bias
    scale, shift = both[:, :outside, None, None], both[:, outside:, None, None]
    hidden = normalised(hidden, block.second_norm) * (1.0 + scale) + shift
    hidden = convolved(silu(hidden), block.second, padding)
    beside = (
        x if inside == outside else functional.conv2d(x, block.bypass.weight, block.bypass.bias)
    )
    torch.testing.assert_close(block(x, features), beside + hidden, rtol=1e-4, atol=1e-5)


def test_a_block_starts_as_its_bypass():
    x, features = torch.randn(2, 4, 3, 3), torch.randn(2, 5)
    torch.testing.assert_close(ResidualBlock(4, 4, 5, "zeros")(x, features), x)


def test_blocks_see_ever_coarser_grids_and_skips_of_their_own():
    network = UNet((3, 8, 16), 4, (1, 2, 4), 2, "zeros")
    seen = []
    for block in [module for module in network.modules() if isinstance(module, ResidualBlock)]:
        block.register_forward_hook(
            lambda _, given, found: seen.append((given[0].shape[1], *found.shape[1:]))
        )
    assert network(torch.randn(2, 3, 8, 16), torch.zeros(2)).shape == (2, 3, 8, 16)
    assert seen == [  # channels inside; channels, height and width outside
        (4, 4, 8, 16), (4, 4, 8, 16), (4, 8, 4, 8), (8, 8, 4, 8), (8, 16, 2, 4), (16, 16, 2, 4),
        (16, 16, 2, 4),
        (32, 16, 2, 4), (16, 16, 2, 4), (24, 8, 4, 8), (8, 8, 4, 8), (12, 4, 8, 16), (4, 4, 8, 16),
    ]  # fmt: skip
    assert network.noise_features.layers[0].out_features == 4 * 4


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_a_network_of_bypasses_by_hand(padding):
    """At first each block is its bypass: means of 2 × 2 pixels on the way down, repeats back."""
    torch.manual_seed(2)
    network = UNet((2, 4, 8), 4, (1, 2), 1, padding)
    nn.init.normal_(network.head.weight)
    nn.init.normal_(network.head.bias)
    x = torch.randn(3, 2, 4, 8)

    def bypassed(hidden, block):
        weight = block.bypass.weight[:, :, 0, 0]
        return torch.einsum("oi,bihw->bohw", weight, hidden) + block.bypass.bias[:, None, None]

    fine = convolved(x, network.stem, padding)
    coarse = bypassed(fine.reshape(3, 4, 2, 2, 4, 2).mean(dim=(3, 5)), network.down[1][0])
    hidden = bypassed(torch.cat([coarse, coarse], dim=1), network.up[0][0])
    hidden = hidden.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    hidden = bypassed(torch.cat([hidden, fine], dim=1), network.up[1][0])
    expected = convolved(silu(normalised(hidden, network.norm)), network.head, padding)
    torch.testing.assert_close(network(x, torch.zeros(3)), expected, rtol=1e-4, atol=1e-5)


def test_every_block_is_told_the_noise_level():
    torch.manual_seed(3)
    network = shaken(UNet((1, 4, 4), 4, (1, 2), 2, "zeros"))
    told = []
    for block in [module for module in network.modules() if isinstance(module, ResidualBlock)]:
        block.register_forward_hook(lambda _, given, found: told.append(given[1]))
    noise = torch.tensor([0.3, -0.6])
    network(torch.randn(2, 1, 4, 4), noise)
    features = network.noise_features(noise)
    assert len(told) == 9
    for each in told:
        torch.testing.assert_close(each, features)


def test_the_first_answer_is_that_of_white_data():
    x, sigma = torch.randn(2, 1, 8, 8), torch.tensor([0.5, 2.0])
    network = build((1, 8, 8), width=4, growth=(1, 2), blocks=1, padding="zeros")
    expected = x / (1.0 + sigma[:, None, None, None] ** 2)
    torch.testing.assert_close(network(x, sigma), expected)


def test_sizes_and_options():
    row = NETWORKS.find("unet")
    assert ranges(row.options) == {
        "width": (None, 1, None, 4096), "growth": (None, 1, None, 64),
        "blocks": (None, 1, None, 100), "padding": ("zeros", None, None, None),
    }  # fmt: skip
    assert row.sizes == {  # shipped results were trained with these
        "tiny": {"width": 4, "growth": (1, 2), "blocks": 1},
        "small": {"width": 8, "growth": (1, 2, 2), "blocks": 1},
        "base": {"width": 64, "growth": (1, 2, 2), "blocks": 2},
        "large": {"width": 128, "growth": (1, 2, 2, 4), "blocks": 3},
    }
    assert row.grouping == "seed"


@pytest.mark.parametrize(("growth", "unit"), [((1,), 1), ((1, 2), 2), ((1, 2, 2, 4), 8)])
def test_sides_are_halved_for_each_grid_but_the_finest(growth, unit):
    row = NETWORKS.find("unet")
    options = {"width": 4, "blocks": 1, "growth": growth}
    assert row.resolve((1, 2 * unit, 4 * unit), options)["growth"] == growth
    if unit > 1:
        with pytest.raises(InputError, match=f"multiples of {unit}.*a shorter growth"):
            row.resolve((1, 2 * unit + 1, 4 * unit), options)
    assert row.shift({"growth": growth, "padding": "circular"}) == unit
    assert row.shift({"growth": growth, "padding": "zeros"}) == 0
    assert math.log2(unit) == len(growth) - 1
