"""Ensembles as denoisers."""

import functools

import numpy as np
import pytest
import torch

from convergen.empirical.models.by_name import untrained
from convergen.theory.denoisers.protocol import Denoiser

SHAPE = (1, 4, 4)


def test_denoisers_follow_the_protocol():
    models = untrained({"name": "conv", "size": "tiny"}, SHAPE, [0, 1, 2])
    for value in models.average.values():
        value += 0.1
    x = np.random.default_rng(2).standard_normal((6, *SHAPE))
    sigma = np.linspace(0.1, 2.0, 6)
    together = models.denoisers()
    assert isinstance(together, Denoiser)
    found = together(np.concatenate([x] * 3), np.concatenate([sigma] * 3)).reshape(3, 6, *SHAPE)
    assert found.dtype == np.float64
    for member in range(3):
        np.testing.assert_allclose(models.denoiser(member)(x, sigma), found[member], rtol=1e-4,
                                   atol=1e-5)  # fmt: skip


@pytest.mark.slow
def test_compiled_ensembles_of_several_sizes_agree_with_plain_ones(monkeypatch):
    """Traced without a compiler; torch 2.11 made the second size a symbol, which vmap refused."""
    traced = functools.partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", traced)
    source = torch.Generator().manual_seed(0)
    for members, batch in ((2, 4), (3, 6)):
        x = torch.randn(members, batch, 1, 8, 8, generator=source)
        sigma = 0.1 + torch.rand(members, batch, generator=source)
        plain, compiled = (
            untrained({"name": "unet", "size": "tiny"}, (1, 8, 8), range(members), compiled=flag)
            for flag in (False, True)
        )
        gradients = []
        for ensemble in (plain, compiled):
            for value in (*ensemble.parameters.values(), *ensemble.average.values()):
                value.data.add_(0.01)
            ensemble(x, sigma).square().mean().backward()
            gradients.append([p.grad for p in ensemble.parameters.values()])
        for a, b in zip(*gradients, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_homogeneous_networks_say_about_which_point():
    mean = np.arange(16.0).reshape(SHAPE)
    conv = untrained({"name": "conv", "size": "tiny"}, SHAPE, [0, 1], mean)
    np.testing.assert_array_equal(conv.origin, -mean)
    assert untrained({"name": "mlp", "size": "tiny"}, SHAPE, [0, 1], mean).origin is None


def test_a_call_takes_the_parameters_in_training_unless_others_are_given():
    models = untrained({"name": "conv", "size": "tiny"}, SHAPE, [0, 1])
    for value in models.average.values():
        value += 0.1
    x = torch.randn(2, 3, *SHAPE, generator=torch.Generator().manual_seed(0))
    sigma = torch.full((2, 3), 0.5)
    with torch.no_grad():
        own = models(x, sigma)
        assert models.template.training
        averaged = models(x, sigma, models.average)
        assert not models.template.training
        torch.testing.assert_close(models(x, sigma, models.parameters), own)
    assert (averaged - own).abs().max() > 1e-3
    for member in range(2):
        alone = models.denoiser(member)(x[member].numpy(), sigma[member].numpy())
        np.testing.assert_allclose(averaged[member].numpy(), alone, rtol=1e-4, atol=1e-5)
    assert models.size == sum(value[0].numel() for value in models.parameters.values())
