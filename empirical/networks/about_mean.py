"""A network that sees points with their mean, as a denoiser of points about it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn


class AboutMean(nn.Module):
    """D(x, σ) = F(x + μ, σ) − μ; where F is homogeneous, D is so about −μ.

    Parameters
    ----------
    network : torch.nn.Module
        F, for points that are not centred. Of one that is itself about something, such as a grey
        level, the two are added.
    mean : array_like, shape `shape` or ()
        μ, in the units of the points.
    shape : tuple of int
        Shape of one point.
    """

    network: nn.Module
    mean: Tensor

    def __init__(self, network: nn.Module, mean: ArrayLike, shape: tuple[int, ...]) -> None:
        super().__init__()
        held = torch.tensor(np.broadcast_to(mean, shape), dtype=torch.float32)
        if isinstance(network, AboutMean):
            held = held + network.mean
            network = network.network
        self.network = network
        # It belongs to the data, not to what is trained.
        self.register_buffer("mean", held, persistent=False)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Denoise.

        Parameters
        ----------
        x : Tensor, shape (batch, *shape)
            Noisy points about the mean.
        sigma : Tensor, shape (batch,)
            Noise standard deviations.

        Returns
        -------
        Tensor, shape (batch, *shape)
        """
        return self.network(x + self.mean, sigma) - self.mean
