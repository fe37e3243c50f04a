"""A small U-Net, conditioned on the noise level."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from convergen.empirical.networks.grids import PADDING, Padding, grid_shift, halved_images
from convergen.empirical.networks.noise_features import NoiseFeatures
from convergen.empirical.networks.preconditioning import Preconditioned
from convergen.empirical.networks.table import NETWORKS, Network
from convergen.theory.sources.options import WHOLE, WHOLES, Option


def _norm(channels: int) -> nn.GroupNorm:
    """Groups of at least four channels, at most eight groups."""
    return nn.GroupNorm(math.gcd(channels, min(8, max(1, channels // 4))), channels)


class ResidualBlock(nn.Module):
    """Two convolutions around a scale and shift that depend on the noise level.

    Parameters
    ----------
    inside, outside : int
        Channels before and after.
    features : int
        Number of noise features.
    padding : {'zeros', 'circular'}
        Padding mode of the convolutions.
    """

    def __init__(self, inside: int, outside: int, features: int, padding: Padding) -> None:
        super().__init__()
        self.first_norm, self.second_norm = _norm(inside), _norm(outside)
        self.first = nn.Conv2d(inside, outside, 3, padding=1, padding_mode=padding)
        self.second = nn.Conv2d(outside, outside, 3, padding=1, padding_mode=padding)
        self.modulation = nn.Linear(features, 2 * outside)
        self.bypass = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()
        # The block starts as its bypass.
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """Evaluate.

        Parameters
        ----------
        x : Tensor, shape (batch, inside, height, width)
            Features.
        features : Tensor, shape (batch, features)
            Noise features.

        Returns
        -------
        Tensor, shape (batch, outside, height, width)
        """
        hidden = self.first(functional.silu(self.first_norm(x)))
        scale, shift = self.modulation(features)[:, :, None, None].chunk(2, dim=1)
        hidden = self.second_norm(hidden) * (1.0 + scale) + shift
        return self.bypass(x) + self.second(functional.silu(hidden))


class UNet(nn.Module):
    """Residual blocks on ever coarser grids and back, with skip connections between equal grids.

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
        width: int,
        growth: tuple[int, ...],
        blocks: int,
        padding: Padding,
    ) -> None:
        super().__init__()
        features = 4 * width
        self.noise_features = NoiseFeatures(features)
        self.stem = nn.Conv2d(shape[0], width, 3, padding=1, padding_mode=padding)
        channels = [width * factor for factor in growth]
        inside = width
        self.down = nn.ModuleList()
        skips = []
        for outside in channels:
            level = nn.ModuleList()
            for _ in range(blocks):
                level.append(ResidualBlock(inside, outside, features, padding))
                inside = outside
            skips.append(inside)
            self.down.append(level)
        self.middle = ResidualBlock(inside, inside, features, padding)
        self.up = nn.ModuleList()
        for outside, skip in zip(reversed(channels), reversed(skips), strict=True):
            level = nn.ModuleList()
            for block in range(blocks):
                before = inside + skip if block == 0 else outside
                level.append(ResidualBlock(before, outside, features, padding))
            inside = outside
            self.up.append(level)
        self.norm = _norm(inside)
        self.head = nn.Conv2d(inside, shape[0], 3, padding=1, padding_mode=padding)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

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
        features = self.noise_features(noise)
        hidden = self.stem(x)
        skips = []
        for depth, level in enumerate(self.down):
            if depth:
                hidden = functional.avg_pool2d(hidden, 2)
            for block in cast(nn.ModuleList, level):
                hidden = block(hidden, features)
            skips.append(hidden)
        hidden = self.middle(hidden, features)
        for depth, level in enumerate(self.up):
            if depth:
                hidden = functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
            hidden = torch.cat([hidden, skips.pop()], dim=1)
            for block in cast(nn.ModuleList, level):
                hidden = block(hidden, features)
        return self.head(functional.silu(self.norm(hidden)))


def build(shape: tuple[int, ...], **options: Any) -> nn.Module:
    """Preconditioned denoiser.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image.
    **options
        Of `UNet`.

    Returns
    -------
    torch.nn.Module
    """
    return Preconditioned(UNet(shape, **options))


NETWORKS.register(
    Network(
        name="unet",
        description="U-Net with residual blocks, conditioned on the noise level",
        build=build,
        options=(
            Option("width", WHOLE, "channels on the finest grid", least=1, most=2**12),
            Option("growth", WHOLES, "channels on each grid, in units of width", least=1, most=64),
            Option("blocks", WHOLE, "residual blocks on each grid, down and up", least=1, most=100),
            PADDING,
        ),
        sizes={
            "tiny": {"width": 4, "growth": (1, 2), "blocks": 1},
            "small": {"width": 8, "growth": (1, 2, 2), "blocks": 1},
            "base": {"width": 64, "growth": (1, 2, 2), "blocks": 2},
            "large": {"width": 128, "growth": (1, 2, 2, 4), "blocks": 3},
        },
        # Ten of size small on 16 × 16 pixels take 0.86 times as long batched as one by one.
        grouping="seed",
        check=lambda shape, options: halved_images(
            "unet", shape, len(options["growth"]) - 1, "a shorter growth"
        ),
        shift=lambda options: grid_shift(len(options["growth"]) - 1, options["padding"]),
    )
)  # fmt: skip
