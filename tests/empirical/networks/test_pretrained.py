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


@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
def test_a_network_that_knows_the_answer_gives_the_clean_points_back(prediction):
    kept = torch.cumprod(1.0 - torch.linspace(1e-4, 2e-2, 1000, dtype=torch.float64), 0)
    steps = torch.tensor([0, 17, 400, 998, 999])
    alpha = torch.sqrt(kept[steps]).reshape(-1, 1, 1, 1).float()
    noise_share = torch.sqrt(1.0 - alpha**2)
    clean, noise = points()[0], points(seed=1)[0]
    answers = {
        "epsilon": noise, "sample": clean, "v_prediction": alpha * noise - noise_share * clean,
    }  # fmt: skip
    asked = []

    def network(x, time):
        asked.append(time)
        torch.testing.assert_close(x, alpha * clean + noise_share * noise, rtol=1e-4, atol=1e-5)
        return Answer(answers[prediction])

    sigma = (noise_share / alpha).flatten()
    level = sigma.reshape(-1, 1, 1, 1)
    found = PretrainedDenoiser(network, kept, prediction)(clean + level * noise, sigma)
    torch.testing.assert_close(asked[0], steps.float(), rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(found, clean, rtol=1e-3, atol=1e-3)


def test_levels_between_two_steps_are_linear_in_log_sigma_and_held_at_the_ends():
    kept = torch.tensor([0.9, 0.5, 0.1], dtype=torch.float64)
    levels = torch.sqrt((1 - kept) / kept)
    asked = []
    model = PretrainedDenoiser(lambda x, time: asked.append(time) or Answer(x), kept)
    between = levels[0] ** 0.25 * levels[1] ** 0.75
    sigma = torch.stack([between, levels[2], 0.5 * levels[0], 2.0 * levels[2]]).float()
    model(torch.zeros(4, *points()[0].shape[1:]), sigma)
    torch.testing.assert_close(asked[0], torch.tensor([0.75, 2.0, 0.0, 2.0]), rtol=0, atol=1e-5)


def test_unknown_prediction():
    with pytest.raises(InputError, match="v_prediction"):
        PretrainedDenoiser(torch.nn.Identity(), torch.tensor([0.9, 0.1]), "noise")
