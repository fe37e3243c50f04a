"""Features of the noise level: octaves around one wave over the range of c_noise."""

import numpy as np
import torch

from convergen.empirical.networks.noise_features import NoiseFeatures


def test_frequencies_are_octaves():
    """c_noise spans two units: the slowest wave turns by a quarter over one, and so on upwards."""
    expected = np.pi * np.array([0.25, 0.5, 1, 2, 4, 8, 16, 32])
    np.testing.assert_allclose(NoiseFeatures(4).frequencies, expected, rtol=1e-6)
    np.testing.assert_allclose(NoiseFeatures(4, 3).frequencies, expected[:3], rtol=1e-6)
    assert "frequencies" not in NoiseFeatures(4).state_dict()


def test_features_are_those_of_sines_and_cosines():
    torch.manual_seed(0)
    module = NoiseFeatures(5)
    noise = torch.tensor([-0.7, 0.0, 0.75])
    angles = noise.numpy()[:, None] * module.frequencies.numpy()
    hidden = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    for layer in (module.layers[0], module.layers[2]):
        hidden = hidden @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        hidden = hidden / (1.0 + np.exp(-hidden))  # SiLU
    found = module(noise).detach().numpy()
    assert found.shape == (3, 5)
    np.testing.assert_allclose(found, hidden, rtol=1e-5, atol=1e-6)
