import numpy as np
import pytest
import torch

from convergen.empirical.networks.pretrained import PretrainedDenoiser
from convergen.theory.common.checks import InputError
from tests.empirical.networks.test_table import points


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
