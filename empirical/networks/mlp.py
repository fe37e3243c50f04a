"""A multilayer perceptron with residual layers: no structure of images built in."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from convergen.empirical.networks.noise_embedding import NoiseEmbedding


class MLP(nn.Module):
    """Fully connected residual network, conditioned on the noise level.

    Parameters
    ----------
    shape : tuple of int
        Shape of one point.
    width : int
        Hidden features.
    depth : int
        Residual layers.
    """

    def __init__(self, shape: tuple[int, ...], width: int = 256, depth: int = 3) -> None:
        super().__init__()
        dim = math.prod(shape)
        self.embedding = NoiseEmbedding(width)
        self.enter = nn.Linear(dim, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.shifts = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.leave = nn.Linear(width, dim)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """Evaluate the network F of the preconditioned denoiser.

        Parameters
        ----------
        x : Tensor, shape (batch, *shape)
            Points of unit variance.
        noise : Tensor, shape (batch,)
            Value of c_noise.

        Returns
        -------
        Tensor, shape (batch, *shape)
        """
        told = self.embedding(noise)
        hidden = self.enter(x.flatten(1))
        for layer, shift in zip(self.layers, self.shifts, strict=True):
            hidden = hidden + torch.nn.functional.silu(layer(hidden) + shift(told))
        return self.leave(hidden).reshape(x.shape)
