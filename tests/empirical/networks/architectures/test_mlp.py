"""The multilayer perceptron: layer by layer, its start at zero, its sizes."""

import numpy as np
import pytest
import torch

from convergen.empirical.networks.architectures.mlp import MLP, build
from convergen.empirical.networks.table import NETWORKS
from convergen.theory.common.checks import InputError
from tests.options import ranges

SHAPE = (2, 3)


def points(shape=SHAPE, batch=4):
    torch.manual_seed(1)
    return torch.randn(batch, *shape), torch.linspace(-0.7, 0.7, batch)


def test_residual_layers_are_shifted_by_the_noise():
    torch.manual_seed(0)
    module = MLP(SHAPE, 8, 3)
    torch.nn.init.normal_(module.head.weight)
    torch.nn.init.normal_(module.head.bias)
    x, noise = points()

    def affine(layer, values):
        return values @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()

    features = module.noise_features(noise).detach().numpy()
    hidden = affine(module.stem, x.reshape(4, 6).numpy())
    assert len(module.layers) == len(module.shifts) == 3
    for layer, shift in zip(module.layers, module.shifts, strict=True):
        inner = affine(layer, hidden) + affine(shift, features)
        hidden = hidden + inner / (1.0 + np.exp(-inner))
    expected = affine(module.head, hidden).reshape(4, *SHAPE)
    np.testing.assert_allclose(module(x, noise).detach(), expected, rtol=1e-4, atol=1e-5)
    assert module.stem.out_features == module.layers[0].out_features == 8


def test_the_first_answer_is_that_of_white_data():
    """F = 0 at first: D(x, σ) = x/(1 + σ²), the posterior mean of unit white noise."""
    x, _ = points()
    sigma = torch.tensor([0.1, 0.5, 1.0, 3.0])
    found = build(SHAPE, width=8, depth=2)(x, sigma)
    torch.testing.assert_close(found, x / (1.0 + sigma[:, None, None] ** 2))


def test_sizes_grow_and_options_are_bounded():
    row = NETWORKS.find("mlp")
    assert ranges(row.options) == {
        "width": (None, 1, None, 65536),
        "depth": (None, 1, None, 1000),
    }
    assert row.sizes == {  # shipped results were trained with these
        "tiny": {"width": 64, "depth": 2},
        "small": {"width": 256, "depth": 3},
        "base": {"width": 1024, "depth": 4},
    }
    assert row.grouping == "seed"
    with pytest.raises(InputError, match="depth"):
        row.module(SHAPE, {"size": "tiny", "depth": 0})
    for options in ({"width": 1, "depth": 1}, {"width": 1, "depth": 1000}):
        module = row.module(SHAPE, options)
        assert len(module.network.layers) == options["depth"]
