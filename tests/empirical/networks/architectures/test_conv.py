import numpy as np
import torch

from convergen.empirical.networks.table import NETWORKS
from tests.empirical.networks.test_table import IMAGE, build, points, shaken


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
