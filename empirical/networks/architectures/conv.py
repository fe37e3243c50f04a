"""The bias-free U-Net that does not see the noise level (arXiv:1906.05478, arXiv:2310.02557)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from convergen.empirical.networks.about_mean import AboutMean
from convergen.empirical.networks.grids import PADDING, Padding, grid_shift, halved_images
from convergen.empirical.networks.table import NETWORKS, Network
from convergen.theory.sources.options import NUMBER, WHOLE, Option

_TINY = 1e-12


class Normalisation(nn.Module):
    """Features of each image at unit root mean square, times a gain for each channel; then ReLU.

    Parameters
    ----------
    channels : int
        Number of gains.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Evaluate.

        Parameters
        ----------
        hidden : Tensor, shape (batch, channels, height, width)
            Features.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
        """
        return (hidden * (self.gain / _root_mean_square(hidden))).relu()


class BiasFreeUNet(nn.Module):
    """Pairs of convolutions on ever coarser grids and back, all without biases: D(a x) = a D(x).

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image; sides divisible by 2^poolings.
    width : int
        Channels on the finest grid; twice as many on each coarser one.
    poolings : int
        Grids beside the finest.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.

    Notes
    -----
    It never sees σ: homogeneity, for a > 0, lets it read the noise level off the image, as in
    Mohan, Kadkhodaie, Simoncelli & Fernandez-Granda (2020). Where they divide by the root mean
    square of a channel over a batch, this divides by that of all features of one image: no image
    knows of others, nothing differs between training and evaluation, and errors on digits are the
    same to 1 %. A homogeneous function must read its answer off the image, a mean of fixed size
    included: it needs points that are not centred, and noise of no more than a few standard
    deviations.
    """

    def __init__(self, shape: tuple[int, ...], width: int, poolings: int, padding: Padding) -> None:
        super().__init__()
        channels = [width * 2**grid for grid in range(poolings + 1)]
        self.down = nn.ModuleList(
            _block(inside, outside, padding) for inside, outside in pairwise([shape[0], *channels])
        )
        self.up = nn.ModuleList(
            _block(coarse + fine, fine, padding) for coarse, fine in pairwise(channels[::-1])
        )
        self.head = nn.Conv2d(width, shape[0], 3, padding=1, bias=False, padding_mode=padding)
        # It starts as the identity.
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Denoise; σ is accepted for the protocol's sake and not looked at.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, height, width)
            Noisy images.
        sigma : Tensor, shape (batch,)
            Noise standard deviations.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
        """
        hidden = self.down[0](x)
        skips = []
        for block in self.down[1:]:
            skips.append(hidden)
            hidden = block(functional.avg_pool2d(hidden, 2))
        for block in self.up:
            finer = functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
            hidden = block(torch.cat([finer, skips.pop()], dim=1))
        return x - _root_mean_square(x) * self.head(hidden)


def _block(inside: int, outside: int, padding: Padding) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [
            nn.Conv2d(channels, outside, 3, padding=1, bias=False, padding_mode=padding),
            Normalisation(outside),
        ]
    return nn.Sequential(*layers)


def _root_mean_square(images: Tensor) -> Tensor:
    """Over all channels and pixels of each image, in single precision at least."""
    axes = (-3, -2, -1)
    precision = torch.promote_types(images.dtype, torch.float32)
    length = torch.linalg.vector_norm(images, dim=axes, keepdim=True, dtype=precision)
    return length / math.sqrt(math.prod(images.shape[-3:])) + _TINY


def build(shape: tuple[int, ...], grey: float, **options: Any) -> nn.Module:
    """Denoiser of images, with a grey level below them if they lack one.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image.
    grey : float
        Added to every pixel on the way in, subtracted on the way out.
    **options
        Of `BiasFreeUNet`.

    Returns
    -------
    torch.nn.Module
    """
    network = BiasFreeUNet(shape, **options)
    return AboutMean(network, grey, shape) if grey else network


NETWORKS.register(
    Network(
        name="conv",
        description="bias-free U-Net that does not see the noise level",
        build=build,
        options=(
            Option("width", WHOLE, "channels on the finest grid", least=1, most=2**12),
            Option("poolings", WHOLE, "grids beside the finest", least=0, most=12),
            PADDING,
            Option(
                "grey", NUMBER,
                "added to every pixel, in standard deviations of the data: for images without a "
                "mean, whose contrast it cannot tell otherwise",
                0.0, least=0.0, most=100.0,
            ),
        ),
        sizes={
            "tiny": {"width": 8, "poolings": 1},
            "small": {"width": 16, "poolings": 2},
            "base": {"width": 24, "poolings": 2},
            # As in arXiv:2310.02557, for 80 × 80 pixels.
            "published": {"width": 64, "poolings": 3},
        },
        grouping="pair",
        check=lambda shape, options: halved_images(
            "conv", shape, options["poolings"], "fewer poolings"
        ),
        shift=lambda options: grid_shift(options["poolings"], options["padding"]),
        blind=True,
        sees_mean=True,
        training={"sigma_max": 2.0},
    )
)  # fmt: skip
