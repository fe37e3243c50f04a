"""A small U-Net, conditioned on the noise level."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from convergen.empirical.networks.noise_embedding import NoiseEmbedding


def _norm(channels: int) -> nn.GroupNorm:
    """Groups of at least four channels, at most eight groups."""
    return nn.GroupNorm(math.gcd(channels, min(8, max(1, channels // 4))), channels)


class ResidualBlock(nn.Module):
    """Two convolutions around a scale and shift that depend on the noise level.

    Parameters
    ----------
    inside, outside : int
        Channels that enter and leave.
    told : int
        Features of the noise embedding.
    padding : str
        Padding mode of the convolutions.
    """

    def __init__(self, inside: int, outside: int, told: int, padding: str) -> None:
        super().__init__()
        self.first_norm, self.second_norm = _norm(inside), _norm(outside)
        self.first = nn.Conv2d(inside, outside, 3, padding=1, padding_mode=padding)
        self.second = nn.Conv2d(outside, outside, 3, padding=1, padding_mode=padding)
        self.modulation = nn.Linear(told, 2 * outside)
        self.bypass = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()
        # The block starts as its bypass.
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Evaluate.

        Parameters
        ----------
        x : Tensor, shape (batch, inside, height, width)
            Features.
        told : Tensor, shape (batch, features)
            Noise embedding.

        Returns
        -------
        Tensor, shape (batch, outside, height, width)
        """
        hidden = self.first(functional.silu(self.first_norm(x)))
        scale, shift = self.modulation(told)[:, :, None, None].chunk(2, dim=1)
        hidden = self.second_norm(hidden) * (1.0 + scale) + shift
        return self.bypass(x) + self.second(functional.silu(hidden))


class UNet(nn.Module):
    """Residual blocks on ever coarser grids and back, with bridges between equal grids.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image; sides divisible by 2^(len(growth) − 1).
    width : int
        Channels on the finest grid.
    growth : tuple of int
        Channels on each grid, from fine to coarse, in units of `width`.
    blocks : int
        Residual blocks on each grid on the way down, and on the way up.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        width: int = 8,
        growth: tuple[int, ...] = (1, 2, 2),
        blocks: int = 1,
        padding: str = "zeros",
    ) -> None:
        super().__init__()
        told = 4 * width
        self.embedding = NoiseEmbedding(told)
        self.enter = nn.Conv2d(shape[0], width, 3, padding=1, padding_mode=padding)
        channels = [width * factor for factor in growth]
        inside = width
        self.down = nn.ModuleList()
        bridges = []
        for outside in channels:
            level = nn.ModuleList()
            for _ in range(blocks):
                level.append(ResidualBlock(inside, outside, told, padding))
                inside = outside
            bridges.append(inside)
            self.down.append(level)
        self.middle = ResidualBlock(inside, inside, told, padding)
        self.up = nn.ModuleList()
        for outside, bridge in zip(reversed(channels), reversed(bridges), strict=True):
            level = nn.ModuleList()
            for block in range(blocks):
                entering = inside + bridge if block == 0 else outside
                level.append(ResidualBlock(entering, outside, told, padding))
            inside = outside
            self.up.append(level)
        self.norm = _norm(inside)
        self.leave = nn.Conv2d(inside, shape[0], 3, padding=1, padding_mode=padding)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """Evaluate the network F of the preconditioned denoiser.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, height, width)
            Images of unit variance.
        noise : Tensor, shape (batch,)
            Value of c_noise.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
        """
        told = self.embedding(noise)
        hidden = self.enter(x)
        bridges = []
        for depth, level in enumerate(self.down):
            if depth:
                hidden = functional.avg_pool2d(hidden, 2)
            for block in level:
                hidden = block(hidden, told)
            bridges.append(hidden)
        hidden = self.middle(hidden, told)
        for depth, level in enumerate(self.up):
            if depth:
                hidden = functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
            hidden = torch.cat([hidden, bridges.pop()], dim=1)
            for block in level:
                hidden = block(hidden, told)
        return self.leave(functional.silu(self.norm(hidden)))
