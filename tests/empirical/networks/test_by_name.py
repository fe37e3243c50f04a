import numpy as np
import pytest
import torch

from convergen.empirical.networks.by_name import SIZES, build, resolve_options
from convergen.empirical.networks.diffusers_unet import PretrainedDenoiser
from convergen.theory.common.checks import InputError

IMAGE = (1, 8, 8)


def points(batch=5, shape=IMAGE, seed=0):
    source = torch.Generator().manual_seed(seed)
    return torch.randn(batch, *shape, generator=source), torch.linspace(0.1, 3.0, batch)


def shaken(model, seed=1):
    """The same model with every parameter moved, since output layers start at zero."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=source)
    return model


@pytest.mark.parametrize("name", ["mlp", "conv", "unet"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16)])
@pytest.mark.parametrize("size", ["tiny", "small"])
def test_every_network_keeps_the_shape_and_uses_every_parameter(name, shape, size):
    model = shaken(build(name, shape, size=size))
    x, sigma = points(shape=shape)
    found = model(x, sigma)
    assert found.shape == x.shape
    found.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", ["mlp", "unet"])
def test_preconditioned_networks_start_at_the_best_multiple_of_x(name):
    x, sigma = points()
    expected = x / (1.0 + sigma[:, None, None, None] ** 2)
    torch.testing.assert_close(build(name, IMAGE)(x, sigma), expected)


@pytest.mark.parametrize("name", ["mlp", "unet"])
def test_points_of_a_batch_do_not_see_each_other(name):
    model = shaken(build(name, IMAGE))
    x, sigma = points()
    alone = torch.cat([model(x[i : i + 1], sigma[i : i + 1]) for i in range(len(x))])
    torch.testing.assert_close(model(x, sigma), alone, rtol=1e-4, atol=1e-5)


def test_the_noise_level_is_told_to_those_that_should_know_it():
    x, sigma = points()
    for name in ("mlp", "unet"):
        network = shaken(build(name, IMAGE)).network
        assert (network(x, sigma) - network(x, sigma + 1.0)).abs().max() > 1e-3
    blind = build("conv", IMAGE)
    torch.testing.assert_close(blind(x, sigma), blind(x, sigma + 1.0))


def test_bias_free_denoiser_is_homogeneous_of_degree_one():
    model = build("conv", IMAGE)
    x, sigma = points()
    for factor in (1e-3, 7.0, 1e3):
        torch.testing.assert_close(
            model(factor * x, sigma) / factor, model(x, sigma), rtol=1e-4, atol=1e-4
        )
    assert not any(name.endswith("bias") for name, _ in model.named_parameters())


@pytest.mark.parametrize("name", ["conv", "unet"])
def test_circular_padding_commutes_with_translations(name):
    x, sigma = points()
    # Pooling onto grids of half and quarter size commutes with shifts by four pixels.
    shift = {"conv": 1, "unet": 4}[name]
    gaps = {}
    for padding in ("circular", "zeros"):
        model = shaken(build(name, IMAGE, padding=padding))
        moved = model(x.roll(shift, 3), sigma)
        gaps[padding] = (moved - model(x, sigma).roll(shift, 3)).abs().max().item()
    assert gaps["circular"] < 1e-4
    assert gaps["zeros"] > 1e-3


def test_sizes_grow():
    for name, sizes in SIZES.items():
        counts = [
            sum(p.numel() for p in build(name, (1, 32, 32), size=size).parameters())
            for size in sizes
        ]
        assert counts == sorted(set(counts))


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("unett", IMAGE, {}, "did you mean 'unet'"),
        ("unet", (64,), {}, "needs images of shape"),
        ("unet", (1, 10, 10), {}, "multiples of 4"),
        ("unet", (1, 4, 4), {}, "at least 8"),
        ("unet", IMAGE, {"size": "huge"}, "has no size 'huge'"),
        ("unet", IMAGE, {"widht": 8}, "did you mean 'width'"),
        ("unet", IMAGE, {"padding": "mirror"}, "choose from zeros, circular"),
        ("conv", IMAGE, {"depth": 1}, "at least 2"),
        ("mlp", IMAGE, {"width": 0}, "at least 1"),
    ],
)
def test_bad_options(name, shape, options, message):
    with pytest.raises(InputError, match=message):
        resolve_options(name, shape, options)


class Answer:
    def __init__(self, sample):
        self.sample = sample


@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
def test_pretrained_networks_become_denoisers(prediction):
    """A network that predicts exactly for Gaussian data must give the Wiener filter x/(1+σ²)."""
    kept = torch.cumprod(1.0 - torch.linspace(1e-4, 2e-2, 1000, dtype=torch.float64), 0)

    def network(x, time):
        # For unit Gaussian data x₀ and ε are both jointly Gaussian with x̃ of unit variance.
        below = time.long().clamp(max=998)
        part = time - below
        log_sigma = 0.5 * torch.log((1 - kept) / kept)
        sigma = torch.exp((1 - part) * log_sigma[below] + part * log_sigma[below + 1])
        alpha = (1 / torch.sqrt(1 + sigma**2))[:, None, None, None].float()
        noise = torch.sqrt(1 - alpha**2)
        return Answer(
            {"epsilon": noise * x, "sample": alpha * x, "v_prediction": 0.0 * x}[prediction]
        )

    x, sigma = points()
    expected = x / (1.0 + sigma[:, None, None, None] ** 2)
    found = PretrainedDenoiser(network, kept, prediction)(x, sigma)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_unknown_prediction():
    with pytest.raises(InputError, match="v_prediction"):
        PretrainedDenoiser(torch.nn.Identity(), torch.tensor([0.9, 0.1]), "noise")
