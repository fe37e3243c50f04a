import torch

from tests.empirical.networks.test_table import build, points


def test_bias_free_denoiser_is_homogeneous_of_degree_one():
    model = build("conv")
    x, sigma = points()
    for factor in (1e-3, 7.0, 1e3):
        torch.testing.assert_close(
            model(factor * x, sigma) / factor, model(x, sigma), rtol=1e-4, atol=1e-4
        )
    assert not any(name.endswith("bias") for name, _ in model.named_parameters())


def test_it_does_not_see_the_noise_level():
    x, sigma = points()
    model = build("conv")
    torch.testing.assert_close(model(x, sigma), model(x, sigma + 1.0))
