"""Features of the noise level, by which a network is conditioned on it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class NoiseFeatures(nn.Module):
    """Sines and cosines of c_noise at fixed frequencies, then one hidden layer.

    Parameters
    ----------
    width : int
        Number of features.
    frequencies : int
        Number of sines, and of cosines.
    """

    frequencies: Tensor

    def __init__(self, width: int, frequencies: int = 8) -> None:
        super().__init__()
        # c_noise = (log σ)/4 spans about two units: octaves around one wave in that range.
        octaves = 2.0 ** torch.arange(-2, frequencies - 2)
        self.register_buffer("frequencies", math.pi * octaves, persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(2 * frequencies, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Compute the features.

        Parameters
        ----------
        noise : Tensor, shape (batch,)
            Value of c_noise.

        Returns
        -------
        Tensor, shape (batch, width)
        """
        angles = noise[:, None] * self.frequencies
        return self.layers(torch.cat([torch.sin(angles), torch.cos(angles)], dim=1))
