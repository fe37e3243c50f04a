"""Ensembles as denoisers."""

import functools

import numpy as np
import pytest
import torch

from convergen.empirical.models import ensemble
from convergen.empirical.models.by_name import untrained
from convergen.theory.common.checks import InputError
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
        for each in (plain, compiled):
            for value in (*each.parameters.values(), *each.average.values()):
                value.data.add_(0.01)
            each(x, sigma).square().mean().backward()
            gradients.append([p.grad for p in each.parameters.values()])
        for a, b in zip(*gradients, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_homogeneous_networks_say_about_which_point(seeds):
    mean = np.arange(16.0).reshape(SHAPE)
    conv = untrained({"name": "conv", "size": "tiny"}, SHAPE, seeds, mean)
    np.testing.assert_array_equal(conv.origin, -mean)
    assert untrained({"name": "mlp", "size": "tiny"}, SHAPE, seeds, mean).origin is None


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


def saved(models):
    return [
        {name: value.clone() for name, value in part.items()}
        for part in (models.parameters, models.average, models.saved_buffers)
    ]


def test_saved_parameters_come_back():
    first, second = (untrained({"name": "mlp", "size": "tiny"}, SHAPE, [s, s + 1]) for s in (0, 5))
    state = saved(first)
    for value in state[1].values():
        value += 1.0
    second.load(*state)
    for found, known in zip(saved(second), state, strict=True):
        for name, value in known.items():
            torch.testing.assert_close(found[name], value)


def test_parameters_of_another_architecture_are_refused():
    tiny, conv = (untrained({"name": n, "size": "tiny"}, SHAPE, [0]) for n in ("mlp", "conv"))
    with pytest.raises(InputError, match=r"the checkpoint is that of another architecture \("):
        tiny.load(*saved(conv))
    wide = untrained({"name": "mlp", "size": "tiny", "width": 32}, SHAPE, [0])
    with pytest.raises(InputError, match=r"head.bias|head.weight|layers.0.bias|of shape \(1, "):
        tiny.load(*saved(wide))
    parameters, average, buffers = saved(tiny)
    average.pop(next(iter(average)))
    with pytest.raises(InputError, match="is in one of the two only"):
        tiny.load(parameters, average, buffers)


@pytest.mark.parametrize("batched", [True, False])
def test_members_are_built_of_their_own_seeds(batched):
    """Each as if it were alone, and the global generator of torch is left as it was."""
    torch.manual_seed(3)
    before = torch.get_rng_state()
    both = untrained({"name": "mlp", "size": "tiny"}, SHAPE, [4, 9], batched=batched)
    assert torch.equal(torch.get_rng_state(), before)
    for member, seed in enumerate((4, 9)):
        alone = untrained({"name": "mlp", "size": "tiny"}, SHAPE, [seed])
        for name, value in alone.parameters.items():
            assert torch.equal(both.parameters[name][member], value[0])


def test_functions_are_compiled_for_fixed_shapes(monkeypatch):
    """vmap of every layer accepts no other; what was compiled before is forgotten."""
    done = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: done.append("reset"))
    monkeypatch.setattr(torch, "compile", lambda function, **options: (function, options))
    assert ensemble._compiled(len) == (len, {"dynamic": False})
    assert done == ["reset"]
