import numpy as np
import pytest
import torch
from torch.nn import functional

from convergen.empirical.networks.architectures.conv import BiasFreeUNet, _root_mean_square
from convergen.empirical.networks.table import NETWORKS
from convergen.theory.common.checks import InputError
from tests.empirical.networks.test_table import IMAGE, build, points, shaken
from tests.options import ranges


def test_bias_free_denoiser_is_homogeneous_of_degree_one():
    x, sigma = points()
    for training in (True, False):
        model = shaken(build("conv")).train(training)
        for factor in (1e-3, 7.0, 1e3):
            torch.testing.assert_close(
                model(factor * x, sigma) / factor, model(x, sigma), rtol=1e-4, atol=1e-5
            )
    assert not any(name.endswith("bias") for name, _ in model.named_parameters())


def test_it_does_not_see_the_noise_level():
    x, sigma = points()
    model = shaken(build("conv"))
    torch.testing.assert_close(model(x, sigma), model(x, sigma + 1.0))


def test_features_keep_their_mean_and_have_unit_root_mean_square():
    block = build("conv").network.down[0]
    x = 3.0 + points()[0]
    hidden = block[0](x)
    assert hidden.mean((0, 2, 3)).abs().max() > 0.3  # what a mean subtracted would remove
    kept = block[1](hidden)
    square = hidden.square().mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(kept, (hidden / square.sqrt()).relu())


def test_it_sees_points_with_their_mean_and_answers_about_it():
    row = NETWORKS.find("conv")
    mean = np.linspace(-1.0, 2.0, 64).reshape(IMAGE)
    about = shaken(row.module(IMAGE, {}, mean))
    plain = about.network
    x, sigma = points()
    shift = torch.tensor(mean, dtype=torch.float32)
    torch.testing.assert_close(about(x, sigma), plain(x + shift, sigma) - shift)
    assert not about.state_dict().keys() & {"mean"}


def test_a_grey_level_lies_below_every_pixel_and_adds_to_the_mean():
    row = NETWORKS.find("conv")
    mean = np.linspace(-1.0, 2.0, 64).reshape(IMAGE)
    grey = shaken(row.module(IMAGE, {"grey": 2.5}, mean))
    x, sigma = points()
    shift = torch.tensor(mean, dtype=torch.float32) + 2.5
    torch.testing.assert_close(grey(x, sigma), grey.network(x + shift, sigma) - shift)
    np.testing.assert_allclose(grey.mean, mean + 2.5, rtol=1e-6)
    # Parameters have the same names and first values with and without it.
    plain = shaken(row.module(IMAGE, {}, mean + 2.5))
    assert [name for name, _ in grey.named_parameters()] == [n for n, _ in plain.named_parameters()]


def convolved(hidden, layer, padding="zeros"):
    """A convolution with one pixel of padding on each side."""
    mode = {"zeros": "constant", "circular": "circular"}[padding]
    return functional.conv2d(functional.pad(hidden, (1,) * 4, mode), layer.weight)


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_two_grids_by_hand(padding):
    """Pairs of convolutions, each with a gain over the root mean square of an image."""
    torch.manual_seed(0)
    network = shaken(BiasFreeUNet((2, 4, 8), 3, 1, padding))
    x = torch.randn(2, 2, 4, 8)

    def paired(hidden, block):
        for layer, norm in ((block[0], block[1]), (block[2], block[3])):
            hidden = convolved(hidden, layer, padding)
            square = hidden.square().mean(dim=(1, 2, 3), keepdim=True)
            hidden = (norm.gain * hidden / square.sqrt()).clamp(min=0.0)
        return hidden

    fine = paired(x, network.down[0])
    coarse = paired(fine.reshape(2, 3, 2, 2, 4, 2).mean(dim=(3, 5)), network.down[1])
    back = coarse.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    hidden = paired(torch.cat([back, fine], dim=1), network.up[0])
    size = x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    expected = x - size * convolved(hidden, network.head, padding)
    torch.testing.assert_close(network(x, torch.ones(2)), expected, rtol=1e-4, atol=1e-5)
    assert coarse.shape == (2, 6, 2, 4)


def test_it_starts_as_the_identity_whatever_the_shape():
    x = torch.randn(2, 3, 8, 16)
    network = BiasFreeUNet((3, 8, 16), 4, 2, "zeros")
    torch.testing.assert_close(network(x, torch.ones(2)), x)
    assert [block[0].out_channels for block in network.down] == [4, 8, 16]
    assert [block[0].in_channels for block in network.up] == [24, 12]
    assert [block[0].out_channels for block in network.up] == [8, 4]


def test_the_size_of_an_image_is_over_channels_and_pixels():
    images = torch.stack([torch.full((2, 3, 4), 2.0), torch.zeros(2, 3, 4)])
    found = _root_mean_square(images)
    assert found.shape == (2, 1, 1, 1)
    assert found[0].item() == 2.0
    assert 0.0 < found[1].item() < 1e-6  # an image of zeros is divided by something
    half = _root_mean_square(torch.full((1, 1, 256, 256), 200.0, dtype=torch.float16))
    assert half.item() == pytest.approx(200.0)  # 200² · 256² is beyond half precision


def test_sizes_and_options():
    row = NETWORKS.find("conv")
    assert ranges(row.options) == {
        "width": (None, 1, None, 4096), "poolings": (None, 0, None, 12),
        "padding": ("zeros", None, None, None), "grey": (0.0, 0.0, None, 100.0),
    }  # fmt: skip
    # Shipped results were trained with these; the last is that of arXiv:2310.02557.
    assert row.sizes == {
        "tiny": {"width": 8, "poolings": 1}, "small": {"width": 16, "poolings": 2},
        "base": {"width": 24, "poolings": 2}, "published": {"width": 64, "poolings": 3},
    }  # fmt: skip
    assert row.training == {"sigma_max": 2.0}  # a few standard deviations, see its notes
    assert row.blind


@pytest.mark.parametrize("poolings", [0, 1, 3])
def test_sides_are_halved_for_each_pooling(poolings):
    row, unit = NETWORKS.find("conv"), 2**poolings
    options = {"width": 4, "poolings": poolings}
    assert row.resolve((1, 2 * unit, 4 * unit), options)["poolings"] == poolings
    if poolings:
        with pytest.raises(InputError, match=f"multiples of {unit}"):
            row.resolve((1, 2 * unit + 1, 4 * unit), options)
    assert row.shift({"poolings": poolings, "padding": "circular"}) == unit
    assert row.shift({"poolings": poolings, "padding": "zeros"}) == 0
